//! A secret as it is read, and as a header carries it.

use hyper::header::HeaderValue;

use crate::domain::credential::SecretSource;
use crate::domain::secret::Secret;
use crate::secrets;

/// Reads a secret away from the runtime's threads: a file may be on a disk that takes its time.
pub(super) async fn read(source: SecretSource) -> Result<Secret, String> {
    let reading = tokio::task::spawn_blocking(move || secrets::read(&source)).await;
    reading.unwrap_or_else(|_| Err("the reader failed".to_owned()))
}

/// A header's value that no `Debug` shows and no header table keeps.
pub(super) fn sensitive(value: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(value).map_err(|_| "no header can carry it".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}
