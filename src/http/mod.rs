//! What API and pages share: reading HTTP requests, naming errors, streaming exports.
//!
//! **Invariant:** nothing here knows a route or a page, and [`error`] alone knows status codes.

pub mod body;
pub mod cursor;
pub mod error;
pub mod export;
pub mod middleware;
pub mod query;
pub mod spreadsheet;
pub mod unread;
pub mod wire;

use actix_web::HttpResponse;

/// What a handler returns.
pub type HandlerResult = Result<HttpResponse, error::ApiError>;
