//! The clock of this server: shows it, and moves it.

use std::sync::Arc;
use std::time::Duration;

use hyper::{Response, StatusCode};
use jiff::Timestamp as Instant;
use lambda_api::ErrorCode;
use model::{ExecutionArn, ExecutionId, Timestamp};
use runtime::ClockMode;
use serde::{Deserialize, Serialize};
use stdx::error_chain;
use utoipa::ToSchema;
use wire::ApiError;

use super::processes;
use crate::api::small_json;
use crate::app::App;
use crate::http::{Body, RequestBody, json};
use wind::{NotWound, Period, Stands, Unanswered, Until};

pub(super) const ROUTE: &str = "/lambdura/v1/clock";

/// How long, in real time, a request that moves time waits for running functions.
const WITHIN: Duration = Duration::from_secs(30);
const WITHIN_MAX: Duration = Duration::from_secs(600);

/// Latest instant that time can be moved to, 2400-01-01: far enough from the end of the calendar, where computing
/// fails.
const LATEST: Instant = Instant::constant(13_569_465_600, 0);

/// Where the clock stands. Instants are epoch milliseconds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClockShown {
    /// `real`, `auto` or `manual`.
    pub mode: &'static str,
    /// What it shows.
    pub now_at: i64,
    /// The time of the machine.
    pub real_now_at: i64,
    /// How far it is ahead of that; behind when negative.
    pub ahead_ms: i64,
    /// Whether it was told not to move by itself.
    pub is_held: bool,
    /// `real`; `works`: something is at work, or was a moment ago; `nothing_due`; `waits_for_answers`; `stands`: it moves
    /// when it is told to.
    pub state: &'static str,
    /// Invocations, requests and effects that are at work.
    pub at_work: usize,
    /// Functions whose processes are busy.
    pub busy_functions: Vec<String>,
    /// When anything comes due next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_at: Option<i64>,
    /// Callbacks that nobody answers, the first few.
    pub unanswered: Vec<UnansweredShown>,
}

/// A callback that somebody outside has to answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UnansweredShown {
    /// The execution's ARN.
    pub execution: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub callback_id: String,
    pub times_out: bool,
}

/// One way to move time.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoveClock {
    /// By so much: `30d`, `1h 30m`, or a number of seconds.
    #[schema(value_type = Option<String>)]
    advance: Option<Period>,
    /// To an instant of RFC 3339.
    advance_to: Option<String>,
    /// To the next instant that anything comes due.
    #[serde(default)]
    next: bool,
    /// Until this execution, by ARN or id, has ended, or nothing waits for any time.
    until_ended: Option<String>,
    /// Whether it moves by itself, in mode `auto`.
    hold: Option<bool>,
    /// How many seconds of real time this may take; 30 when absent, at most 600.
    within_seconds: Option<u32>,
}

/// What a request asks for.
enum Asked {
    Move(Until),
    Hold(bool),
}

/// Returns the state of the clock.
#[utoipa::path(get, path = "/lambdura/v1/clock", responses((status = 200, body = ClockShown)))]
pub(crate) async fn show(app: &Arc<App>) -> Result<Response<Body>, ApiError> {
    Ok(json(StatusCode::OK, &shown(app).await?))
}

/// Moves time, and returns once everything due on the way has happened.
#[utoipa::path(
    post,
    path = "/lambdura/v1/clock",
    request_body = MoveClock,
    responses((status = 200, body = ClockShown)),
)]
pub(crate) async fn change(app: &Arc<App>, body: RequestBody) -> Result<Response<Body>, ApiError> {
    let request: MoveClock = small_json(body).await?;
    let within = match request.within_seconds {
        None => WITHIN,
        Some(seconds) => Duration::from_secs(seconds.into()),
    };
    if within.is_zero() || within > WITHIN_MAX {
        let most = WITHIN_MAX.as_secs();
        let message = format!("`within_seconds` is a number from 1 to {most}");
        return Err(ApiError::invalid_parameter(message));
    }
    let Some(winder) = &app.winder else {
        return Err(refused(NotWound::Real));
    };
    match request.asked()? {
        Asked::Hold(held) => winder.hold(held).map_err(refused)?,
        Asked::Move(until) => match tokio::time::timeout(within, winder.wind(until)).await {
            Ok(moved) => moved.map_err(refused)?,
            Err(_) => return Err(still_at_work(app, within)),
        },
    }
    show(app).await
}

