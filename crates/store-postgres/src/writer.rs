//! The one task that writes: group commit.
//!
//! It takes all waiting writes, sends them in one transaction, and answers them all when it is committed, while the
//! next batch gathers. A rejected version or name comes back in the answer and does not affect the others. If a
//! transaction fails because of its content, it is tried again write by write, so that one does not fail its
//! neighbours; if it fails for another reason, it is tried again, once it is certain that it was not committed, until
//! it has taken too long.

mod answers;
mod encoded;

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use answers::{Answers, Came};
use encoded::Encoded;
use model::ExecutionId;
use store::CommitError;
use tokio_postgres::types::Type;

use crate::batch::{Batch, Chain};
use crate::fault::{Aftermath, Failure};
use crate::health::Health;
use crate::intake::Intake;
use crate::job::{Job, Outcome, Write};
use crate::keys::Keys;
use crate::lane::{Landed, Lane};
use crate::stats::Stats;
use crate::write::Sql;

/// Writes that may wait. More than any server has requests in flight, so that a full queue means a database that has
/// stopped, and callers should be told instead of piling up.
pub(crate) const QUEUE_CAPACITY: usize = 16_384;

/// How long a batch is tried again while the database cannot be reached or does not commit. Then the callers are told;
/// a database that starts again or changes its primary is back sooner as a rule.
const TRIED_FOR: Duration = Duration::from_secs(20);

/// How long to wait before trying again, at first and at the most.
const PAUSE_FIRST: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// How often a transaction is tried again that another one stood in the way of.
const TRIES_MAX: usize = 8;

pub(crate) struct Writer {
    pub account: Arc<str>,
    pub lane: Lane,
    pub intake: Arc<Intake<Job>>,
    pub stats: Arc<Stats>,
    pub health: Arc<Health>,
    /// Whether the last batch was given up after it had been tried for long. The batches behind it are tried once, so
    /// that no caller waits for one such time after the other.
    pub gave_up: bool,
    pub keys: Keys,
}

/// Why a batch is not there.
struct Failed {
    why: Failure,
    outcome_unknown: bool,
}

impl Writer {
    /// Runs until the queue is closed and empty.
    pub async fn run(mut self) {
        loop {
            let filled = tokio::select! {
                filled = self.intake.filled() => filled,
                () = self.lane.broken() => {
                    self.reconnect().await;
                    continue;
                }
            };
            if !filled {
                break;
            }
            self.intake.gathered().await;
            let mut batch = Batch::default();
            let jobs = self.intake.take(|job: &Job| batch.admit(&job.write));
            self.carry_out(jobs, batch).await;
        }
        if let Err(error) = self.lane.leave().await {
            tracing::debug!(%error, "the row of this writer is left to be removed later");
        }
    }

    /// After a connection broke while no write was waiting for it.
    async fn reconnect(&mut self) {
        match self.lane.connect().await {
            Ok(_) => self.health.commit_succeeded(),
            // The next write tries again, or the next health check.
            Err(error) => self.health.commit_failed(stdx::error_chain(&error)),
        }
    }

    /// Writes and answers all of it. Writes that have to be looked at again are, before any answer, so that a caller
    /// with an answer knows that everything before its write is done.
    async fn carry_out(&mut self, jobs: Vec<Job>, batch: Batch) {
        let writes: Vec<&Write> = jobs.iter().map(|job| &job.write).collect();
        let mut outcomes: Vec<Option<Outcome>> = Vec::new();
        outcomes.resize_with(jobs.len(), || None);
        let places: Vec<usize> = (0..jobs.len()).collect();
        self.settle(&writes, places, batch, &mut outcomes).await;
        for (job, outcome) in jobs.into_iter().zip(outcomes) {
            let outcome = outcome.expect("every write comes to something");
            // A caller who no longer waits gets no answer: the write is done all the same.
            let _ = job.answer.send(outcome);
        }
    }

