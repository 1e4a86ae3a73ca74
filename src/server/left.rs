//! What a stop leaves behind.

use tokio::time::{Instant, timeout_at};

/// What did not stop in time.
#[derive(Default)]
pub(super) struct Left(Vec<String>);

impl Left {
    /// Names one of them.
    pub(super) fn note(&mut self, what: &str) {
        self.0.push(what.to_owned());
    }

    /// Waits until a task has ended, and names what it was doing if that is too late.
    pub(super) async fn wait(
        &mut self,
        end: Instant,
        what: &str,
        task: Option<tokio::task::JoinHandle<()>>,
    ) -> anyhow::Result<()> {
        let Some(mut task) = task else { return Ok(()) };
        match timeout_at(end, &mut task).await {
            Ok(ended) => Ok(ended?),
            Err(_) => {
                task.abort();
                self.note(what);
                Ok(())
            }
        }
    }

    /// An error that names them, if there are any.
    pub(super) fn into_result(self) -> anyhow::Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(anyhow::anyhow!("not everything stopped in time; left behind: {}", self.0.join("; ")))
    }
}
