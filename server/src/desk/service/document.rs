//! Bytes of documents.

use bytes::Bytes;
use titian_proto::model::id::{CaseId, RecordId, RecordRef, ReferralId};
use titian_proto::model::malformed::{At as _, Malformed};
use titian_proto::wire;
use titian_proto::wire::document_service_server::DocumentService;
use titian_proto::wire::{attach_document_request, get_document_response};
use tokio_stream::StreamExt as _;
use tonic::{Code, Request, Status, Streaming, async_trait};

use super::{Answer, Desk, RECORDS_A_REPLY, Replies, StreamAnswer, blocked};
use crate::acts::documents::attach::{self, Attached, Target};
use crate::acts::documents::read;
use crate::acts::error::ActError;
use crate::acts::records::PutDone;

/// Bytes of one piece that are taken at most.
const PIECE_MAX: usize = 1 << 20;

#[async_trait]
impl DocumentService for Desk {
    async fn attach_document(&self, request: Request<Streaming<wire::AttachDocumentRequest>>) -> Answer<wire::AttachDocumentResponse> {
        self.act(request, |office, _, mut requests: Streaming<wire::AttachDocumentRequest>| async move {
            let target = target(requests.next().await)?;
            let Attached { put, bytes_blocked } = attach::attach(&office.acts, target, requests.map(piece)).await?;
            let PutDone { records, queued_under, blocked: record_blocked } = put;
            Ok(wire::AttachDocumentResponse {
                record: records.into_iter().next(),
                queued_under: queued_under.into_iter().map(ReferralId::to_wire).collect(),
                blocked: blocked(record_blocked),
                bytes_blocked: blocked(bytes_blocked),
            })
        })
        .await
    }

    type GetDocumentStream = Replies<wire::GetDocumentResponse>;

    async fn get_document(&self, request: Request<wire::GetDocumentRequest>) -> StreamAnswer<wire::GetDocumentResponse> {
        self.stream(request, |office, _, wire::GetDocumentRequest { record, referral_id }, replies| async move {
            let mut whole = match ReferralId::from_wire_optional(&referral_id).at("referral_id")? {
                Some(referral_id) => read::held(&office.acts, referral_id, RecordRef::from_wire(&record).at("record")?)?,
                None => read::own(&office.acts, RecordId::from_wire(&record).at("record")?)?,
            };
            let head = wire::DocumentHead { media_type: whole.media_type.clone(), size_bytes: whole.size };
            replies.send(wire::GetDocumentResponse { part: Some(get_document_response::Part::Head(head)) }).await?;
            while let Some(piece) = whole.next_piece()? {
                replies.send(wire::GetDocumentResponse { part: Some(get_document_response::Part::Piece(piece.into())) }).await?;
            }
            Ok(())
        })
    }

    type ListDocumentsStream = Replies<wire::ListDocumentsResponse>;

    async fn list_documents(&self, request: Request<wire::ListDocumentsRequest>) -> StreamAnswer<wire::ListDocumentsResponse> {
        self.stream(request, |office, _, wire::ListDocumentsRequest { case_id, referral_id }, replies| async move {
            let case_id = CaseId::from_wire_optional(&case_id).at("case_id")?;
            let referral_id = ReferralId::from_wire_optional(&referral_id).at("referral_id")?;
            let (mut after_own, mut after_held) = (None, None);
            loop {
                let (documents, more) = match (case_id, referral_id) {
                    (Some(case_id), None) => {
                        let (documents, last) = read::list_own(&office.acts, case_id, after_own, RECORDS_A_REPLY)?;
                        after_own = last;
                        (documents, last.is_some())
                    }
                    (None, Some(referral_id)) => {
                        let (documents, last) = read::list_held(&office.acts, referral_id, after_held, RECORDS_A_REPLY)?;
                        after_held = last;
                        (documents, last.is_some())
                    }
                    _ => return Err(Malformed::new("give a case or a referral, and not both").at("case_id").into()),
                };
                if !documents.is_empty() {
                    replies.send(wire::ListDocumentsResponse { documents }).await?;
                }
                if !more {
                    return Ok(());
                }
            }
        })
    }
}

/// The first message says which record gets the bytes.
fn target(first: Option<Result<wire::AttachDocumentRequest, Status>>) -> Result<Target, ActError> {
    let missing = || ActError::Malformed(Malformed::missing("to"));
    let Some(attach_document_request::Part::To(to)) = first.transpose().map_err(broken)?.and_then(|request| request.part) else {
        return Err(missing());
    };
    let wire::AttachTo { case_id, record_id, revision } = to;
    let (case_id, record_id) = (CaseId::from_wire(&case_id).at("to.case_id")?, RecordId::from_wire(&record_id).at("to.record_id")?);
    Ok(Target { case_id, record_id, revision })
}

fn piece(request: Result<wire::AttachDocumentRequest, Status>) -> Result<Bytes, ActError> {
    match request.map_err(broken)?.part {
        Some(attach_document_request::Part::Piece(piece)) if piece.len() <= PIECE_MAX => Ok(piece),
        Some(attach_document_request::Part::Piece(_)) => Err(Malformed::new("is larger than 1 MiB").at("piece").into()),
        Some(attach_document_request::Part::To(_)) | None => Err(Malformed::missing("piece").into()),
    }
}

/// A stream of requests that broke: whoever calls has hung up, or sent what cannot be read.
fn broken(status: Status) -> ActError {
    match status.code() {
        Code::Cancelled | Code::Unknown | Code::Unavailable => ActError::HungUp,
        _ => Malformed::new("cannot be read, or is larger than a message may be").at("piece").into(),
    }
}