    /// Writes a batch of the writes at these places, and the batches that follow from it.
    async fn settle(
        &mut self,
        writes: &[&Write],
        places: Vec<usize>,
        batch: Batch,
        outcomes: &mut [Option<Outcome>],
    ) {
        let mut waiting = vec![(places, batch)];
        while let Some((places, batch)) = waiting.pop() {
            let chosen: Vec<&Write> = places.iter().map(|place| writes[*place]).collect();
            match self.write(&chosen, &batch).await {
                Ok(answers) => {
                    let again = self
                        .take_answers(&chosen, &places, &batch, answers, outcomes)
                        .await;
                    if !again.is_empty() {
                        waiting.extend(batches(writes, &again));
                    }
                }
                Err(failed) => {
                    let is_own = failed.why.aftermath() == Aftermath::OfTheWrite;
                    if is_own && places.len() > 1 {
                        // One of them is to blame; the last one is taken first.
                        let alone = places
                            .iter()
                            .rev()
                            .flat_map(|place| batches(writes, &[*place]));
                        waiting.extend(alone);
                        continue;
                    }
                    for place in places {
                        let fault = failed.why.fault(writes[place].attempted());
                        let fault = if failed.outcome_unknown {
                            fault.with_outcome_unknown()
                        } else {
                            fault
                        };
                        outcomes[place] = Some(Err(CommitError::Fault(fault)));
                    }
                }
            }
        }
    }

