//! What of a call can be sent: targets and what is between have limits, and a call that is beyond them would be
//! approved and then fail.

use super::Call;
use crate::domain::fault::FaultKind;

/// Maximum length of a call's URL: scheme, host, path and query, escaped.
pub const URL_BYTES_MAX: usize = 8 * 1024;

/// Maximum length of a call's headers as they are sent, each as `name: value` with its line end.
pub const HEADER_BLOCK_BYTES_MAX: usize = 32 * 1024;

/// What a header has beside its name and value.
const HEADER_FRAME_BYTES: usize = ": \r\n".len();

impl Call {
    /// What of this call is too long to be sent, with a pointer into its task.
    pub fn limit_faults(&self) -> Vec<(&'static str, FaultKind)> {
        let header = |(name, value): &(String, String)| name.len() + value.len() + HEADER_FRAME_BYTES;
        let block: usize = self.headers.iter().map(header).sum();
        let url = (self.url.len() > URL_BYTES_MAX).then_some(FaultKind::UrlTooLong { max: URL_BYTES_MAX });
        let block = (block > HEADER_BLOCK_BYTES_MAX)
            .then_some(FaultKind::HeadersTooLong { max: HEADER_BLOCK_BYTES_MAX });
        url.map(|kind| ("", kind)).into_iter().chain(block.map(|kind| ("/headers", kind))).collect()
    }
}
