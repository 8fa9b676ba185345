//! A store that is slow, fails, fills up, and sees the server die, within what a store promises.

use std::sync::Arc;
use std::time::Duration;

use engine::Transition;
use store::{Call, StoreFault, StoreFuture, StoreHealth, StoreTrouble, Surround};

use crate::fault::Fault;
use crate::machine::Machine;
use crate::world::{Counted, World};

pub(crate) struct AroundStore(pub Arc<Machine>);

/// The fate of a commit.
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
            self.0.goes().await;
            self.0.world.count(Counted::Calls);
            let attempted = what(&call);
            self.0.passes(attempted).await?;
            let done = self.perform(call, inner).await;
            self.0.passes(attempted).await?;
            self.0.goes().await;
            self.0.note_answered();
            done
        })
    }

    fn health(&self, inner: StoreHealth) -> StoreHealth {
        let failing = self.0.failing();
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
    async fn perform<'a, T, E>(
        &'a self,
        call: Call,
        inner: impl FnOnce() -> StoreFuture<'a, T, E> + Send + 'a,
    ) -> Result<T, E>
    where
        E: From<StoreFault>,
    {
        let world = &self.0.world;
        match call {
            Call::Commit(transition) => self.commit(&transition, inner).await,
            Call::Load(id) => {
                let stored = world.execution(&id);
                let name = stored.map(|it| World::name_of(&it.spec.arn).to_owned());
                if name.is_some_and(|name| world.is_unreadable(&name)) {
                    return Err(fault("load an execution", false).into());
                }
                self.read(inner).await
            }
            Call::Read(_) => self.read(inner).await,
            Call::Write(what) | Call::Describe(what) => {
                self.0.note(what);
                inner().await
            }
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
        let world = &self.0.world;
        let nth = world.count(Counted::Commits);
        let attempted = format!("commit {nth}");
        if let Some(ms) = self.slow(nth) {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            self.0.goes().await;
        }
        let fate = self.fate(nth);
        match fate {
            Commit::DiesBefore => self.0.die(&format!("before {attempted}")),
            Commit::Fails => {
                self.0.note_works(false);
                self.0.note(&format!("{attempted} fails"));
                return Err(fault(&attempted, true).into());
            }
            Commit::Unknown { landed: false } => {
                self.0.note_works(false);
                self.0.note(&format!(
                    "{attempted} fails, and is perhaps there (it is not)"
                ));
                return Err(fault(&attempted, true).with_outcome_unknown().into());
            }
            Commit::Works | Commit::DiesAfter | Commit::Unknown { landed: true } => {}
        }
        self.0.goes().await;
        let before = world.execution(&transition.spec.arn.id);
        let done = inner().await;
        self.0.note_works(true);
        if done.is_ok() {
            world.committed(&self.0, before.as_ref(), transition, &attempted);
        } else {
            self.0.note(&format!("{attempted} is refused"));
        }
        match fate {
            Commit::DiesAfter => self.0.die(&format!("after {attempted}")),
            Commit::Unknown { landed: true } => {
                self.0.note_works(false);
                self.0
                    .note(&format!("{attempted} fails, and is perhaps there (it is)"));
                return Err(fault(&attempted, true).with_outcome_unknown().into());
            }
            _ => {}
        }
        self.0.goes().await;
        done
    }

    fn fate(&self, commit: u64) -> Commit {
        let world = &self.0.world;
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
        self.0.world.fault(|fault| match *fault {
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
        let read = self.0.world.count(Counted::Reads);
        let slow = self.0.world.fault(|fault| match *fault {
            Fault::ReadSlow { nth, ms } if nth == read => Some(ms),
            _ => None,
        });
        if let Some(ms) = slow {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            self.0.goes().await;
        }
        let fails = self.0.world.fault(|fault| match *fault {
            Fault::ReadFails { nth } if nth == read => Some(()),
            _ => None,
        });
        if fails.is_some() {
            self.0.note(&format!("read {read} fails"));
            return Err(fault("read", true).into());
        }
        inner().await
    }
}

/// The name of a call.
fn what(call: &Call) -> &'static str {
    match call {
        Call::Commit(_) => "commit",
        Call::Load(_) => "load",
        Call::Write(what) | Call::Describe(what) | Call::Read(what) => what,
    }
}

fn fault(attempted: &str, retryable: bool) -> StoreFault {
    StoreFault::new(attempted, retryable, "told to fail")
}
