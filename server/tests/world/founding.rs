//! The three unions are founded once and know each other from then on: every world begins from a copy of their disks.

use std::sync::OnceLock;
use std::time::Duration;

use titian_proto::model::statement::StatementKind;
use titian_server::acts::agreements::{self, Saying};
use titian_server::acts::context::Acts;
use titian_server::acts::peers;
use titian_server::store::OutboxTable as _;

use crate::clock::{FOUNDED, Hands};
use crate::disk::{Disk, Pairs};
use crate::network::Network;
use crate::node::Node;
use crate::random::Random;
use crate::union::{Union, actor, agreement, agreement_id};
use crate::watch::Watch;

/// What stands on a disk, and the key file beside it.
type Founded = (Pairs, Option<Vec<u8>>);

/// What stands on each disk on the day after the founding, by the union's place.
pub fn disks() -> &'static [Founded] {
    static FOUNDED_ONCE: OnceLock<Vec<Founded>> = OnceLock::new();
    FOUNDED_ONCE.get_or_init(|| {
        // Whoever asks first stands in a runtime of its own already.
        std::thread::spawn(|| runtime().block_on(found())).join().unwrap()
    })
}

/// A runtime whose time stands until everybody waits.
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

async fn found() -> Vec<Founded> {
    let (mut random, watch) = (Random::new(0), Watch::new());
    let network = Network::new(random.fork(), watch.clone());
    let mut nodes: Vec<Node> = Vec::new();
    for union in Union::all() {
        let disk = Disk::holding(Pairs::new(), None);
        watch.know(&union.node_id, &disk);
        let mut node = Node::new(union, disk, Hands::new(FOUNDED), network.clone(), watch.clone(), random.fork());
        node.start().unwrap();
        nodes.push(node);
    }
    for node in &nodes {
        for other in nodes.iter().filter(|other| other.union.place != node.union.place) {
            befriend(node.acts().unwrap(), &other.union).await;
        }
    }
    for (one, other) in [(0, 1), (0, 2), (1, 2)] {
        agree(&nodes[one], &nodes[other]).await;
    }
    while nodes.iter().any(|node| owes(node, &nodes)) {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    for node in &mut nodes {
        node.stop().await;
    }
    assert_eq!(watch.eyes().trace.violation(), None, "the founding breaks an invariant");
    nodes.iter().map(|node| (node.disk.durable_pairs(), node.disk.keys())).collect()
}

async fn befriend(acts: &Acts, other: &Union) {
    peers::add(acts, &other.file()).await.unwrap();
    peers::confirm(acts, &actor(1), &other.node_id, &other.words()).await.unwrap();
    peers::confirm(acts, &actor(2), &other.node_id, &other.words()).await.unwrap();
}

async fn agree(one: &Node, other: &Node) {
    let id = agreement_id(&one.union, &other.union);
    let (ours, theirs) = (one.acts().unwrap(), other.acts().unwrap());
    agreements::draft(ours, &agreement(&one.union, &other.union)).await.unwrap();
    let saying = |kind| Saying { id: id.clone(), version: 1, kind, effective_on: None, reason: None, approval: None };
    agreements::say(ours, saying(StatementKind::Propose)).await.unwrap();
    agreements::say(ours, saying(StatementKind::Sign)).await.unwrap();
    agreements::import(theirs, &agreements::show(ours, &id, 1).unwrap().1).await.unwrap();
    agreements::say(theirs, saying(StatementKind::Sign)).await.unwrap();
}

/// Whether a node waits for a receipt.
fn owes(node: &Node, nodes: &[Node]) -> bool {
    let view = node.acts().unwrap().store.view();
    nodes.iter().any(|other| view.queued_count(&other.union.node_id).unwrap() > 0)
}
