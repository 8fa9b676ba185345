//! The outcomes of the writes of a batch, and the answers to all callers: also when the database's answer was lost.

use engine::Transition;
use model::ExecutionArn;
use std::sync::Arc;
use store::{AsyncInvocationId, CommitError, StoreFault};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::{Failed, Writer};
use crate::batch::{Batch, Chain, Step};
use crate::cells::Columns;
use crate::fault::Failure;
use crate::job::{Outcome, Write, Written};
use crate::read::read_arn;
use crate::write::Sql;

/// The results of a transaction.
pub(super) struct Answers {
    pub chains: Vec<Came>,
    /// The rows that each step returned; `None` when they are not known.
    pub steps: Vec<Option<Vec<Row>>>,
}

/// Whether a chain came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    Through,
    Refused,
    /// The answer was lost, and the stored data does not tell.
    Unknown,
}

impl Came {
    const fn of(through: bool) -> Self {
        if through {
            Self::Through
        } else {
            Self::Refused
        }
    }
}

impl Writer {
    /// Tells every caller its outcome; returns the places of the writes that have to be looked at again.
    pub(super) async fn take_answers(
        &mut self,
        writes: &[&Write],
        places: &[usize],
        batch: &Batch,
        answers: Answers,
        outcomes: &mut [Option<Outcome>],
    ) -> Vec<usize> {
        let mut again = Vec::new();
        for (chain, came) in batch.chains.iter().zip(answers.chains) {
            let [first, rest @ ..] = chain.jobs.as_slice() else {
                continue;
            };
            match came {
                Came::Through => {
                    for job in &chain.jobs {
                        outcomes[places[*job]] = Some(Ok(Written::Done));
                    }
                    continue;
                }
                Came::Unknown => {
                    for job in &chain.jobs {
                        outcomes[places[*job]] = Some(Err(unknown(writes[*job])));
                    }
                    continue;
                }
                Came::Refused => {}
            }
            // The remembered key may be of a database that lost its last commits and has made them anew.
            if let Some(id) = writes[*first].execution() {
                self.keys.forget(id);
            }
            let refusal = self.refusal(writes[*first]).await;
            match refusal {
                Some(error) => {
                    outcomes[places[*first]] = Some(Err(error));
                    // They may be links of the stored chain.
                    again.extend(rest.iter().map(|job| places[*job]));
                }
                None => again.extend(chain.jobs.iter().map(|job| places[*job])),
            }
        }
        for (step, returned) in batch.steps.iter().zip(answers.steps) {
            self.take_step(writes, places, step, returned, outcomes);
        }
        again
    }

    fn take_step(
        &self,
        writes: &[&Write],
        places: &[usize],
        step: &Step,
        returned: Option<Vec<Row>>,
        outcomes: &mut [Option<Outcome>],
    ) {
        match step {
            Step::Enqueue(jobs) => {
                let rows = returned.unwrap_or_default();
                for (number, job) in jobs.iter().enumerate() {
                    let id = rows
                        .get(number)
                        .and_then(|row| row.try_get::<_, i64>(0).ok());
                    outcomes[places[*job]] = Some(match id {
                        Some(id) => Ok(Written::Enqueued(AsyncInvocationId(id))),
                        None => Err(unknown(writes[*job])),
                    });
                }
            }
            Step::Dequeue(jobs) => {
                for job in jobs {
                    outcomes[places[*job]] = Some(Ok(Written::Done));
                }
            }
            Step::One(_, job) => {
                let outcome = match (writes[*job], returned) {
                    // This is its mark; the other step has its outcome.
                    (Write::EnqueueScheduled(..), _) => return,
                    (Write::PutFunctionVersion(record), Some(rows)) if rows.is_empty() => {
                        let refused =
                            StoreFault::published_already(&record.function, &record.version);
                        Err(refused.into())
                    }
                    (Write::PutFunctionVersion(_), None) => Err(unknown(writes[*job])),
                    (_, _) => Ok(Written::Done),
                };
                outcomes[places[*job]] = Some(outcome);
            }
        }
    }

    /// Why a transition was refused; `None` when nothing stands in its way any more.
    async fn refusal(&mut self, write: &Write) -> Option<CommitError> {
        let Write::Commit(transition) = write else {
            return None;
        };
        let conflict = || CommitError::VersionConflict(transition.spec.arn.id.clone());
        if transition.from_version > 0 {
            return Some(conflict());
        }
        match self.in_the_way(transition).await {
            Ok(None) => None,
            Ok(Some(arn)) if arn.id == transition.spec.arn.id => Some(conflict()),
            Ok(Some(arn)) => Some(CommitError::NameTaken(Box::new(arn))),
            Err(why) => Some(CommitError::Fault(why.fault(write.attempted()))),
        }
    }

