//! What the API and the pages share: bodies, references, unknown paths.

mod body;
mod middleware;
mod slow_body;
