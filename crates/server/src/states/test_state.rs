//! `TestState`: tests one state by its definition, without an execution.
//!
//! It is evaluated as `state-machine` does it, and nothing is recorded. A Task calls its function or its table; the
//! request must mock everything else that a state waits for (`mock`).
//!
//! Source: Step Functions API reference, `TestState`, and developer guide, "Testing state machines with TestState API",
//! read 2026-11-29.

mod map;
mod request;
mod table;

use std::sync::Arc;

use asl::{
    Chance, Language, Left, ResultPath, Scope, State, StateError, StateKind, Task, Transition,
    Variables, Wait,
};
use lambda_api::headers;
use serde_json::{Map, Value, json};

use super::error::{StatesError, optional, required};
use super::lambda::{Call, segment};
use super::validate::read;
use crate::access::Caller;
use crate::app::App;
use crate::permission::{self, Needed};
use request::{Mock, alone, check_configuration, context, find, json_member, mock};

/// A state with the values for its test.
struct Test<'t> {
    state: &'t State,
    input: Value,
    context: Value,
    variables: Variables,
    chance: Chance,
    now_millis: i64,
    mock: Option<Mock>,
    retried: u64,
    /// How many items of a Map state failed.
    failed: Option<u64>,
    /// The data of a Map state's `ItemReader`.
    reader_data: Option<String>,
    /// The sender of the request, who calls the function; `None` where callers need not be known.
    caller: Option<&'t Caller>,
    /// The result of each part of the data flow, for `DEBUG`.
    inspected: Map<String, Value>,
}

/// The output of a state, and the next state.
struct Gone {
    left: Left,
    next: Option<String>,
}

pub(super) async fn test(
    app: &Arc<App>,
    input: &Value,
    caller: Option<&Caller>,
) -> Result<Value, StatesError> {
    let definition = required(input, "definition")?;
    let name = optional(input, "stateName")?;
    let (definition, name) = match name {
        Some(name) => (read(definition)?, name.to_owned()),
        None => alone(definition)?,
    };
    let Some(state) = find(&definition.states, &name) else {
        return Err(StatesError::validation(format!(
            "There is no state '{name}' in the definition."
        )));
    };
    let level = optional(input, "inspectionLevel")?.unwrap_or("INFO");
    if !["INFO", "DEBUG", "TRACE"].contains(&level) {
        return Err(StatesError::validation(format!(
            "'{level}' is not an inspection level: INFO, DEBUG and TRACE are."
        )));
    }
    let given = json_member(input, "input", "InvalidExecutionInput")?;
    let now = app.driver.now();
    let mut seed = [0; 8];
    getrandom::fill(&mut seed).map_err(|error| {
        StatesError::new("InternalServerException", format!("no randomness: {error}"))
    })?;
    let configured = |name: &str| input.pointer(&format!("/stateConfiguration/{name}"));
    let retried = configured("retrierRetryCount");
    let retried = retried.and_then(Value::as_u64).unwrap_or(0);
    let mock = mock(input)?;
    check_configuration(input, state, mock.as_ref())?;
    let mut test = Test {
        state,
        context: context(input, state, &given, now.as_millis(), retried)?,
        input: given,
        variables: match json_member(input, "variables", "ValidationException")? {
            Value::Object(variables) => variables,
            _ => return Err(StatesError::validation("'variables' is not an object.")),
        },
        chance: Chance::new(u64::from_le_bytes(seed), 0),
        now_millis: now.as_millis(),
        mock,
        retried,
        failed: configured("mapIterationFailureCount").and_then(Value::as_u64),
        reader_data: configured("mapItemReaderData")
            .and_then(Value::as_str)
            .map(str::to_owned),
        caller,
        inspected: Map::new(),
    };
    let gone = test.run(app).await?;
    let mut answer = test.answer(gone);
    if level == "INFO" {
        let details = answer["inspectionData"]["errorDetails"].take();
        answer["inspectionData"] = json!({});
        if !details.is_null() {
            answer["inspectionData"]["errorDetails"] = details;
        }
    }
    Ok(answer)
}

