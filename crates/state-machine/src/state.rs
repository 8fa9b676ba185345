//! One state, from its input to its output.

use std::time::Duration;

use asl::{Left, Rule, State, StateError, StateKind, Transition, Wait};
use lambdura::DurableContext;
use serde_json::Value;

use crate::failure::IntoStateError as _;
use crate::frame::{Entry, Frame, Purpose};
use crate::size::fits;
use crate::walk::{Passed, Walk};
use crate::{batch, evaluation, task};

/// Longest wait of the service: a year and a day. A longer one is several.
const WAIT_SECONDS_MAX: u64 = 31_622_400;

/// Runs a state: its attempts, and what its catchers make of their end.
pub(crate) async fn run(
    walk: &Walk<'_>,
    state: &State,
    input: Value,
    context: DurableContext,
) -> Result<Passed, StateError> {
    let given = walk.given.clone();
    let entered = walk.machine.enter(&context, Entry::STEP, given).await;
    let entered =
        entered.map_err(|error| StateError::new(error.error_type(), error.to_string()))?;
    let mut frame = Frame::new(walk, state, &input, &walk.variables, entered);
    let mut retried = vec![0_u64; state.retry.len()];
    loop {
        let error = match attempt(walk, &frame, &context).await {
            Ok(passed) => return Ok(passed),
            Err(error) => evaluation::told(error, &context).await?,
        };
        let retrier = state
            .retry
            .iter()
            .position(|it| error.matches(&it.error_equals));
        let delay = retrier.and_then(|index| {
            let chance = frame.chance(Purpose::Delay(frame.attempt));
            let delay = state.retry[index].delay(retried[index], &chance)?;
            retried[index] += 1;
            Some(delay)
        });
        if let Some(seconds) = delay {
            wait(&context, seconds, "retry").await?;
            frame.set_attempt(frame.attempt + 1);
            continue;
        }
        let catcher = state
            .catch
            .iter()
            .enumerate()
            .find(|(_, it)| error.matches(&it.error_equals));
        let Some((index, catcher)) = catcher else {
            return Err(error);
        };
        let output = error.output();
        let left = frame.evaluate(Purpose::Catch, Some(("errorOutput", &output)), |scope| {
            catcher.leave(index, state.language, scope, &error)
        });
        return match left {
            Ok(left) => passed(state, left, Some(catcher.next.clone())),
            Err(error) => Err(evaluation::told(error, &context).await?),
        };
    }
}

/// Does what the state does, once.
async fn attempt(
    walk: &Walk<'_>,
    frame: &Frame<'_>,
    context: &DurableContext,
) -> Result<Passed, StateError> {
    let state = frame.state;
    let result = match &state.kind {
        StateKind::Pass { result } => match result {
            Some(result) => result.clone(),
            None => frame.before(|scope| state.flow.arguments(scope))?,
        },
        StateKind::Task(it) => task::run(walk, frame, it, context).await?,
        StateKind::Parallel { branches } => batch::parallel(walk, frame, branches, context).await?,
        StateKind::Map(it) => batch::map(walk, frame, it, context).await?,
        StateKind::Choice { rules, default } => return choose(frame, rules, default.as_deref()),
        StateKind::Wait(until) => {
            let seconds = frame.before(|scope| {
                let effective = state.flow.effective_input(scope)?;
                seconds_until(until, frame, &scope.with_input(&effective))
            })?;
            wait(context, seconds, "wait").await?;
            return pass_on(frame);
        }
        StateKind::Succeed => return pass_on(frame),
        StateKind::Fail { error, cause } => {
            let part = |template: &Option<asl::Template>, field| {
                let text = template
                    .as_ref()
                    .map(|it| frame.before(|scope| it.text(scope, field)));
                text.transpose().map(Option::unwrap_or_default)
            };
            return Err(StateError::new(
                part(error, "Error")?,
                part(cause, "Cause")?,
            ));
        }
    };
    check_size(state, &result)?;
    let purpose = Purpose::Attempt(frame.attempt);
    let left = frame.evaluate(purpose, Some(("result", &result)), |scope| {
        state.flow.leave(scope, &result)
    })?;
    passed(state, left, next(state))
}

fn pass_on(frame: &Frame<'_>) -> Result<Passed, StateError> {
    let left = frame.before(|scope| frame.state.flow.pass_on(scope))?;
    passed(frame.state, left, next(frame.state))
}

fn next(state: &State) -> Option<String> {
    match &state.next {
        Transition::Next(next) => Some(next.clone()),
        Transition::End => None,
    }
}

fn passed(state: &State, left: Left, next: Option<String>) -> Result<Passed, StateError> {
    check_size(state, &left.output)?;
    Ok(Passed {
        next,
        output: left.output,
        assigned: left.assigned,
    })
}

fn check_size(state: &State, value: &Value) -> Result<(), StateError> {
    if fits(value) {
        return Ok(());
    }
    Err(StateError::too_large(&state.name))
}

fn choose(frame: &Frame<'_>, rules: &[Rule], default: Option<&str>) -> Result<Passed, StateError> {
    let state = frame.state;
    let (rule, left) = frame.before(|scope| {
        let effective = state.flow.effective_input(scope)?;
        let conditions = scope.with_input(&effective);
        let mut chosen = None;
        for (index, rule) in rules.iter().enumerate() {
            if rule.condition.holds(index, &conditions)? {
                chosen = Some((index, rule));
                break;
            }
        }
        let left = state.flow.choose(chosen, scope)?;
        Ok((chosen.map(|it| it.1), left))
    })?;
    let next = rule.map(|it| it.next.as_str()).or(default);
    let Some(next) = next else {
        let cause = format!(
            "no rule of the state '{}' matched, and it has no default",
            state.name
        );
        return Err(StateError::new(asl::NO_CHOICE_MATCHED, cause));
    };
    passed(state, left, Some(next.to_owned()))
}

fn seconds_until(
    until: &Wait,
    frame: &Frame<'_>,
    scope: &asl::Scope<'_>,
) -> Result<u64, StateError> {
    let template = match until {
        Wait::Seconds(template) => return template.whole(scope, "Seconds"),
        Wait::Timestamp(template) => template,
    };
    let at = template.timestamp(scope, "Timestamp")?;
    let left = at.as_millisecond() - frame.entered.at().as_millisecond();
    // Never too early.
    Ok(u64::try_from(left).map_or(0, |millis| millis.div_ceil(1_000)))
}

pub(crate) async fn wait(
    context: &DurableContext,
    seconds: u64,
    name: &str,
) -> Result<(), StateError> {
    let mut left = seconds;
    while left > 0 {
        let part = left.min(WAIT_SECONDS_MAX);
        let waited = context.wait(Duration::from_secs(part)).name(name).await;
        waited.map_err(|error| error.into_state_error())?;
        left -= part;
    }
    Ok(())
}
