//! What a stop leaves behind.

/// What did not stop in time.
#[derive(Default)]
pub(super) struct Left(Vec<String>);

impl Left {
    /// Names one of them.
    pub(super) fn note(&mut self, what: &str) {
        self.0.push(what.to_owned());
    }

    /// Ends a task, and names what it was doing.
    pub(super) fn abort(&mut self, what: &str, task: &tokio::task::JoinHandle<()>) {
        task.abort();
        self.note(what);
    }

    /// An error that names them, if there are any.
    pub(super) fn into_result(self) -> anyhow::Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(anyhow::anyhow!("not everything stopped in time; left behind: {}", self.0.join("; ")))
    }
}