    /// Commits a batch, also when connections break meanwhile.
    async fn write(&mut self, writes: &[&Write], batch: &Batch) -> Result<Answers, Failed> {
        let since = Instant::now();
        let tried_for = if self.gave_up {
            Duration::ZERO
        } else {
            TRIED_FOR
        };
        let mut pause = PAUSE_FIRST;
        let mut tries = 0;
        // Whether the last try may be there.
        let mut in_doubt = false;
        loop {
            let (why, was_tried) = match self.lane.connect().await {
                Ok(Landed::Yes) if in_doubt => {
                    self.gave_up = false;
                    self.health.commit_succeeded();
                    return self.answers_of_landed(writes, batch).await;
                }
                Ok(Landed::Yes | Landed::No) => {
                    in_doubt = false;
                    match self.try_write(writes, batch).await {
                        Ok(answers) => {
                            self.gave_up = false;
                            self.health.commit_succeeded();
                            return Ok(answers);
                        }
                        Err(why) => (why, true),
                    }
                }
                Err(why) => (why, false),
            };
            tries += 1;
            let aftermath = why.aftermath();
            match aftermath {
                Aftermath::InDoubt => {
                    in_doubt |= was_tried;
                    self.lane.disconnect();
                }
                Aftermath::TryAgain => {
                    self.lane.forget_statements();
                    if matches!(why, Failure::Unfenced) {
                        self.lane.disconnect();
                    }
                }
                Aftermath::OfTheWorld => {}
                Aftermath::OfTheWrite => {
                    return Err(Failed {
                        why,
                        outcome_unknown: false,
                    });
                }
            }
            let has_taken_too_long = since.elapsed() + pause > tried_for;
            let is_in_the_way = aftermath == Aftermath::TryAgain && tries >= TRIES_MAX;
            // A full disk is not free again in a moment, and callers have to learn the reason.
            let is_hopeless = aftermath == Aftermath::OfTheWorld;
            if has_taken_too_long || is_in_the_way || is_hopeless {
                self.gave_up |= has_taken_too_long;
                self.health.commit_failed(stdx::error_chain(&why));
                return Err(Failed {
                    why,
                    outcome_unknown: in_doubt,
                });
            }
            tracing::warn!(
                writes = writes.len(),
                error = stdx::error_chain(&why),
                "a transaction failed and is tried again"
            );
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// One transaction on the connection that is there.
    async fn try_write(&mut self, writes: &[&Write], batch: &Batch) -> Result<Answers, Failure> {
        let account = self.account.clone();
        let account = &&*account;
        // The number moves before anything of the batch can fail in doubt: otherwise the batch before it, which is
        // there, would be taken for this one.
        let fence = self.lane.next_fence();
        self.find_keys(writes, batch).await?;
        let keys = &self.keys;
        // The rows assert their invariants; where one does not hold, the one write fails and not the writer.
        let encoding = AssertUnwindSafe(|| Encoded::of(writes, batch, keys));
        let encoded = panic::catch_unwind(encoding).map_err(|panic| Failure::of_panic(&*panic))?;
        let mut statements = Vec::new();
        // The statement of the transitions passes the fence by itself.
        statements.push(if batch.chains.is_empty() {
            fence.sql(account)
        } else {
            encoded.transitions.sql(account, &fence)
        });
        let mut ends = Vec::new();
        for rows in &encoded.steps {
            statements.extend(rows.statements(account));
            ends.push(statements.len());
        }
        let begun = Instant::now();
        let mut answers = self.lane.transact(&statements).await?;
        self.stats.committed(writes.len(), begun.elapsed());
        let mut returned = Vec::with_capacity(ends.len());
        for end in ends {
            // The last statement of each step tells.
            returned.push(Some(std::mem::take(&mut answers[end - 1])));
        }
        let mut chains = vec![Came::Refused; batch.chains.len()];
        let mut is_fenced = batch.chains.is_empty();
        if !batch.chains.is_empty() {
            for row in &answers[0] {
                let chain: i64 = row.try_get(0)?;
                match usize::try_from(chain) {
                    Ok(chain) => {
                        chains[chain] = Came::Through;
                        self.remember(writes, &batch.chains[chain], row.try_get(1)?);
                    }
                    Err(_) => is_fenced = true,
                }
            }
        }
        if !is_fenced {
            return Err(Failure::Unfenced);
        }
        Ok(Answers {
            chains,
            steps: returned,
        })
    }

    /// Looks up the executions that are changed, where nothing was written of them lately.
    async fn find_keys(&mut self, writes: &[&Write], batch: &Batch) -> Result<(), Failure> {
        let mut unknown: Vec<&ExecutionId> = Vec::new();
        for chain in &batch.chains {
            let id = chain.jobs.first().and_then(|job| writes[*job].execution());
            if let Some(id) = id
                && chain.advances()
                && !self.keys.knows(id)
            {
                unknown.push(id);
            }
        }
        if unknown.is_empty() {
            return Ok(());
        }
        let account = &*self.account;
        let ids: Vec<_> = unknown.iter().map(|id| id.as_str()).collect();
        let sql = Sql::fixed(
            include_str!("sql/read/keys.sql"),
            vec![(&account, Type::TEXT), (&ids, Type::TEXT_ARRAY)],
        );
        for row in self.lane.query(&sql).await? {
            // One that is not there keeps no key, and its transition is refused.
            let place: i64 = row.try_get(0)?;
            let found = usize::try_from(place - 1).ok();
            if let Some(id) = found.and_then(|place| unknown.get(place)) {
                self.keys.insert(id, row.try_get(1)?);
            }
        }
        Ok(())
    }

    /// Keeps the key of an execution that goes on.
    fn remember(&mut self, writes: &[&Write], chain: &Chain, key: Option<i64>) {
        let Some(Write::Commit(last)) = chain.jobs.last().map(|job| writes[*job]) else {
            return;
        };
        let id = &last.spec.arn.id;
        if chain.removes || last.state.outcome.is_some() {
            self.keys.forget(id);
        } else if let (0, Some(key)) = (chain.from, key) {
            self.keys.insert(id, key);
        }
    }
}

/// Batches of the writes at these places, the last one first.
fn batches(writes: &[&Write], places: &[usize]) -> Vec<(Vec<usize>, Batch)> {
    let mut batches = Vec::new();
    let mut left = places;
    while !left.is_empty() {
        let mut batch = Batch::default();
        let count = left
            .iter()
            .take_while(|place| batch.admit(writes[**place]))
            .count();
        let (these, rest) = left.split_at(count);
        batches.push((these.to_vec(), batch));
        left = rest;
    }
    batches.reverse();
    batches
}
