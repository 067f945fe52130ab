//! Stories of streams that last.

use std::future::pending;

use tokio_stream::StreamExt as _;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Status};

use super::{Desk, page};
use crate::acts::staff::{Password, create_first_admin};
use crate::desk::{Office, status};
use crate::testing;

const PASSWORD: &str = "a footbridge over the water";

fn office() -> Office {
    let (node, _) = testing::node();
    Office::new(testing::acts(&node), std::sync::Arc::new(testing::NoBundles), node.about)
}

/// A stream that never ends by itself, and what can end it.
async fn endless() -> (super::Replies<u8>, Desk, String) {
    let office = office();
    create_first_admin(&office.store, &office.ambient, "aminah", Password::new(PASSWORD.to_owned())).await.unwrap();
    let token = office.staff.sign_in("aminah", Password::new(PASSWORD.to_owned())).await.unwrap().token;
    let mut request = Request::new(());
    request.extensions_mut().insert(office.staff.check(&token).unwrap());
    let desk = Desk::new(office, CancellationToken::new());
    let answer = desk.stream(request, |_, _, (), replies| async move {
        replies.send(1).await?;
        pending().await
    });
    let mut replies = answer.unwrap().into_inner();
    assert_eq!(replies.next().await.unwrap().unwrap(), 1);
    (replies, desk, token)
}

fn code(reply: Option<Result<u8, Status>>) -> (Code, String) {
    let status = reply.unwrap().unwrap_err();
    (status.code(), status.metadata().get(status::CODE).unwrap().to_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_stream_ends_with_its_session() {
    let (mut replies, desk, token) = endless().await;
    let caller = desk.office.staff.check(&token).unwrap();
    desk.office.staff.sign_out(&caller).await.unwrap();
    assert_eq!(code(replies.next().await), (Code::Unauthenticated, "SESSION_ENDED".to_owned()));
    assert!(replies.next().await.is_none());
}

#[tokio::test]
async fn a_stream_ends_when_the_node_stops() {
    let (mut replies, desk, _) = endless().await;
    desk.stopping.cancel();
    assert_eq!(code(replies.next().await), (Code::Unavailable, "STOPPING".to_owned()));
    assert!(replies.next().await.is_none());
}

#[tokio::test]
async fn a_call_that_did_not_come_through_the_door_is_nobodys() {
    let office = office();
    let desk = Desk::new(office, CancellationToken::new());
    let answer = desk.act(Request::new(()), |_, _, ()| async { Ok(()) }).await;
    assert_eq!(answer.unwrap_err().code(), Code::Unauthenticated);
}

#[test]
fn pages_have_a_default_and_an_end() {
    assert_eq!((page(0), page(7), page(u32::MAX)), (100, 7, 500));
}
