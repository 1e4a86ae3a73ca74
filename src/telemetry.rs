//! Log lines on stderr, as text or JSON. Only the configuration decides: `RUST_LOG` is never read.

use std::io::{IsTerminal, stderr};

use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter,
    filter::ParseError,
    fmt,
    fmt::MakeWriter,
    util::{SubscriberInitExt, TryInitError},
};

use crate::config::{LogConfig, LogFormat};

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is invalid. Unreachable: the configuration was validated.
    #[error("log.level is no filter")]
    Filter(#[from] ParseError),
    /// Logging was set up before in this process.
    #[error("logging has already been set up")]
    Twice(#[from] TryInitError),
}

/// Sends the log lines of this process to stderr.
///
/// # Errors
/// If the filter can't be read, or logging has already been set up.
pub fn init(log: &LogConfig) -> Result<(), TelemetryError> {
    let colours = log.format == LogFormat::Text && stderr().is_terminal();
    Ok(subscriber(log, stderr, colours)?.try_init()?)
}

fn subscriber<W>(
    log: &LogConfig,
    writer: W,
    colours: bool,
) -> Result<Box<dyn Subscriber + Send + Sync>, ParseError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::builder().parse(&log.level)?;
    let lines = fmt().with_env_filter(filter).with_writer(writer).with_ansi(colours);
    Ok(match log.format {
        LogFormat::Text => Box::new(lines.finish()),
        LogFormat::Json => Box::new(lines.json().flatten_event(true).finish()),
    })
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The log lines of one `info` event with a field and one `debug` event.
    fn written(format: LogFormat, level: &str) -> String {
        let lines = Lines::default();
        let log = LogConfig { format, level: level.to_owned() };
        let writer = lines.clone();
        let subscriber = subscriber(&log, move || writer.clone(), false).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(attempt = 1, "the call was sent");
            tracing::debug!("a detail");
        });
        String::from_utf8(lines.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn text_lines_are_for_people() {
        let text = written(LogFormat::Text, "info");
        assert!(text.contains(" INFO ") && text.contains("the call was sent attempt=1"), "{text}");
        assert_eq!(text.lines().count(), 1);
    }

    #[test]
    fn json_lines_are_objects_with_their_fields() {
        let text = written(LogFormat::Json, "info");
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["message"], "the call was sent");
        assert_eq!(line["attempt"].as_i64(), Some(1));
    }

    #[test]
    fn the_configured_level_decides() {
        assert_eq!(written(LogFormat::Text, "debug").lines().count(), 2);
        assert_eq!(written(LogFormat::Text, "info,countersign=off").lines().count(), 0);
    }
}
