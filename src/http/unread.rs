//! A client that is answered before its body was read must be able to read the answer.
//!
//! A connection that is closed while the client still sends is reset, and a reset may overtake the answer. So
//! the answer says `Connection: close`, and what still comes is thrown away for the time that the server gives
//! a connection to close (`client_disconnect_timeout`). The server does that as long as the body is not
//! dropped: a dropped body in chunks would be read to its end, however long that takes.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::HttpMessage;
use actix_web::body::{BodySize, BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use futures_util::{Stream, StreamExt};

/// The body of a call, which its handler may read, and which the answer keeps if it was not read to its end.
#[derive(Clone)]
pub struct KeptPayload(Rc<RefCell<Kept>>);

struct Kept {
    payload: Payload,
    has_ended: bool,
}

/// The handler's side.
struct Reading(KeptPayload);

impl KeptPayload {
    /// Keeps the payload of a call that has one.
    pub fn of(request: &mut ServiceRequest) -> Option<Self> {
        match request.take_payload() {
            Payload::None => None,
            payload @ (Payload::H1 { .. } | Payload::Stream { .. }) => {
                let kept = Self(Rc::new(RefCell::new(Kept { payload, has_ended: false })));
                let reading = Reading(kept.clone());
                request.set_payload(Payload::Stream { payload: Box::pin(reading) });
                Some(kept)
            }
        }
    }

    /// The answer to the call. If the body was not read, whatever of it has come with the head counts as read;
    /// if there is more, the answer keeps the payload until it is sent.
    pub async fn keep_for<B: MessageBody + 'static>(
        self,
        response: ServiceResponse<EitherBody<B>>,
    ) -> ServiceResponse<EitherBody<B>> {
        if self.0.borrow().has_ended {
            return response;
        }
        // The server reads on while a handler waits: a small body is complete after this.
        tokio::task::yield_now().await;
        response.map_body(|_, body| {
            let body = Box::pin(body);
            EitherBody::right(BoxBody::new(KeepingBody { body, _unread: self }))
        })
    }
}

impl Stream for Reading {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut kept = self.0.0.borrow_mut();
        let polled = kept.payload.poll_next_unpin(cx);
        kept.has_ended |= matches!(polled, Poll::Ready(None | Some(Err(_))));
        polled
    }
}

/// An answer's body that keeps an unread payload.
struct KeepingBody<B> {
    body: Pin<Box<B>>,
    _unread: KeptPayload,
}

impl<B: MessageBody> MessageBody for KeepingBody<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, B::Error>>> {
        self.body.as_mut().poll_next(cx)
    }
}
