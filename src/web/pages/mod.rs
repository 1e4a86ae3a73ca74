//! The pages: one file each, named after its URL.

pub mod body;
pub mod bulk;
pub mod comment;
pub mod decide;
pub mod deliveries;
pub mod event_stream;
pub mod history;
pub mod inbox;
pub mod new_request;
pub mod org_trail;
pub mod pairs;
pub mod refusals;
pub mod request;
pub mod request_lists;
pub mod request_types;
pub mod revision;
pub mod search;
pub mod send_back;
pub mod settings;
pub mod settle;
pub mod sign_in;
pub mod submit_again;
pub mod trail;
