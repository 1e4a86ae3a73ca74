//! A client that is answered before its body was read must be able to read the answer.
//!
//! A connection that is closed while the client still sends is reset, and a reset may overtake the answer. So the
//! answer says `Connection: close`, and what still comes is thrown away for a while: up to `UNREAD_BYTES_MAX`, and
//! for no longer than `UNREAD_TIME_MAX`. Then the connection is closed, whatever still comes. Until then the body is
//! kept: a dropped body in chunks would be read to its end, however long that takes.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::HttpMessage;
use actix_web::body::{BodySize, BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::time::{Sleep, sleep};

/// How many bytes of a refused call's body are read and thrown away after its answer. More than a client sends that
/// only exceeds [`BODY_BYTES_MAX`](super::body::BODY_BYTES_MAX) a little.
const UNREAD_BYTES_MAX: usize = 1024 * 1024;

/// How long a client has to read its answer while its body is thrown away.
const UNREAD_TIME_MAX: Duration = Duration::from_secs(2);

/// The server must not read on by itself when an answer has been sent: it would throw away whatever comes until its
/// own limit of time, without a limit of bytes.
pub const READ_AFTER_ANSWER: Duration = Duration::ZERO;

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
    /// if there is more, the answer keeps the payload, and throws it away, within the limits and within `time`.
    pub async fn keep_for<B: MessageBody + 'static>(
        self,
        response: ServiceResponse<EitherBody<B>>,
        time: Option<Duration>,
    ) -> ServiceResponse<EitherBody<B>> {
        if self.0.borrow().has_ended {
            return response;
        }
        // The server reads on while a handler waits: a small body is complete after this.
        tokio::task::yield_now().await;
        let time = time.map_or(UNREAD_TIME_MAX, |time| time.min(UNREAD_TIME_MAX));
        response.map_body(|head, body| {
            let filler = filler(head.status, body.size());
            let body = Some(Box::pin(body));
            let unread = Unread { payload: self, read: 0, end: Box::pin(sleep(time)) };
            EitherBody::right(BoxBody::new(KeepingBody { filler, body, unread }))
        })
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, PayloadError>>> {
        let mut kept = self.0.borrow_mut();
        if kept.has_ended {
            return Poll::Ready(None);
        }
        let polled = kept.payload.poll_next_unpin(cx);
        kept.has_ended |= matches!(polled, Poll::Ready(None | Some(Err(_))));
        polled
    }
}

/// The server does not ask a body without a byte for anything, so that nothing could be thrown away during such an
/// answer: it gets a line end, where an answer may have one.
fn filler(status: StatusCode, size: BodySize) -> Option<Bytes> {
    let may_have_body = !status.is_informational() && ![204, 304].contains(&status.as_u16());
    (may_have_body && size == BodySize::Sized(0)).then(|| Bytes::from_static(b"\n"))
}

impl Stream for Reading {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll(cx)
    }
}

/// What is left of a body, and how much of it was thrown away.
struct Unread {
    payload: KeptPayload,
    read: usize,
    end: Pin<Box<Sleep>>,
}

impl Unread {
    /// Ready when the body has ended or its time is over. Beyond the limit nothing more is read, and the client has
    /// the rest of the time to read its answer.
    fn poll_away(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.end.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        while self.read < UNREAD_BYTES_MAX {
            match ready!(self.payload.poll(cx)) {
                Some(Ok(bytes)) => self.read += bytes.len(),
                Some(Err(_)) | None => return Poll::Ready(()),
            }
        }
        Poll::Pending
    }
}

/// An answer's body that keeps an unread payload.
struct KeepingBody<B> {
    filler: Option<Bytes>,
    /// `None` when all of it was sent.
    body: Option<Pin<Box<B>>>,
    unread: Unread,
}

impl<B: MessageBody> MessageBody for KeepingBody<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        match (&self.filler, &self.body) {
            (Some(filler), _) => BodySize::Sized(filler.len() as u64),
            (None, Some(body)) => body.size(),
            (None, None) => BodySize::Sized(0),
        }
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, B::Error>>> {
        if let Some(filler) = self.filler.take() {
            self.body = None;
            return Poll::Ready(Some(Ok(filler)));
        }
        if let Some(body) = &mut self.body {
            match ready!(body.as_mut().poll_next(cx)) {
                Some(piece) => return Poll::Ready(Some(piece)),
                None => self.body = None,
            }
        }
        self.unread.poll_away(cx).map(|()| None)
    }
}
