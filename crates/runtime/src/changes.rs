//! Notifies listeners of changed executions, for live views.
//!
//! A notification contains no data: the change is read from the store. Nothing waits for a listener, and one
//! that is slow learns that it missed some.

use model::ExecutionId;
use tokio::sync::broadcast;

/// Notices that a listener may be behind: a burst within the pauses that live views make.
const BEHIND_MAX: usize = 4_096;

/// Where notices are sent.
#[derive(Debug)]
pub(crate) struct Changes {
    sender: broadcast::Sender<Noted>,
    /// Ends alone: most commits end nothing, and a listener to all of them is woken by each.
    ends: broadcast::Sender<ExecutionId>,
}

/// Which execution, and whether it has ended; `None`: any execution may have changed.
type Noted = Option<(ExecutionId, bool)>;

impl Default for Changes {
    fn default() -> Self {
        let (sender, _) = broadcast::channel(BEHIND_MAX);
        let (ends, _) = broadcast::channel(BEHIND_MAX);
        Self { sender, ends }
    }
}

impl Changes {
    /// Notes a committed change.
    pub fn note(&self, id: &ExecutionId, ended: bool) {
        if ended && self.ends.receiver_count() > 0 {
            // The last listener may have gone just now.
            let _ = self.ends.send(id.clone());
        }
        if self.has_listeners() {
            // The last listener may have gone just now.
            let _ = self.sender.send(Some((id.clone(), ended)));
        }
    }

    /// Notes that any execution may have changed.
    pub fn note_many(&self) {
        if self.has_listeners() {
            // The last listener may have gone just now.
            let _ = self.sender.send(None);
        }
    }

    pub fn has_listeners(&self) -> bool {
        self.sender.receiver_count() > 0
    }

    pub fn listen_to_ends(&self) -> EndListener {
        EndListener {
            receiver: self.ends.subscribe(),
        }
    }

    pub fn listen(&self) -> ChangeListener {
        ChangeListener {
            receiver: self.sender.subscribe(),
        }
    }
}

/// The message to a listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// An execution has changed, started, or was deleted.
    Execution {
        /// Which.
        id: ExecutionId,
        /// Whether it has ended, its last event included.
        ended: bool,
    },
    /// So many did that they were not all noted: any may have.
    Many,
}

/// Hears of every change from its making on.
#[derive(Debug)]
pub struct ChangeListener {
    receiver: broadcast::Receiver<Noted>,
}

impl ChangeListener {
    /// Waits for the next change; `None` when the driver is gone. Cancel safe.
    pub async fn next(&mut self) -> Option<Change> {
        match self.receiver.recv().await {
            Ok(Some((id, ended))) => Some(Change::Execution { id, ended }),
            Ok(None) | Err(broadcast::error::RecvError::Lagged(_)) => Some(Change::Many),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }

    /// Takes a change that has been told already, without waiting.
    pub fn try_next(&mut self) -> Option<Change> {
        match self.receiver.try_recv() {
            Ok(Some((id, ended))) => Some(Change::Execution { id, ended }),
            Ok(None) | Err(broadcast::error::TryRecvError::Lagged(_)) => Some(Change::Many),
            Err(broadcast::error::TryRecvError::Empty | broadcast::error::TryRecvError::Closed) => {
                None
            }
        }
    }
}

/// Hears of every execution that ends here, by whatever server it was started, from its making on.
#[derive(Debug)]
pub struct EndListener {
    receiver: broadcast::Receiver<ExecutionId>,
}

impl EndListener {
    /// Waits for the next execution that has ended, its last event included; none when the driver is gone. Cancel safe.
    pub async fn next(&mut self) -> Option<ExecutionId> {
        loop {
            match self.receiver.recv().await {
                Ok(id) => return Some(id),
                Err(broadcast::error::RecvError::Lagged(missed)) => {
                    tracing::warn!(
                        executions = missed,
                        "more executions have ended than could be looked at"
                    );
                }
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_listener_to_ends_hears_of_nothing_else() {
        let changes = Changes::default();
        let mut ends = changes.listen_to_ends();
        let id = |text: &str| ExecutionId::parse(text).expect("a valid id");
        changes.note(&id("goes-on"), false);
        changes.note_many();
        changes.note(&id("ended"), true);
        assert_eq!(ends.next().await, Some(id("ended")));
        assert!(!changes.has_listeners());
        for number in 0..BEHIND_MAX + 10 {
            changes.note(&id(&format!("id-{number}")), true);
        }
        assert_eq!(ends.next().await, Some(id("id-10")));
    }

    #[tokio::test]
    async fn a_slow_listener_is_told_that_it_missed_some() {
        let changes = Changes::default();
        let mut listener = changes.listen();
        let id = |number: usize| ExecutionId::parse(&format!("id-{number}")).expect("a valid id");
        let told = |id, ended| Change::Execution { id, ended };
        changes.note(&id(0), false);
        assert_eq!(listener.next().await, Some(told(id(0), false)));
        assert_eq!(listener.try_next(), None);
        for number in 0..BEHIND_MAX + 10 {
            changes.note(&id(number), true);
        }
        assert_eq!(listener.next().await, Some(Change::Many));
        assert_eq!(listener.next().await, Some(told(id(10), true)));
        drop(changes);
        while listener.try_next().is_some() {}
        assert_eq!(listener.next().await, None);
    }
}
