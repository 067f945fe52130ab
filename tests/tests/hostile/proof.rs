//! A proof that a node told two stories, checked by somebody who has nothing but the file and the words in the paper agreement.

use bytes::Bytes;
use prost::Message as _;
use titian_proto::envelope::{Header, KeyRing, Receipt, envelope_hash, open_envelope, open_receipt};
use titian_proto::model::descriptor::DescriptorChain;
use titian_proto::wire;

use super::liar::now;

/// The two headers of a proof. They are the node's, and one excludes the other.
pub(crate) fn check(file: &[u8], node_id: &str, words: &str) -> [Header; 2] {
    let (proof, keys) = open(file, node_id, words);
    let envelopes = [proof.first.expect("the first"), proof.second.expect("the second")];
    let [first, second] = envelopes.each_ref().map(|envelope| open_envelope(envelope, &keys, now()).expect("it signed both"));
    let [first_hash, second_hash] = envelopes.map(|envelope| envelope_hash(&envelope.header));
    assert_eq!((&first.sender, first.sender.as_str()), (&second.sender, node_id));
    assert_eq!((&first.recipient, first.sender_epoch, first.lane), (&second.recipient, second.sender_epoch, second.lane));
    let same_place = first.link_sequence == second.link_sequence && first_hash != second_hash;
    let other_past = first.link_sequence + 1 == second.link_sequence && second.previous_hash != first_hash;
    assert!(same_place || other_past, "one of them cannot be true");
    [first, second]
}

/// The receipts of a proof: the one that was given first, if there was one, and the one that cannot be true. They are the node's.
pub(crate) fn check_receipts(file: &[u8], node_id: &str, words: &str) -> (Option<Receipt>, Receipt) {
    let (proof, keys) = open(file, node_id, words);
    let read = |signed: &wire::SignedReceipt| open_receipt(signed, &keys, now()).expect("it signed the receipt");
    let (first, second) = (proof.first_receipt.as_ref().map(read), read(&proof.second_receipt.expect("a receipt")));
    assert_eq!(second.recipient.as_str(), node_id);
    if let Some(first) = &first {
        assert_eq!((&first.sender, first.envelope_hash), (&second.sender, second.envelope_hash));
        assert_ne!(first, &second, "an envelope has one receipt");
    }
    (first, second)
}

fn open(file: &[u8], node_id: &str, words: &str) -> (wire::Equivocation, KeyRing) {
    let proof = wire::Equivocation::decode(Bytes::copy_from_slice(file)).expect("a proof");
    assert_eq!(proof.node_id, node_id);
    let chain = DescriptorChain::parse(&proof.descriptors).expect("its descriptors");
    assert!(chain.fingerprint().matches(words), "the descriptors are those of the paper agreement");
    let keys = KeyRing::from_descriptor_chain(&chain);
    (proof, keys)
}