    /// The execution with the id of a start, or else with its name.
    async fn in_the_way(&mut self, start: &Transition) -> Result<Option<ExecutionArn>, Failure> {
        let account = &*self.account;
        let arn = &start.spec.arn;
        let (id, function, name) = (
            arn.id.as_str(),
            arn.function.name.as_str(),
            arn.name.as_str(),
        );
        let sql = Sql::fixed(
            include_str!("../sql/read/in_the_way.sql"),
            vec![
                (&account, Type::TEXT),
                (&id, Type::TEXT),
                (&function, Type::TEXT),
                (&name, Type::TEXT),
            ],
        );
        let rows = self.lane.query(&sql).await?;
        let read = rows.first().map(|row| read_arn(&mut Columns::of(row)));
        Ok(read.and_then(Result::ok))
    }

    /// The known answers of a transaction that is there and whose own answers were lost.
    pub(super) async fn answers_of_landed(
        &mut self,
        writes: &[&Write],
        batch: &Batch,
    ) -> Result<Answers, Failed> {
        let mut chains = Vec::with_capacity(batch.chains.len());
        for chain in &batch.chains {
            let first = chain.jobs.first().map(|job| writes[*job]);
            let Some(Write::Commit(transition)) = first else {
                unreachable!("a chain has links")
            };
            match self.landed(transition, chain).await {
                Ok(landed) => chains.push(landed),
                Err(why) => {
                    return Err(Failed {
                        why,
                        outcome_unknown: true,
                    });
                }
            }
        }
        let mut steps = Vec::with_capacity(batch.steps.len());
        for step in &batch.steps {
            steps.push(match step {
                Step::Enqueue(jobs) => self.accepted(writes, jobs).await.ok(),
                Step::Dequeue(_) | Step::One(..) => None,
            });
        }
        Ok(Answers { chains, steps })
    }

    /// The numbers under which invocations were accepted, by a transaction that is there.
    async fn accepted(&mut self, writes: &[&Write], jobs: &[usize]) -> Result<Vec<Row>, Failure> {
        let account = Arc::clone(&self.account);
        let account = &*account;
        let request_id = |job: &usize| match writes[*job] {
            Write::Enqueue(invocation) | Write::EnqueueScheduled(invocation, _) => {
                Some(invocation.request_id.as_str())
            }
            _ => None,
        };
        let ids: Vec<_> = jobs.iter().filter_map(request_id).collect();
        let sql = Sql::fixed(
            include_str!("../sql/read/accepted.sql"),
            vec![(&account, Type::TEXT), (&ids, Type::TEXT_ARRAY)],
        );
        self.lane.query(&sql).await
    }

    /// Whether the chain that begins with this came through, in the last batch, which is there.
    async fn landed(&mut self, first: &Transition, chain: &Chain) -> Result<Came, Failure> {
        let account = &*self.account;
        let id = first.spec.arn.id.as_str();
        let sql = Sql::fixed(
            include_str!("../sql/read/landed.sql"),
            vec![(&account, Type::TEXT), (&id, Type::TEXT)],
        );
        let rows = self.lane.query(&sql).await?;
        let Some(row) = rows.first() else {
            return Ok(Came::of(chain.removes));
        };
        let version = row.try_get::<_, i64>(0)?.cast_unsigned();
        let (writer, number): (i64, i64) = (row.try_get(1)?, row.try_get(2)?);
        Ok(if self.lane.is_last_batch(writer, number) {
            Came::Through
        } else if chain.changes_nothing() {
            Came::of(version == chain.from)
        } else if chain.removes || version <= chain.to || writer == self.lane.writer() {
            // No other write has changed it since, and another batch made the stored version.
            Came::Refused
        } else {
            // Another server has gone on, from this or from something else.
            Came::Unknown
        })
    }
}

/// The fault of a write that is there, although its result is not known.
fn unknown(write: &Write) -> CommitError {
    let cause = "the connection broke before the database said what it came to";
    let fault = StoreFault::new(write.attempted(), true, cause);
    CommitError::Fault(fault.with_outcome_unknown())
}