impl Test<'_> {
    /// Evaluates; JSONata gets `$states.input`, and the value in `more`.
    fn evaluate<T>(
        &self,
        more: Option<(&str, &Value)>,
        evaluate: impl FnOnce(&Scope<'_>) -> Result<T, StateError>,
    ) -> Result<T, StateError> {
        let mut states = Map::new();
        if self.state.language == Language::Jsonata {
            states.insert(String::from("input"), self.input.clone());
            if let Some((name, value)) = more {
                states.insert(name.to_owned(), value.clone());
            }
        }
        evaluate(&Scope {
            input: &self.input,
            context: &self.context,
            variables: &self.variables,
            states: &states,
            chance: &self.chance,
            now_millis: self.now_millis,
        })
    }

    fn inspect(&mut self, name: &str, value: &Value) {
        self.inspected
            .insert(name.to_owned(), Value::from(value.to_string()));
    }

    /// Runs the state. Its error is an answer; a state that cannot be tested here is refused.
    async fn run(&mut self, app: &Arc<App>) -> Result<Result<Gone, StateError>, StatesError> {
        let input = self.input.clone();
        self.inspect("input", &input);
        let state = self.state;
        let result = match &state.kind {
            StateKind::Choice { .. } => return Ok(self.choose()),
            StateKind::Wait(until) => return Ok(self.wait(until)),
            StateKind::Succeed => return Ok(self.pass_on(None)),
            StateKind::Fail { error, cause } => return Ok(Err(self.fail(error, cause))),
            // JSONata's Pass has no `Arguments`.
            StateKind::Pass { .. } if state.language == Language::Jsonata => Ok(input),
            StateKind::Pass { result } => match self.arguments() {
                Ok(arguments) => Ok(result.clone().unwrap_or(arguments)),
                Err(error) => Err(error),
            },
            StateKind::Task(task) => self.work(app, task).await?,
            StateKind::Parallel { .. } | StateKind::Map(_) if self.mock.is_some() => {
                let before = match &state.kind {
                    StateKind::Map(map) => {
                        let limits = self.map(map);
                        match (limits, self.failed) {
                            (Ok(limits), Some(failed)) => limits.check(map, failed)?,
                            (limits, _) => limits.map(drop),
                        }
                    }
                    _ => self.arguments().map(drop),
                };
                if let Err(error) = before {
                    return Ok(Err(error));
                }
                self.mocked()
            }
            StateKind::Parallel { .. } | StateKind::Map(_) => {
                return Err(StatesError::validation(format!(
                    "A state of the type {} needs a mock: its states are not run.",
                    state.type_name()
                )));
            }
        };
        Ok(result.and_then(|result| self.leave(&result)))
    }

    /// The result or error of the mock.
    fn mocked(&mut self) -> Result<Value, StateError> {
        match self.mock.take() {
            Some(Mock::Error(error)) => Err(error),
            Some(Mock::Result(result)) => Ok(result),
            None => Ok(Value::Null),
        }
    }

    /// The effective input of the state's work.
    fn arguments(&mut self) -> Result<Value, StateError> {
        let state = self.state;
        if state.language == Language::JsonPath {
            let effective = self.evaluate(None, |scope| state.flow.effective_input(scope))?;
            self.inspect("afterInputPath", &effective);
        }
        let arguments = self.evaluate(None, |scope| state.flow.arguments(scope))?;
        self.inspect(
            match state.language {
                Language::JsonPath => "afterParameters",
                Language::Jsonata => "afterArguments",
            },
            &arguments,
        );
        Ok(arguments)
    }

    async fn work(
        &mut self,
        app: &Arc<App>,
        task: &Task,
    ) -> Result<Result<Value, StateError>, StatesError> {
        let arguments = match self.arguments() {
            Ok(arguments) => arguments,
            Err(error) => return Ok(Err(error)),
        };
        if self.mock.is_some() {
            return Ok(self.mocked());
        }
        if let Some((operation, prefix)) = table::operation(&task.resource) {
            let body = arguments.to_string();
            let home = &app.registry.home;
            self.may(
                app,
                &permission::to_use_tables(&operation, body.as_bytes(), home),
            )?;
            return Ok(table::call(app, &operation, prefix, &arguments).await);
        }
        if task.resource.contains(":function:") {
            self.may_invoke(app, &task.resource)?;
            return Ok(invoke(app, &task.resource, &arguments).await);
        }
        if !task.resource.ends_with(":::lambda:invoke") {
            return Err(StatesError::validation(format!(
                "A task of the resource '{}' needs a mock: only functions and tables are called.",
                task.resource
            )));
        }
        let Some(function) = arguments.get("FunctionName").and_then(Value::as_str) else {
            let cause = "The field 'FunctionName' is missing, or no text";
            return Ok(Err(StateError::runtime(cause)));
        };
        let payload = arguments.get("Payload").filter(|it| !it.is_null());
        let payload = payload.cloned().unwrap_or_else(|| json!({}));
        self.may_invoke(app, function)?;
        let payload = invoke(app, function, &payload).await;
        Ok(payload.map(|payload| state_machine::invoked(function, payload)))
    }

    fn may_invoke(&self, app: &App, function: &str) -> Result<(), StatesError> {
        self.may(app, &[permission::to_invoke(function, &app.registry.home)])
    }

    /// Refuses calls that the caller may not make. On AWS, the role's permissions count, and the caller must be allowed
    /// to pass the role on.
    fn may(&self, app: &App, needed: &[Needed]) -> Result<(), StatesError> {
        let Some(caller) = self.caller else {
            return Ok(());
        };
        let now = app.machine_now();
        for needed in needed {
            let checked = app.access.check(caller, needed, now);
            checked
                .map_err(|refused| StatesError::new("AccessDeniedException", refused.message))?;
        }
        Ok(())
    }

    fn leave(&mut self, result: &Value) -> Result<Gone, StateError> {
        let state = self.state;
        self.inspect("result", result);
        if state.language == Language::JsonPath {
            let selected = match &state.flow.result_selector {
                None => result.clone(),
                Some(template) => self.evaluate(None, |scope| {
                    template.evaluate(&scope.with_input(result), "ResultSelector")
                })?,
            };
            self.inspect("afterResultSelector", &selected);
            if !matches!(state.flow.result_path, ResultPath::Discard) {
                let combined = state.flow.result_path.apply(&self.input, selected)?;
                self.inspect("afterResultPath", &combined);
            }
        }
        let left = self.evaluate(Some(("result", result)), |scope| {
            state.flow.leave(scope, result)
        })?;
        Ok(Gone {
            left,
            next: next(state),
        })
    }

    fn pass_on(&mut self, next: Option<String>) -> Result<Gone, StateError> {
        let state = self.state;
        let left = self.evaluate(None, |scope| state.flow.pass_on(scope))?;
        Ok(Gone { left, next })
    }

    fn choose(&mut self) -> Result<Gone, StateError> {
        let state = self.state;
        let StateKind::Choice { rules, default } = &state.kind else {
            return Err(StateError::runtime("it is not a Choice state"));
        };
        let effective = self.evaluate(None, |scope| state.flow.effective_input(scope))?;
        self.inspect("afterInputPath", &effective);
        let mut chosen = None;
        for (index, rule) in rules.iter().enumerate() {
            let holds = self.evaluate(None, |scope| {
                rule.condition.holds(index, &scope.with_input(&effective))
            })?;
            if holds {
                chosen = Some((index, rule));
                break;
            }
        }
        let next = chosen.map(|(_, rule)| rule.next.clone());
        let Some(next) = next.or_else(|| default.clone()) else {
            let cause = format!(
                "no rule of the state '{}' matched, and it has no default",
                state.name
            );
            return Err(StateError::new(asl::NO_CHOICE_MATCHED, cause));
        };
        let left = self.evaluate(None, |scope| state.flow.choose(chosen, scope))?;
        Ok(Gone {
            left,
            next: Some(next),
        })
    }

    /// Evaluates the time of the wait, and does not wait.
    fn wait(&mut self, until: &Wait) -> Result<Gone, StateError> {
        let state = self.state;
        self.evaluate(None, |scope| {
            let effective = state.flow.effective_input(scope)?;
            let scope = scope.with_input(&effective);
            match until {
                Wait::Seconds(template) => template.whole(&scope, "Seconds").map(drop),
                Wait::Timestamp(template) => template.timestamp(&scope, "Timestamp").map(drop),
            }
        })?;
        self.pass_on(next(state))
    }

    fn fail(&self, error: &Option<asl::Template>, cause: &Option<asl::Template>) -> StateError {
        let part = |template: &Option<asl::Template>, field| {
            let text = template
                .as_ref()
                .map(|it| self.evaluate(None, |scope| it.text(scope, field)));
            text.transpose().map(Option::unwrap_or_default)
        };
        match (part(error, "Error"), part(cause, "Cause")) {
            (Ok(error), Ok(cause)) => StateError::new(error, cause),
            (Err(error), _) | (_, Err(error)) => error,
        }
    }

    /// The answer: the output, or how the error is handled.
    fn answer(&mut self, gone: Result<Gone, StateError>) -> Value {
        let error = match gone {
            Ok(gone) => return self.gone("SUCCEEDED", gone),
            Err(error) => error,
        };
        let state = self.state;
        let told = |mut answer: Value| {
            answer["error"] = json!(error.error);
            answer["cause"] = json!(error.cause);
            answer
        };
        let retrier = state
            .retry
            .iter()
            .position(|it| error.matches(&it.error_equals));
        let delay = retrier.and_then(|index| {
            let delay = state.retry[index].delay(self.retried, &self.chance)?;
            Some((index, delay))
        });
        if let Some((index, seconds)) = delay {
            let details = json!({ "retryIndex": index, "retryBackoffIntervalSeconds": seconds });
            self.inspected.insert(String::from("errorDetails"), details);
            return told(json!({ "status": "RETRIABLE", "inspectionData": self.inspected }));
        }
        let caught = state
            .catch
            .iter()
            .position(|it| error.matches(&it.error_equals));
        let failed = |inspected: &Map<String, Value>, error: &StateError| {
            json!({
                "status": "FAILED", "error": error.error, "cause": error.cause, "inspectionData": inspected,
            })
        };
        let Some(index) = caught else {
            return failed(&self.inspected, &error);
        };
        let catcher = &state.catch[index];
        let output = error.output();
        let left = self.evaluate(Some(("errorOutput", &output)), |scope| {
            catcher.leave(index, state.language, scope, &error)
        });
        let left = match left {
            Ok(left) => left,
            Err(error) => return failed(&self.inspected, &error),
        };
        let details = json!({ "catchIndex": index });
        self.inspected.insert(String::from("errorDetails"), details);
        let next = Some(catcher.next.clone());
        told(self.gone("CAUGHT_ERROR", Gone { left, next }))
    }

    fn gone(&mut self, status: &str, Gone { left, next }: Gone) -> Value {
        if !left.assigned.is_empty() {
            let mut variables = self.variables.clone();
            variables.extend(left.assigned);
            self.inspect("variables", &Value::Object(variables));
        }
        let mut answer = json!({
            "status": status, "output": left.output.to_string(), "inspectionData": self.inspected,
        });
        if let Some(next) = next {
            answer["nextState"] = json!(next);
        }
        answer
    }
}

fn next(state: &State) -> Option<String> {
    match &state.next {
        Transition::Next(next) => Some(next.clone()),
        Transition::End => None,
    }
}

/// Calls a function, and returns its result, or its error in a Task's form.
async fn invoke(app: &Arc<App>, function: &str, payload: &Value) -> Result<Value, StateError> {
    let path = format!("/2015-03-31/functions/{}/invocations", segment(function));
    let call = Call::post(path, payload.to_string().into_bytes());
    let answered = call.respond(app).await;
    let (head, body) = answered
        .map_err(|refusal| StateError::new(format!("Lambda.{}", refusal.code), refusal.message))?;
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    if !head.contains_key(headers::FUNCTION_ERROR) {
        return Ok(body);
    }
    let name = body.get("errorType").and_then(Value::as_str);
    Err(StateError::new(
        name.unwrap_or("Lambda.Unknown"),
        body.to_string(),
    ))
}
