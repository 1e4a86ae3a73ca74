//! API calls of this process that wait for an execution to end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::oneshot;

use crate::domain::request::Request;
use crate::store::answers::AnswerRow;
use crate::store::requests::Key;

/// A request as the end of its execution was committed, so that nobody who waited has to read it.
#[derive(Debug)]
pub struct RecordedEnd {
    pub(super) request: Request,
    /// What the target answered to the attempt that decided the outcome.
    pub(super) answer: Option<AnswerRow>,
}

/// What a waiting caller hears; nothing if they have to read what became of it.
pub(super) type Heard = Option<Arc<RecordedEnd>>;

/// Waiting callers by request.
#[derive(Default)]
pub(super) struct Outcomes {
    waiting: Mutex<HashMap<Key, Vec<oneshot::Sender<Heard>>>>,
}

impl Outcomes {
    /// Resolves once the request's execution ends in this process. Subscribe before deciding.
    pub(super) fn subscribe(&self, key: &Key) -> oneshot::Receiver<Heard> {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.lock();
        waiting.retain(|_, callers| {
            callers.retain(|caller| !caller.is_closed());
            !callers.is_empty()
        });
        waiting.entry(key.clone()).or_default().push(sender);
        receiver
    }

    /// Whether somebody waits for this request.
    pub(super) fn is_awaited(&self, key: &Key) -> bool {
        self.lock().get(key).is_some_and(|callers| callers.iter().any(|caller| !caller.is_closed()))
    }

    /// Wakes everybody who waits for this request.
    pub(super) fn announce(&self, key: &Key, end: Option<RecordedEnd>) {
        let heard = end.map(Arc::new);
        for caller in self.lock().remove(key).unwrap_or_default() {
            let _ = caller.send(heard.clone());
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Vec<oneshot::Sender<Heard>>>> {
        self.waiting.lock().expect("nobody panics while holding the list")
    }
}
