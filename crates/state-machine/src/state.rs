//! Runs states one after the other, each from its input to its output.

use std::pin::Pin;

use asl::{Left, Rule, State, StateError, StateKind, States, Transition, Variables, Wait};
use lambdura::DurableContext;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::entry::{Entry, enter};
use crate::failure::{IntoStateError as _, named};
use crate::frame::{Frame, Purpose};
use crate::operation_name::operation_name;
use crate::size::fits;
use crate::wait::wait;
use crate::walk::Walk;
use crate::{batch, evaluation, task};

/// A future that borrows the machine.
type Boxed<'m, T> = Pin<Box<dyn Future<Output = T> + Send + 'm>>;

/// The record of a state that succeeded.
#[derive(Debug, Serialize, Deserialize)]
struct Passed {
    /// The next state; `None` at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    output: Value,
    #[serde(default, skip_serializing_if = "Variables::is_empty")]
    assigned: Variables,
}

impl<'m> Walk<'m> {
    /// Runs from the first of these states to an end.
    pub(crate) fn run(
        self,
        states: &'m States,
        input: Value,
        context: DurableContext,
    ) -> Boxed<'m, Result<Value, StateError>> {
        self.run_from(states, states.start_at.clone(), input, context)
    }

    /// Runs from one of these states to an end.
    pub(crate) fn run_from(
        mut self,
        states: &'m States,
        start: String,
        input: Value,
        context: DurableContext,
    ) -> Boxed<'m, Result<Value, StateError>> {
        Box::pin(async move {
            let mut name = start;
            let mut input = input;
            loop {
                let Some(state) = states.states.get(&name) else {
                    return Err(StateError::runtime(format!("there is no state `{name}`")));
                };
                let (walk, given) = (self.clone(), input);
                self.done = None;
                self.given = None;
                let body = |inside: DurableContext| async move {
                    let ran = through(&walk, state, given, inside).await;
                    ran.map_err(named)
                };
                let passed = context
                    .run_in_child_context(operation_name(&name), body)
                    .await;
                let passed: Passed = passed.map_err(|error| error.into_state_error())?;
                self.variables.extend(passed.assigned);
                match passed.next {
                    None => return Ok(passed.output),
                    Some(next) => {
                        name = next;
                        input = passed.output;
                    }
                }
            }
        })
    }
}

/// Runs a state: its attempts, and its catchers after the last.
async fn through(
    walk: &Walk<'_>,
    state: &State,
    input: Value,
    context: DurableContext,
) -> Result<Passed, StateError> {
    let given = walk.given.clone();
    let entered = enter(&context, Entry::STEP, given).await;
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

/// Runs one attempt of the state.
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
    // Rounded up, so that the wait never ends too early.
    Ok(u64::try_from(left).map_or(0, |millis| millis.div_ceil(1_000)))
}
