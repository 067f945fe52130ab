//! MTUC on a disk of its own, KSBSI as its good partner, and CLC, whose node is away and whose keys somebody has, together with those of many more.

use prost::Message as _;
use titian_proto::model::descriptor::DescriptorChain;
use titian_proto::wire;
use titian_tests::account::Account::{Admin, Auditor, Caseworker, FocalPoint, SecondAdmin};
use titian_tests::disk::Disk;
use titian_tests::node::{Node, Plan};
use titian_tests::papers::Papers;
use titian_tests::road;
use titian_tests::sample;
use titian_tests::union::Union;
use titian_tests::world::{Ground, World, befriend, sign_agreement_called};

use crate::hostile::{address, runtime};
use crate::peer::{Draft, Keys};

/// The agreement between MTUC and CLC.
const WITH_CLC: &str = "AG-MY-KH";

/// The two partners, the crowd, and what CLC's own node once wrote.
pub(crate) struct Yard {
    pub(crate) papers: Papers,
    /// CLC's keys, and what its node says of how far it has come.
    pub(crate) clc: Keys,
    pub(crate) clc_says: wire::Hello,
    /// An offer as CLC's node wrote it.
    pub(crate) offer: Draft,
    /// Keys of further peers that MTUC has confirmed.
    pub(crate) crowd: Vec<Keys>,
    _nodes: Vec<Node>,
    _clc_node: Union,
    pub(crate) disk: Disk,
}

impl Yard {
    /// With so many further peers.
    pub(crate) fn found(crowd: usize) -> Self {
        let (ground, disk) = (Ground::new(), Disk::new());
        let mtuc = Union::found(&disk.path(), &Plan::mtuc());
        let (ksbsi, mut clc) = (ground.union(&Plan::ksbsi()), ground.union(&Plan::clc()));
        befriend(&mtuc, &ksbsi);
        befriend(&mtuc, &clc);
        let changes = [("AG-MY-ID", WITH_CLC), ("\"MY-ID-1\"", "\"MY-KH-1\""), ("\"ID-MY-1\"", "\"KH-MY-1\""), ("id.ksbsi", "kh.clc")];
        let with_clc = ground.file("with-clc.toml", &sample::changed(&changes));
        sign_agreement_called(WITH_CLC, &mtuc, &clc, &with_clc);
        let nodes: Vec<Node> = (0..crowd).map(|number| further_peer(&ground, &mtuc, number)).collect();
        let mut papers = Papers::referred(World { mtuc, ksbsi, ground }, &[]);
        for union in [&papers.world.mtuc, &papers.world.ksbsi] {
            [Admin, Caseworker, FocalPoint, Auditor].into_iter().for_each(|account| union.admit(account));
        }
        let (offer, clc_says) = an_offer_of(&mut clc, &mut papers.world);
        let victim = address(&papers.world.mtuc);
        let crowd = nodes.iter().map(|node| Keys::of(node, victim)).collect();
        Self { clc: Keys::of(&clc.node, victim), clc_says, offer, crowd, papers, _nodes: nodes, _clc_node: clc, disk }
    }

    /// So many offers as a greedy partner writes them: each a referral and a worker of its own.
    pub(crate) fn offers(&self, count: usize) -> Vec<Draft> {
        let one = |number: usize| {
            let id = |kind: u8| -> bytes::Bytes { [&[kind; 8][..], &(number as u64).to_be_bytes()].concat().into() };
            let offer = wire::Offer { referral_id: id(1), subject_ref: id(2), ..self.offer.offer() };
            let body = wire::Body::decode(self.offer.body.clone()).expect("a body");
            let body = wire::Body { content: Some(wire::body::Content::Offer(offer)), ..body };
            self.offer.saying(wire::EnvelopeKind::Offer, wire::Lane::Referrals, &body).with_header(|header| {
                (header.case_ref, header.case_sequence, header.referral_id) = (id(3), 1, id(1));
            })
        };
        (0..count).map(one).collect()
    }
}

/// A union of which MTUC knows the descriptor; its node never runs.
fn further_peer(ground: &Ground, mtuc: &Union, number: usize) -> Node {
    let node_id: &'static str = Box::leak(format!("bd.union-{number}").into_boxed_str());
    let plan =
        Plan { node_id, name: "A union in Bangladesh", kind: "NATIONAL_UNION", country: "BD", further: vec!["--no-endpoint".to_owned()] };
    let node = Node::init(ground.path(), &plan);
    let file = node.folder.join("descriptor.txt");
    let text = std::fs::read_to_string(&file).expect("a descriptor");
    let words = DescriptorChain::from_file(&text).expect("its own").fingerprint().words();
    mtuc.titian(Admin, &["peer", "add", &file.display().to_string()]).done();
    for officer in [Admin, SecondAdmin] {
        mtuc.titian(officer, &["peer", "confirm", node_id, "--words", &words]).done();
    }
    node
}

/// Has CLC's node write an offer to MTUC, and takes it as MTUC would. CLC's node is away afterwards; what it says of how far it has come.
fn an_offer_of(clc: &mut Union, world: &mut World) -> (Draft, wire::Hello) {
    let file = world.variant("from-clc.toml", &[("recipient = \"id.ksbsi\"", "recipient = \"my.mtuc\"")]);
    let intake = road::intake_from(clc, &file);
    road::consent_from(clc, &intake, &file).done();
    clc.node.kill9();
    runtime().block_on(async {
        let mtuc_says = Keys::of(&clc.node, address(&world.mtuc)).hello_of_the_other().await;
        world.mtuc.node.kill9();
        clc.node.start();
        road::request_to(clc, &intake, "my.mtuc", "CASE_CORE").done();
        let keys = Keys::of(&world.mtuc.node, address(clc));
        let clc_says = keys.hello_of_the_other().await;
        let offers = keys.speak(&mtuc_says, (1, 1)).await.envelopes(1).await;
        clc.node.kill9();
        world.mtuc.node.start();
        (Draft::of(&offers[0]), clc_says)
    })
}
