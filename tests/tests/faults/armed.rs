//! A node that ends itself at one point after another: by kill -9, or by a cut of the power under its store.

use std::collections::VecDeque;
use std::time::Duration;

use titian_tests::disk::Disk;
use titian_tests::node::{Node, Plan};
use titian_tests::union::Union;
use titian_tests::wait::wait_until;
use titian_tests::world::{Ground, World, befriend};

use crate::points::{self, At};

/// A step with several restarts, back-offs and two unoptimised nodes.
const STEP: Duration = Duration::from_secs(90);

/// How a node ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Its process is gone; the machine goes on.
    Kill,
    /// The power goes: what was not synced is gone too.
    PowerCut,
}

/// Two unions that trust each other, and a node of one of them that ends itself at points, one after another.
pub(crate) struct Armed {
    at: At,
    points: VecDeque<String>,
    /// The point at which the node ends next, and whether it was armed before the round began.
    next: Option<(String, bool)>,
    disk: Option<Disk>,
    tried: Vec<String>,
    never: Vec<String>,
}

impl Armed {
    /// Founds the unions, with the node at `at` on a disk of its own where its power is cut, and arms nothing yet.
    pub(crate) fn found(at: At, end: End, points: Vec<String>) -> (World, Self) {
        let ground = Ground::new();
        let disk = (end == End::PowerCut).then(Disk::new);
        let on_disk = disk.as_ref().map_or_else(|| ground.path().to_owned(), Disk::path);
        let place = |side: At| if side == at { &on_disk } else { ground.path() };
        let mtuc = Union::found(place(At::Sender), &Plan::mtuc());
        let ksbsi = Union::found(place(At::Receiver), &Plan::ksbsi());
        let world = World { mtuc, ksbsi, ground };
        befriend(&world.mtuc, &world.ksbsi);
        let armed = Self { at, points: points.into(), next: None, disk, tried: Vec::new(), never: Vec::new() };
        (world, armed)
    }

    /// No node ends itself.
    pub(crate) fn nowhere() -> Self {
        Self { at: At::Both, points: VecDeque::new(), next: None, disk: None, tried: Vec::new(), never: Vec::new() }
    }

    /// Whether a point is still to be tried.
    pub(crate) fn has_more(&self) -> bool {
        self.next.is_some() || !self.points.is_empty()
    }

    /// Arms the node for what is played now, unless it is still armed.
    pub(crate) fn begin(&mut self, world: &mut World) {
        match &mut self.next {
            Some((_, from_start)) => *from_start = true,
            None => {
                self.start(world, true);
            }
        }
    }

    /// What was played is over: a point that was armed all the while and not passed is none.
    pub(crate) fn end(&mut self, world: &mut World) {
        self.revive(world);
        if let Some((point, _)) = self.next.take_if(|(_, from_start)| *from_start) {
            let name = point.split(':').next().unwrap_or_default();
            self.points.retain(|later| later.split(':').next() != Some(name));
            // The long form tries later passings as far as there are any.
            self.never.extend(points::is_promised(&point).then_some(point));
        }
    }

    /// No more points for now.
    pub(crate) fn rest(&mut self, world: &mut World) {
        self.revive(world);
        if let Some((point, _)) = self.next.take() {
            self.points.push_front(point);
        }
        self.node(world).restart();
    }

    /// What was prepared in a rest is there at the next cut, the files of staff's sessions included.
    pub(crate) fn prepared(&self) {
        self.disk.iter().for_each(Disk::settle);
    }

    /// Brings the node back if it ended itself, to end at its next point. The other node never ends.
    pub(crate) fn revive(&mut self, world: &mut World) {
        if !self.node(world).died() {
            return;
        }
        let at = self.at;
        let (point, _) = self.next.take().unwrap_or_else(|| panic!("the node at {at:?} ended, and was not asked to"));
        self.tried.push(point);
        if let Some(disk) = &self.disk {
            disk.power_returns();
        }
        self.start(world, false);
    }

    /// Repeats a step until it is done, and brings back the node as often as it ends itself.
    pub(crate) fn until<T>(&mut self, world: &mut World, what: &str, mut step: impl FnMut(&World) -> Option<T>) -> T {
        wait_until(&format!("{what} ({:?}, armed at the {:?})", self.next, self.at), STEP, || {
            self.revive(world);
            step(world)
        })
    }

    /// Waits until the node has ended at its last point and is back: what goes on in the background needs no further step.
    pub(crate) fn until_all_tried(&mut self, world: &mut World) {
        wait_until(&format!("every point is passed, armed at the {:?}", self.at), STEP, || {
            self.revive(world);
            (!self.has_more()).then_some(())
        });
    }

    /// Every point must have been passed.
    pub(crate) fn assert_all_tried(&self) {
        let (at, never) = (self.at, &self.never);
        assert!(
            never.is_empty() && !self.has_more(),
            "the {at:?} did not pass these points: {never:?}, {:?}, {:?}",
            self.next,
            self.points
        );
        assert!(!self.tried.is_empty(), "nothing was tried");
    }

    fn start(&mut self, world: &mut World, from_start: bool) {
        self.next = self.points.pop_front().map(|point| (point, from_start));
        let disk = self.disk.as_ref();
        let node = match self.at {
            At::Sender | At::Both => &mut world.mtuc.node,
            At::Receiver => &mut world.ksbsi.node,
        };
        match (&self.next, disk) {
            (None, _) => node.restart(),
            (Some((point, _)), None) => node.start_armed(point),
            (Some((point, _)), Some(disk)) => {
                node.start_to_stop(point);
                node.pid().into_iter().for_each(|pid| disk.cut_power_when_stopped(pid));
            }
        }
    }

    fn node<'a>(&self, world: &'a mut World) -> &'a mut Node {
        match self.at {
            At::Sender | At::Both => &mut world.mtuc.node,
            At::Receiver => &mut world.ksbsi.node,
        }
    }
}
