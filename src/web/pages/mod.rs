//! The pages: one file each, named as its URL.

pub mod bulk;
pub mod decide;
pub mod event_stream;
pub mod history;
pub mod inbox;
pub mod new_request;
pub mod request;
pub mod request_types;
pub mod sign_in;
pub mod trail;
