//! The JSON API, as its clients see it.

mod errors;
