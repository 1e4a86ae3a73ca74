//! What pages are made of: views and wording that several pages share.

pub mod answer_view;
pub mod approval_view;
pub mod call_view;
pub mod came_from;
pub mod changes_view;
pub mod comments;
pub mod error_view;
pub mod event_text;
pub mod format;
pub mod icons;
pub mod inbox_filter;
pub mod json_view;
pub mod layout;
pub mod nav;
pub mod notices;
pub mod payload_fields;
pub mod policy_diagram;
pub mod queue;
pub mod recorded;
pub mod request_list;
pub mod revision_list;
pub mod settlement_view;
pub mod signature_view;
pub mod when;
pub mod who;
