//! API calls of this process that wait for an execution to end.

use std::collections::HashMap;
use std::sync::Mutex;

use tokio::sync::oneshot;

use crate::store::requests::Key;

/// Waiting callers by request.
#[derive(Default)]
pub(super) struct Outcomes {
    waiting: Mutex<HashMap<Key, Vec<oneshot::Sender<()>>>>,
}

impl Outcomes {
    /// Resolves once the request's execution ends in this process. Subscribe before deciding.
    pub(super) fn subscribe(&self, key: &Key) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.lock();
        waiting.retain(|_, callers| {
            callers.retain(|caller| !caller.is_closed());
            !callers.is_empty()
        });
        waiting.entry(key.clone()).or_default().push(sender);
        receiver
    }

    /// Wakes everybody who waits for this request.
    pub(super) fn announce(&self, key: &Key) {
        for caller in self.lock().remove(key).unwrap_or_default() {
            let _ = caller.send(());
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Vec<oneshot::Sender<()>>>> {
        self.waiting.lock().expect("nobody panics while holding the list")
    }
}
