//! Rules that answer callbacks in a test: the same rules as those of `lambdura up --answers`.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use wind::AnswerSet;

/// Begins a rule for callbacks with this name, or in a context with this name; `*` stands for any text, `?` for one
/// character. Complete it with [`succeeds`](Callback::succeeds), [`fails`](Callback::fails), [`never`](Callback::never).
pub fn callback(name: impl Into<String>) -> Callback {
    let name = name.into();
    Callback {
        shown: format!("callback({name:?})"),
        rule: json!({ "operation": name }),
        problem: None,
    }
}

/// An incomplete rule; see [`callback`].
///
/// ```
/// use lambdura_testing::{callback, hours, minutes};
///
/// // The first reminder is declined after a day, with a sign of life each hour until then; the second is approved.
/// let first = callback("manager").function("approve").attempt(1).heartbeat_every(hours(1)).after(hours(24)).succeeds(&false);
/// let second = callback("manager").attempt(2).after(minutes(5)).succeeds(&true);
/// ```
#[must_use = "a rule answers nothing until the runner has it: `.answer(…)`"]
#[derive(Clone, Debug)]
pub struct Callback {
    shown: String,
    rule: Value,
    problem: Option<String>,
}

/// A rule by which callbacks are answered; see [`callback`].
#[must_use = "a rule answers nothing until the runner has it: `.answer(…)`"]
#[derive(Clone, Debug)]
pub struct Answer(pub(crate) Callback);

impl Callback {
    /// Answers this long after the callback was opened; at once by default.
    pub fn after(self, after: Duration) -> Self {
        self.with("after", &after.as_secs_f64())
    }

    /// Sends a heartbeat at this interval until then.
    pub fn heartbeat_every(self, every: Duration) -> Self {
        self.with("heartbeat_every", &every.as_secs_f64())
    }

    /// Applies only to the first, the second, … such callback of an execution.
    pub fn attempt(mut self, attempt: u32) -> Self {
        self.shown.push_str(&format!(".attempt({attempt})"));
        self.with("attempt", &attempt)
    }

    /// Applies only in executions whose name matches.
    pub fn execution(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.shown.push_str(&format!(".execution({name:?})"));
        self.with("execution", &name)
    }

    /// Applies only in executions of functions whose name matches.
    pub fn function(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.shown.push_str(&format!(".function({name:?})"));
        self.with("function", &name)
    }

    /// The callback has this result.
    pub fn succeeds(self, result: &(impl Serialize + ?Sized)) -> Answer {
        Answer(self.with("succeed", result))
    }

    /// The callback fails with an error of this type and message.
    pub fn fails(self, error_type: &str, message: &str) -> Answer {
        let error = json!({ "error_type": error_type, "error_message": message });
        Answer(self.with("fail", &error))
    }

    /// The callback gets no answer: its timeout comes at once, by the test's clock.
    pub fn never(self) -> Answer {
        Answer(self.with("never", &true))
    }

    fn with(mut self, member: &str, value: &(impl Serialize + ?Sized)) -> Self {
        match serde_json::to_value(value) {
            Ok(value) => self.rule[member] = value,
            Err(error) => {
                let shown = &self.shown;
                let problem =
                    format!("{shown}: what it is to answer cannot be written as JSON: {error}");
                self.problem.get_or_insert(problem);
            }
        }
        self
    }
}

impl Answer {
    /// The rule as written in the test, without its end.
    pub(crate) fn shown(&self) -> &str {
        &self.0.shown
    }
}

/// The rules in the form that the answering task uses.
pub(crate) fn rules(answers: &[Answer]) -> Result<AnswerSet, String> {
    if let Some(problem) = answers.iter().find_map(|answer| answer.0.problem.clone()) {
        return Err(problem);
    }
    let rules: Vec<_> = answers.iter().map(|answer| &answer.0.rule).collect();
    let set = serde_json::from_value(json!({ "callbacks": rules }));
    set.map_err(|error| format!("a rule for a callback cannot be used: {error}"))
}
