//! Reads secrets from where the configuration says they are.
//!
//! **Invariant:** what is said of a secret that can't be read names its file or its variable, and never shows it.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::domain::credential::{SecretSource, VALUE_BYTES_MAX, secret_fault};
use crate::domain::secret::Secret;

/// More than the longest secret with its line end.
const READ_MAX: u64 = VALUE_BYTES_MAX as u64 + 3;

/// The secret in a file, without the line end after it. It may block.
///
/// # Errors
/// A clause that names the file.
pub fn read_file(path: &Path) -> Result<Secret, String> {
    let unreadable = |error: std::io::Error| format!("the file {} can't be read: {error}", path.display());
    let mut text = String::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(READ_MAX).read_to_string(&mut text).map_err(unreadable)?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.len() > VALUE_BYTES_MAX {
        return Err(format!("the file {} holds more than {VALUE_BYTES_MAX} bytes", path.display()));
    }
    Ok(Secret::new(text))
}

/// The secret, as a header can carry it. It may block.
///
/// # Errors
/// A clause that names the file or the variable.
pub fn read(source: &SecretSource) -> Result<Secret, String> {
    let (secret, place) = match source {
        SecretSource::File(path) => (read_file(path)?, format!("the file {}", path.display())),
        SecretSource::Variable(name) => {
            let place = format!("the environment variable {name}");
            let value = std::env::var_os(name).ok_or_else(|| format!("{place} is not set"))?;
            let value = value.into_string().map_err(|_| format!("{place} is not UTF-8"))?;
            (Secret::new(value), place)
        }
    };
    match secret_fault(secret.expose()) {
        Some(fault) => Err(format!("{place} holds no secret that can be sent: {fault}")),
        None => Ok(secret),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_end_after_a_secret_is_no_part_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        for (content, secret) in [("a b", "a b"), ("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n")] {
            std::fs::write(&path, content).unwrap();
            assert_eq!(read_file(&path).unwrap().expose(), secret);
        }
    }

    #[test]
    fn what_can_not_be_sent_is_refused_without_being_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let source = SecretSource::File(path.clone());
        assert!(read(&source).unwrap_err().contains(&path.display().to_string()));
        for content in [&b"hunter2\nx"[..], b"", b"\n", b" hunter2", b"hunter2\xff", &[b'x'; 8 * 1024 + 1]] {
            std::fs::write(&path, content).unwrap();
            let why = read(&source).unwrap_err();
            assert!(why.contains(&path.display().to_string()) && !why.contains("hunter2"), "{why}");
        }
        std::fs::write(&path, [&[b'x'; 8 * 1024][..], b"\r\n"].concat()).unwrap();
        assert!(read(&source).is_ok());
    }

    #[test]
    fn a_variable_that_is_not_set_is_named() {
        let read = |name: &str| read(&SecretSource::Variable(name.to_owned()));
        assert_eq!(
            read("COUNTERSIGN_TEST_NOT_SET").unwrap_err(),
            "the environment variable COUNTERSIGN_TEST_NOT_SET is not set"
        );
        assert!(read("PATH").is_ok());
    }
}
