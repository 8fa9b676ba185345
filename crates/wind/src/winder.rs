//! Moves the clock.
//!
//! Everything goes by two questions: is it quiet (nothing at work, and nothing due that has not happened), and which
//! instant is awaited next. Time is only moved when it is quiet, and never past the next awaited instant.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use model::{ExecutionId, ExecutionStatus, Timestamp};
use runtime::{Clock as _, ClockMode, Driver, WoundClock};
use store::{OpenCallback, StoreFault};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::{Answers, ComesDue};

/// How long, in real time, an outside party has to answer a callback that times out some day, before the clock goes on
/// to that day: a test answers as soon as it sees the callback, and must not race it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Pause after a fault of the store.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Unanswered callbacks that are named.
const NAMED_MAX: usize = 20;

/// Callbacks read at once.
const PAGE: usize = 1_000;

/// Moves a clock that can be wound.
pub struct Winder {
    driver: Driver,
    clock: WoundClock,
    schedules: Arc<dyn ComesDue>,
    answers: Arc<Answers>,
    /// One moves time at a time.
    turn: tokio::sync::Mutex<()>,
    /// Whether the clock does not move by itself, though it is `auto`.
    held: AtomicBool,
    stands: Mutex<Stands>,
}

/// The state of the clock.
#[derive(Debug, Clone, Default)]
pub enum Stands {
    /// Something is at work, or was a moment ago.
    #[default]
    Works,
    /// Nothing waits for any instant.
    NothingDue,
    /// An outside party has to answer first.
    WaitsForAnswers(Vec<Unanswered>),
    /// It moves when it is told to.
    Held,
}

/// A callback that an outside party has to answer.
#[derive(Debug, Clone)]
pub struct Unanswered {
    pub execution: String,
    pub name: Option<String>,
    pub callback_id: String,
    pub times_out: bool,
}

/// How far time is to go.
#[derive(Debug, Clone)]
pub enum Until {
    /// To this instant.
    Instant(Timestamp),
    /// By so much.
    By(Duration),
    /// To the next instant that anything comes due.
    Next,
    /// To the end of an execution, or until nothing waits for any time.
    Ended(ExecutionId),
}

