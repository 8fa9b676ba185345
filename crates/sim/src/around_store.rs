//! A store that is slow, fails, fills up, and sees the server die, within what a store promises.

use std::sync::Arc;
use std::time::Duration;

use engine::Transition;
use store::{Call, StoreFault, StoreFuture, StoreHealth, StoreTrouble, Surround};

use crate::fault::Fault;
use crate::world::{Counted, World};

pub(crate) struct AroundStore(pub Arc<World>);

/// What becomes of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Commit {
    Works,
    DiesBefore,
    DiesAfter,
    Fails,
    Unknown { landed: bool },
}

impl Surround for AroundStore {
    fn call<'a, T, E>(
        &'a self,
        call: Call,
        inner: impl FnOnce() -> StoreFuture<'a, T, E> + Send + 'a,
    ) -> StoreFuture<'a, T, E>
    where
        T: Send + 'a,
        E: From<StoreFault> + Send + 'a,
    {
        Box::pin(async move {
            self.alive().await;
            self.0.count(Counted::Calls);
            match call {
                Call::Commit(transition) => self.commit(&transition, inner).await,
                Call::Load(id) => {
                    let stored = self.0.execution(&id);
                    let name = stored.map(|it| World::name_of(&it.spec.arn).to_owned());
                    if name.is_some_and(|name| self.0.is_unreadable(&name)) {
                        return Err(fault("load an execution", false).into());
                    }
                    self.read(inner).await
                }
                Call::Read(_) => self.read(inner).await,
                Call::Write(what) | Call::Describe(what) => {
                    self.0.note(what.to_owned());
                    inner().await
                }
            }
        })
    }

    fn health(&self, inner: StoreHealth) -> StoreHealth {
        let failing = self.0.state().commits_fail;
        let trouble = failing.map(|(since, in_a_row)| StoreTrouble::CommitsFail {
            since,
            in_a_row,
            error: "told to fail".to_owned(),
        });
        StoreHealth {
            trouble: trouble.or(inner.trouble),
            ..inner
        }
    }
}

impl AroundStore {
    /// Whether the last commit was done.
    fn note_works(&self, works: bool) {
        let now = self.0.now();
        let mut state = self.0.state();
        let before = state.commits_fail.take();
        if !works {
            let (since, in_a_row) = before.unwrap_or((now, 0));
            state.commits_fail = Some((since, in_a_row + 1));
        }
    }

    /// A dead server calls nothing.
    async fn alive(&self) {
        if self.0.is_over() {
            std::future::pending::<()>().await;
        }
    }

    async fn commit<'a, T, E>(
        &'a self,
        transition: &Arc<Transition>,
        inner: impl FnOnce() -> StoreFuture<'a, T, E> + Send + 'a,
    ) -> Result<T, E>
    where
        E: From<StoreFault>,
    {
        let world = &self.0;
        let nth = world.count(Counted::Commits);
        let attempted = format!("commit {nth}");
        if let Some(ms) = self.slow(nth) {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            self.alive().await;
        }
        let fate = self.fate(nth);
        match fate {
            Commit::DiesBefore => world.die(&format!("before {attempted}")),
            Commit::Fails => {
                self.note_works(false);
                world.note(format!("{attempted} fails"));
                return Err(fault(&attempted, true).into());
            }
            Commit::Unknown { landed: false } => {
                self.note_works(false);
                world.note(format!(
                    "{attempted} fails, and is perhaps there (it is not)"
                ));
                return Err(fault(&attempted, true).with_outcome_unknown().into());
            }
            Commit::Works | Commit::DiesAfter | Commit::Unknown { landed: true } => {}
        }
        self.alive().await;
        let before = world.execution(&transition.spec.arn.id);
        let done = inner().await;
        self.note_works(true);
        if done.is_ok() {
            world.committed(before.as_ref(), transition, &attempted);
        } else {
            world.note(format!("{attempted} is refused"));
        }
        match fate {
            Commit::DiesAfter => world.die(&format!("after {attempted}")),
            Commit::Unknown { landed: true } => {
                self.note_works(false);
                world.note(format!("{attempted} fails, and is perhaps there (it is)"));
                return Err(fault(&attempted, true).with_outcome_unknown().into());
            }
            _ => {}
        }
        self.alive().await;
        done
    }

    fn fate(&self, commit: u64) -> Commit {
        let world = &self.0;
        let fate = world.fault(|fault| match *fault {
            Fault::DiesBeforeCommit { nth } if nth == commit => Some(Commit::DiesBefore),
            Fault::DiesAfterCommit { nth } if nth == commit => Some(Commit::DiesAfter),
            Fault::CommitFails { nth } if nth == commit => Some(Commit::Fails),
            Fault::CommitUnknown { nth, landed } if nth == commit => {
                Some(Commit::Unknown { landed })
            }
            Fault::DiskFull { nth, commits } if (nth..nth + commits).contains(&commit) => {
                Some(Commit::Fails)
            }
            _ => None,
        });
        fate.unwrap_or(Commit::Works)
    }

    fn slow(&self, commit: u64) -> Option<u64> {
        self.0.fault(|fault| match *fault {
            Fault::CommitSlow { nth, ms } if nth == commit => Some(ms),
            _ => None,
        })
    }

    async fn read<'a, T, E>(
        &'a self,
        inner: impl FnOnce() -> StoreFuture<'a, T, E> + Send + 'a,
    ) -> Result<T, E>
    where
        E: From<StoreFault>,
    {
        let read = self.0.count(Counted::Reads);
        let slow = self.0.fault(|fault| match *fault {
            Fault::ReadSlow { nth, ms } if nth == read => Some(ms),
            _ => None,
        });
        if let Some(ms) = slow {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            self.alive().await;
        }
        let fails = self.0.fault(|fault| match *fault {
            Fault::ReadFails { nth } if nth == read => Some(()),
            _ => None,
        });
        if fails.is_some() {
            self.0.note(format!("read {read} fails"));
            return Err(fault("read", true).into());
        }
        inner().await
    }
}

fn fault(attempted: &str, retryable: bool) -> StoreFault {
    StoreFault::new(attempted, retryable, "told to fail")
}
