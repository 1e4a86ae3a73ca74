//! The key of a form that makes a request: however often it is sent, it becomes one request only.

use crate::engine::Engine;

/// A key for a form that is shown for the first time.
pub fn new_form_key(engine: &Engine) -> String {
    format!("form-{}", engine.clock().new_id())
}

/// The key that a form was sent with, or a new one: keys that no page has made are not used.
pub fn form_key(sent: String, engine: &Engine) -> String {
    let id = sent.strip_prefix("form-").unwrap_or_default();
    let is_ours = id.len() == 36 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    if is_ours { sent } else { new_form_key(engine) }
}
