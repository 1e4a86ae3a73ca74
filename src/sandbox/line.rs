//! The TCP connection of a call, so that a fault can close it without any answer.

use std::any::Any;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;

use actix_web::dev::Extensions;
use actix_web::{HttpRequest, HttpResponse};

/// A second handle on a connection's socket; the server keeps the first.
pub(super) struct Line(TcpStream);

impl Line {
    /// Keeps a handle on each new connection, as the server's `on_connect`.
    pub fn note(connection: &dyn Any, kept: &mut Extensions) {
        let Some(stream) = connection.downcast_ref::<actix_web::rt::net::TcpStream>() else { return };
        match stream.as_fd().try_clone_to_owned() {
            Ok(handle) => drop(kept.insert(Self(TcpStream::from(handle)))),
            Err(error) => tracing::error!(%error, "the sandbox can't cut this connection: no second handle"),
        }
    }
}

/// Shuts down the connection of `http` in both directions: the client reads end of file and no status line.
///
/// The returned response can no longer be written. A failing stream body would do the same only if the server
/// polled it before it flushed the head.
pub(super) fn cut(http: &HttpRequest) -> HttpResponse {
    let shut = http.conn_data::<Line>().map(|line| line.0.shutdown(Shutdown::Both));
    if !matches!(shut, Some(Ok(()))) {
        tracing::warn!(?shut, "the connection could not be cut, or the client left before");
    }
    HttpResponse::InternalServerError().force_close().finish()
}
