#!/usr/bin/env python3
"""A client that shares no line with Titian: grpcio and the published .proto files.

    client.py STUBS SENDER_URL RECEIVER_URL PASSWORD

Signs in at the sender as "caseworker", adds a worker, opens a case, writes down a consent, requests a referral; signs in at the receiver and reads
it there. STUBS is the folder with the code that grpc_tools made of the .proto files. Prints one JSON object.
"""
import json
import sys
import time

import grpc

STUBS, SENDER, RECEIVER, PASSWORD = sys.argv[1:5]
sys.path.insert(0, STUBS)

from titian.v1 import consent_pb2, desk_pb2, desk_pb2_grpc, record_pb2, referral_pb2, vocabulary_pb2  # noqa: E402

PATIENCE_S = 60


class Staff:
    """One session at one node."""

    def __init__(self, address):
        channel = grpc.insecure_channel(address.removeprefix("http://"))
        answer = desk_pb2_grpc.SessionServiceStub(channel).SignIn(desk_pb2.SignInRequest(name="caseworker", password=PASSWORD))
        self.metadata = (("authorization", "Bearer " + answer.token),)
        self.workers = desk_pb2_grpc.WorkerServiceStub(channel)
        self.cases = desk_pb2_grpc.CaseServiceStub(channel)
        self.consents = desk_pb2_grpc.ConsentServiceStub(channel)
        self.referrals = desk_pb2_grpc.ReferralServiceStub(channel)

    def call(self, method, request):
        return method(request, metadata=self.metadata, timeout=PATIENCE_S)


def worker_records():
    content = record_pb2.RecordContent
    journey = record_pb2.Journey(
        country_of_origin="ID", country_of_destination="MY", migration_stage=record_pb2.MIGRATION_STAGE_RETURNEE, languages=["id"]
    )
    demographic = record_pb2.Demographic(sex=record_pb2.SEX_FEMALE, age_band=record_pb2.AGE_BAND_A25_34)
    return [
        content(journey=journey),
        content(demographic=demographic),
        content(identity=record_pb2.Identity(full_name="Foreign Client Fixture")),
    ]


def case_records():
    complaint = record_pb2.Complaint(
        kind=record_pb2.CASE_KIND_INDIVIDUAL,
        intake_kind=record_pb2.INTAKE_KIND_COMPLAINT,
        intake_channel=record_pb2.INTAKE_CHANNEL_PHONE,
        mrc_office="Kuala Lumpur",
        codes=["W01"],
        primary="W01",
        assistance_requested=[record_pb2.ASSISTANCE_WAGES],
        client_decision=record_pb2.CLIENT_DECISION_MEDIATION,
    )
    claim = record_pb2.Claim(amount=vocabulary_pb2.Money(minor_units=600000, currency="MYR"))
    return [record_pb2.RecordContent(complaint=complaint), record_pb2.RecordContent(claim=claim)]


CATEGORIES = [
    vocabulary_pb2.CATEGORY_CASE_CORE,
    vocabulary_pb2.CATEGORY_DEMOGRAPHIC,
    vocabulary_pb2.CATEGORY_IDENTITY,
    vocabulary_pb2.CATEGORY_CLAIM,
]


def consent():
    return consent_pb2.Grant(
        given_by=consent_pb2.CONSENT_GIVER_CLIENT,
        recipient="id.ksbsi",
        purposes=[vocabulary_pb2.PURPOSE_WAGE_RECOVERY],
        categories=CATEGORIES,
        destination_country="ID",
        informed_inadequate_protection=True,
        notice_id="PRIVACY-ID",
        notice_version=1,
        notice_language="id",
        method=consent_pb2.CONSENT_METHOD_RECORDED_AUDIO,
        basis=consent_pb2.CONSENT_BASIS_CONSENT,
    )


def request(sender):
    worker = sender.call(sender.workers.AddWorker, desk_pb2.AddWorkerRequest(records=worker_records())).worker
    case = sender.call(sender.cases.OpenCase, desk_pb2.OpenCaseRequest(worker_id=worker.worker_id, records=case_records())).case
    ask = desk_pb2.RequestReferralRequest(
        case_id=case.case_id,
        recipient="id.ksbsi",
        kind=referral_pb2.REFERRAL_KIND_SERVICE,
        purpose=vocabulary_pb2.PURPOSE_WAGE_RECOVERY,
        services_requested=[record_pb2.SERVICE_LEGAL_ADVICE],
        priority=referral_pb2.PRIORITY_NORMAL,
        categories=CATEGORIES,
    )
    first = sender.call(sender.referrals.RequestReferral, ask).referral
    grant = desk_pb2.RecordConsentRequest(worker_id=worker.worker_id, grant=consent(), valid_days=180)
    sender.call(sender.consents.RecordConsent, grant)
    second = sender.call(sender.referrals.SendReferral, desk_pb2.SendReferralRequest(referral_id=first.referral_id)).referral
    return first, second


def read(receiver, referral_id):
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            return receiver.call(receiver.referrals.GetReferral, desk_pb2.GetReferralRequest(referral_id=referral_id)).referral
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.NOT_FOUND or time.monotonic() > end:
                raise
            time.sleep(0.1)


def refused_stranger():
    """Without a session nothing is answered."""
    stub = desk_pb2_grpc.WorkerServiceStub(grpc.insecure_channel(SENDER.removeprefix("http://")))
    try:
        stub.ListWorkers(desk_pb2.ListWorkersRequest(), timeout=PATIENCE_S)
    except grpc.RpcError as error:
        return error.code().name
    return "OK"


def main():
    sender, receiver = Staff(SENDER), Staff(RECEIVER)
    first, second = request(sender)
    offer = read(receiver, second.referral_id)
    print(
        json.dumps(
            {
                "stranger": refused_stranger(),
                "first_blocked_by": vocabulary_pb2.RefusalCode.Name(first.blocked_by.code),
                "second_state": referral_pb2.ReferralState.Name(second.state),
                "read_sender": offer.sender,
                "read_codes": list(offer.offer.complaint_codes),
                "read_state": referral_pb2.ReferralState.Name(offer.state),
            }
        )
    )


if __name__ == "__main__":
    main()