/// Why time was not moved.
#[derive(Debug, Error)]
pub enum NotWound {
    /// The mode does not allow it.
    #[error("the clock here is the real one, which nobody moves")]
    Real,
    /// That is past.
    #[error("that is before now, and time does not go back")]
    Past,
    /// The store failed.
    #[error(transparent)]
    Fault(#[from] StoreFault),
    /// It could not be kept.
    #[error("where the clock stands could not be kept")]
    Keep(#[from] io::Error),
}

impl Winder {
    pub fn new(
        driver: Driver,
        clock: WoundClock,
        schedules: Arc<dyn ComesDue>,
        answers: Arc<Answers>,
    ) -> Self {
        Self {
            driver,
            clock,
            schedules,
            answers,
            turn: tokio::sync::Mutex::default(),
            held: AtomicBool::new(false),
            stands: Mutex::default(),
        }
    }

    pub fn clock(&self) -> &WoundClock {
        &self.clock
    }

    pub fn stands(&self) -> Stands {
        let stands = self.stands.lock();
        stands.unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn is_held(&self) -> bool {
        self.held.load(Ordering::SeqCst)
    }

    /// Keeps an `auto` clock from moving by itself, or lets it again.
    pub fn hold(&self, held: bool) -> Result<(), NotWound> {
        self.movable()?;
        self.held.store(held, Ordering::SeqCst);
        self.clock.disturb();
        Ok(())
    }

    /// When anything comes due next, by the time that it was.
    pub async fn next(&self) -> Result<Option<Timestamp>, StoreFault> {
        let answers = self.answers.next_due(&self.driver).await?;
        let dues = [
            self.driver.next_deadline().await?,
            self.clock.next_due(),
            self.schedules.next_at(),
            answers,
        ];
        Ok(dues.into_iter().flatten().min())
    }

    /// Moves time, and returns once it is quiet there. Dropped half way, it has gone part of the way.
    pub async fn wind(&self, until: Until) -> Result<(), NotWound> {
        self.movable()?;
        // The requested instant may be past by the time of this one's turn.
        if let Until::Instant(at) = until
            && at < self.clock.now()
        {
            return Err(NotWound::Past);
        }
        let _turn = self.turn.lock().await;
        match until {
            Until::Instant(at) => self.wind_to(at).await,
            Until::By(length) => self.wind_to(self.clock.now() + length).await,
            Until::Next => match self.quiet().await?.next {
                Some(at) => self.wind_to(at).await,
                None => Ok(()),
            },
            Until::Ended(id) => self.wind_until_ended(&id).await,
        }
    }

    fn movable(&self) -> Result<(), NotWound> {
        match self.clock.mode() {
            ClockMode::Real => Err(NotWound::Real),
            ClockMode::Auto | ClockMode::Manual => Ok(()),
        }
    }

    /// Goes to an instant; deadlines on the way fire in their time.
    async fn wind_to(&self, at: Timestamp) -> Result<(), NotWound> {
        loop {
            let Quiet { generation, next } = self.quiet().await?;
            let next = next.filter(|next| *next < at);
            let is_moved = self.clock.move_to(next.unwrap_or(at), generation).await?;
            if is_moved && next.is_none() {
                self.quiet().await?;
                return Ok(());
            }
        }
    }

    async fn wind_until_ended(&self, id: &ExecutionId) -> Result<(), NotWound> {
        loop {
            let quiet = self.quiet().await?;
            let record = self.driver.store().head(id).await?;
            if record.is_none_or(|head| head.ended_at.is_some()) {
                return Ok(());
            }
            let Some(awaited) = self.next_awaited().await? else {
                return Ok(());
            };
            self.step_towards(awaited, &quiet).await?;
        }
    }

    /// Goes to the next awaited instant, at the most to this instant; not at all if it is not quiet any more.
    async fn step_towards(&self, at: Timestamp, quiet: &Quiet) -> io::Result<()> {
        let next = quiet.next.map_or(at, |next| next.min(at));
        self.clock.move_to(next, quiet.generation).await?;
        Ok(())
    }

    /// When something comes due next that something waits for: schedules, timeouts of executions that wait for nothing
    /// else and the ends of records do not draw time on.
    async fn next_awaited(&self) -> Result<Option<Timestamp>, StoreFault> {
        let answers = self.answers.next_due(&self.driver).await?;
        let dues = [
            self.driver.next_awaited().await?,
            self.clock.next_due(),
            answers,
        ];
        Ok(dues.into_iter().flatten().min())
    }

    /// Waits until nothing is at work, and nothing is due that has not happened. Time runs meanwhile: a failed attempt
    /// is repeated after a while.
    async fn quiet(&self) -> Result<Quiet, StoreFault> {
        let _runs = self.clock.run();
        let mut stirs = self.clock.stirs();
        loop {
            stirs.mark_unchanged();
            let generation = self.clock.generation();
            if self.clock.at_work() == 0 {
                let next = self.next().await?;
                let is_overdue = next.is_some_and(|at| at <= self.clock.now());
                if !is_overdue && self.clock.generation() == generation {
                    return Ok(Quiet { generation, next });
                }
            }
            stirs.changed().await.expect("this winder has the clock");
        }
    }

    /// Moves time to the next awaited instant, once it is quiet; otherwise returns the state of the clock. For callers
    /// that look at everything on the way: unlike [`Winder::run`] it never goes on past a callback that has no answer.
    pub async fn step(&self) -> Result<Option<Stands>, NotWound> {
        self.movable()?;
        let _turn = self.turn.lock().await;
        let quiet = self.quiet().await?;
        let unanswered = self.unanswered().await?;
        if !unanswered.is_empty() {
            return Ok(Some(Stands::WaitsForAnswers(unanswered)));
        }
        self.step_from(&quiet).await
    }

    /// As [`Winder::step`], past callbacks that have no answer.
    pub async fn step_past_callbacks(&self) -> Result<Option<Stands>, NotWound> {
        self.movable()?;
        let _turn = self.turn.lock().await;
        let quiet = self.quiet().await?;
        self.step_from(&quiet).await
    }

    async fn step_from(&self, quiet: &Quiet) -> Result<Option<Stands>, NotWound> {
        let Some(awaited) = self.next_awaited().await? else {
            return Ok(Some(Stands::NothingDue));
        };
        self.step_towards(awaited, quiet).await?;
        Ok(None)
    }

    /// Moves the clock by itself, until the shutdown. In mode `manual` it only reports the state.
    pub async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        let ended = shutdown.cancelled_owned();
        tokio::pin!(ended);
        tokio::select! {
            () = self.wind_by_itself() => {}
            () = &mut ended => {}
        }
    }

    async fn wind_by_itself(&self) {
        let mut stirs = self.clock.stirs();
        // Since when, in real time, callbacks have been seen that time out some day.
        let mut seen = HashMap::new();
        loop {
            stirs.mark_unchanged();
            let stands = {
                let _turn = self.turn.lock().await;
                self.step_by_itself(&mut seen).await
            };
            let rest = match stands {
                // It was moved: on.
                Ok(Step::Moved) => continue,
                Ok(Step::Rests(stands, rest)) => {
                    *self.stands.lock().unwrap_or_else(PoisonError::into_inner) = stands;
                    rest
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "failed to move the clock; trying again");
                    Some(PAUSE_AFTER_FAILURE)
                }
            };
            let patience = async {
                match rest {
                    Some(rest) => tokio::time::sleep(rest).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = patience => {}
                changed = stirs.changed() => changed.expect("this winder has the clock"),
            }
            *self.stands.lock().unwrap_or_else(PoisonError::into_inner) = Stands::Works;
        }
    }

    /// Moves the clock to the next awaited instant; otherwise says why not, and for how long at the most.
    async fn step_by_itself(&self, seen: &mut Seen) -> Result<Step, NotWound> {
        let quiet = self.quiet().await?;
        let mut unanswered = self.unanswered().await?;
        let (never_times_out, patience) = patience(&unanswered, seen);
        if never_times_out || patience.is_some() {
            unanswered.truncate(NAMED_MAX);
            let rest = patience.filter(|_| !never_times_out);
            return Ok(Step::Rests(Stands::WaitsForAnswers(unanswered), rest));
        }
        if self.is_held() || self.clock.mode() != ClockMode::Auto {
            return Ok(Step::Rests(Stands::Held, None));
        }
        let Some(awaited) = self.next_awaited().await? else {
            return Ok(Step::Rests(Stands::NothingDue, None));
        };
        self.step_towards(awaited, &quiet).await?;
        Ok(Step::Moved)
    }

    /// Open callbacks that no rule answers, those that do not time out first.
    async fn unanswered(&self) -> Result<Vec<Unanswered>, StoreFault> {
        let mut unanswered = Vec::new();
        let mut after = None;
        loop {
            let store = self.driver.store();
            let page = store.open_callbacks(None, after, PAGE).await?;
            after = page.last().map(|last| last.cursor);
            let is_last = page.len() < PAGE;
            for callback in page {
                let runs = callback.execution_status == ExecutionStatus::Running
                    && !self.driver.is_set_aside(&callback.arn.id);
                if runs && !self.answers.knows(&self.driver, &callback).await? {
                    unanswered.extend(Unanswered::of(&callback));
                }
            }
            if is_last {
                break;
            }
        }
        unanswered.sort_by_key(|it| it.times_out);
        Ok(unanswered)
    }
}

/// That nothing was at work, and nothing overdue.
struct Quiet {
    /// The clock's, by which it knows whether that still holds.
    generation: u64,
    /// When anything comes due next.
    next: Option<Timestamp>,
}

/// When callbacks were first seen, by their ids.
type Seen = HashMap<String, Instant>;

/// The result of a try to move the clock.
enum Step {
    Moved,
    /// It was not moved; it is tried again when something stirs, or after that long.
    Rests(Stands, Option<Duration>),
}

/// Whether a callback holds the clock for good, and how long the callbacks hold it that time out some day.
fn patience(unanswered: &[Unanswered], seen: &mut Seen) -> (bool, Option<Duration>) {
    let now = Instant::now();
    let ids: HashSet<&str> = unanswered
        .iter()
        .map(|it| it.callback_id.as_str())
        .collect();
    seen.retain(|id, _| ids.contains(id.as_str()));
    let mut longest = None;
    for callback in unanswered.iter().filter(|it| it.times_out) {
        let first = *seen.entry(callback.callback_id.clone()).or_insert(now);
        let left = PATIENCE.checked_sub(now.duration_since(first));
        longest = longest.max(left.filter(|left| !left.is_zero()));
    }
    (unanswered.iter().any(|it| !it.times_out), longest)
}

impl Unanswered {
    fn of(callback: &OpenCallback) -> Option<Self> {
        let model::OperationDetails::Callback {
            callback_id,
            timeout_seconds,
            heartbeat_timeout_seconds,
            ..
        } = &callback.operation.details
        else {
            return None;
        };
        Some(Self {
            execution: callback.arn.to_string(),
            name: callback.operation.name.clone(),
            callback_id: callback_id.to_string(),
            times_out: timeout_seconds.is_some() || heartbeat_timeout_seconds.is_some(),
        })
    }
}