impl MoveClock {
    fn asked(self) -> Result<Asked, ApiError> {
        let to = self.advance_to.as_deref().map(instant).transpose()?;
        let until_ended = self.until_ended.as_deref().map(execution_id).transpose()?;
        let mut ways = [
            self.advance.map(|by| Asked::Move(Until::By(by.0))),
            to.map(|at| Asked::Move(Until::Instant(at))),
            self.next.then_some(Asked::Move(Until::Next)),
            until_ended.map(|id| Asked::Move(Until::Ended(id))),
            self.hold.map(Asked::Hold),
        ]
        .into_iter()
        .flatten();
        match (ways.next(), ways.next()) {
            (Some(way), None) => Ok(way),
            _none_or_several => Err(ApiError::invalid_parameter(
                "Say one of `advance`, `advance_to`, `next`, `until_ended` and `hold`.",
            )),
        }
    }
}

fn instant(text: &str) -> Result<Timestamp, ApiError> {
    let at: Result<Instant, _> = text.parse();
    let at = at.map_err(|error| {
        let message =
            format!("`{text}` is not an instant ({error}); write it as `2027-01-31T08:00:00Z`");
        ApiError::invalid_parameter(message)
    })?;
    if at > LATEST {
        let message = format!("`{text}` is too far away: the latest time is {LATEST}");
        return Err(ApiError::invalid_parameter(message));
    }
    Ok(Timestamp::from_millis(at.as_millisecond()))
}

fn execution_id(text: &str) -> Result<ExecutionId, ApiError> {
    let id = match text.parse::<ExecutionArn>() {
        Ok(arn) => Some(arn.id),
        Err(_) => ExecutionId::parse(text).ok(),
    };
    id.ok_or_else(|| {
        let message =
            format!("`{text}` is neither an execution's ARN nor the id that it ends with");
        ApiError::invalid_parameter(message)
    })
}

async fn shown(app: &Arc<App>) -> Result<ClockShown, ApiError> {
    let clock = app.driver.clock();
    let now = clock.now();
    let ahead_ms = clock.ahead_millis();
    let mut shown = ClockShown {
        mode: ClockMode::Real.as_str(),
        now_at: now.as_millis(),
        real_now_at: now.as_millis() - ahead_ms,
        ahead_ms,
        is_held: false,
        state: "real",
        at_work: 0,
        busy_functions: busy_functions(app),
        next_at: None,
        unanswered: Vec::new(),
    };
    if let Some(winder) = &app.winder {
        let clock = winder.clock();
        let next = winder.next().await?;
        shown.mode = clock.mode().as_str();
        shown.is_held = winder.is_held();
        shown.at_work = clock.at_work();
        shown.next_at = next.map(Timestamp::as_millis);
        if clock.mode() != ClockMode::Real {
            let stands = match shown.at_work {
                0 => winder.stands(),
                _some => Stands::Works,
            };
            shown.state = match &stands {
                Stands::Works => "works",
                Stands::NothingDue => "nothing_due",
                Stands::WaitsForAnswers(_) => "waits_for_answers",
                Stands::Held => "stands",
            };
            if let Stands::WaitsForAnswers(unanswered) = stands {
                shown.unanswered = unanswered.into_iter().map(Into::into).collect();
            }
        }
    }
    Ok(shown)
}

impl From<Unanswered> for UnansweredShown {
    fn from(it: Unanswered) -> Self {
        Self {
            execution: it.execution,
            name: it.name,
            callback_id: it.callback_id,
            times_out: it.times_out,
        }
    }
}

fn busy_functions(app: &Arc<App>) -> Vec<String> {
    let processes = processes(app).into_iter();
    let mut busy: Vec<_> = processes
        .filter(|it| it.busy > 0 || it.queued > 0)
        .map(|it| it.function)
        .collect();
    busy.sort();
    busy.dedup();
    busy
}

fn still_at_work(app: &Arc<App>, within: Duration) -> ApiError {
    let busy = busy_functions(app);
    let who = match busy.as_slice() {
        [] => "Something is".to_owned(),
        [one] => format!("The function {one} is"),
        several => format!("The functions {} are", several.join(", ")),
    };
    let message = format!(
        "{who} still at work after {} s of real time, and time is only moved while nothing is. It has gone part of the \
         way at most; say it again, with a larger `within_seconds`.",
        within.as_secs()
    );
    ApiError::new(ErrorCode::ResourceConflict, message)
}

fn refused(error: NotWound) -> ApiError {
    match error {
        NotWound::Real => ApiError::new(
            ErrorCode::ResourceConflict,
            "The clock of this server is the real one, which nobody moves. Start it with `lambdura up --clock manual`, \
             or `--clock auto`.",
        ),
        NotWound::Past => {
            ApiError::invalid_parameter("That is before now, and time does not go back.")
        }
        NotWound::Fault(fault) => fault.into(),
        NotWound::Keep(error) => ApiError::new(
            ErrorCode::Service,
            format!("time was not moved: {}", error_chain(&error)),
        ),
    }
}
