//! Answers to callbacks and chained invokes, and their delays: rules instead of people and other systems.
//!
//! The time of a callback's answer follows from its stored record and from its rule. So answers outlive a restart, and
//! come due as everything else does.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use engine::{Execution, Input};
use model::{
    CallbackId, ErrorObject, ExecutionArn, FunctionName, Operation, OperationDetails, Payload,
    Timestamp,
};
use regex_lite::Regex;
use runtime::Driver;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use store::{OpenCallback, StoreFault};
use tokio::sync::watch;

use crate::Period;

/// Callbacks read at once.
const PAGE: usize = 1_000;

/// Largest result of a callback, in bytes, as the API has it.
pub const RESULT_BYTES_MAX: usize = 1024 * 1024;

/// Rules at the most.
const RULES_MAX: usize = 1_000;

/// All rules, as they are written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub struct AnswerSet {
    /// Of callbacks; the first one that fits answers.
    #[serde(default)]
    pub callbacks: Vec<Rule>,
    /// Of chained invokes to functions that are not there.
    #[serde(default)]
    pub invokes: Vec<Stub>,
}

/// How some callbacks are answered.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub struct Rule {
    /// The function's name.
    pub function: Option<Glob>,
    /// The callback's name, or that of the context around it.
    pub operation: Option<Glob>,
    /// The execution's name.
    pub execution: Option<Glob>,
    /// Only the first, the second, … callback of an execution that fits otherwise.
    pub attempt: Option<u32>,
    /// How long after it was opened.
    #[serde(default)]
    pub after: Period,
    /// How often it gives a sign of life until then.
    pub heartbeat_every: Option<Period>,
    /// `null` is a result.
    #[serde(default, deserialize_with = "given")]
    pub succeed: Option<Value>,
    pub fail: Option<Failure>,
    /// No answer comes; a timeout comes at once.
    #[serde(default)]
    pub never: bool,
    /// How often it did.
    #[serde(skip)]
    pub given: AtomicU64,
    /// Whether a callback was found that it is for.
    #[serde(skip)]
    pub is_met: AtomicBool,
}

/// How chained invokes of a function that is not there end.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub struct Stub {
    /// The function's name.
    pub function: Glob,
    #[serde(default)]
    pub after: Period,
    /// `null` is a result.
    #[serde(default, deserialize_with = "given")]
    pub succeed: Option<Value>,
    pub fail: Option<Failure>,
    #[serde(skip)]
    pub given: AtomicU64,
}

/// The given value, `null` included.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// An error as functions report it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub struct Failure {
    pub error_type: Option<String>,
    pub error_message: Option<String>,
    pub error_data: Option<String>,
}

/// How a stub ends.
#[derive(Debug, Clone)]
pub enum StubOutcome {
    Succeeds(Value),
    Fails(ErrorObject),
}

/// A pattern for names: `*` stands for any text, `?` for one character.
#[derive(Debug, Clone)]
pub struct Glob {
    text: String,
    regex: Regex,
}

impl Glob {
    fn new(text: String) -> Result<Self, String> {
        let pattern = regex_lite::escape(&text)
            .replace("\\*", ".*")
            .replace("\\?", ".");
        let regex = Regex::new(&format!("^(?s:{pattern})$"));
        let regex = regex.map_err(|error| format!("`{text}` is not a pattern: {error}"))?;
        Ok(Self { text, regex })
    }

    pub fn fits(&self, name: &str) -> bool {
        self.regex.is_match(name)
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl<'de> Deserialize<'de> for Glob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(text).map_err(serde::de::Error::custom)
    }
}

impl From<Failure> for ErrorObject {
    fn from(failure: Failure) -> Self {
        Self {
            message: failure.error_message,
            error_type: failure.error_type,
            data: failure.error_data,
            stack_trace: None,
        }
    }
}

impl AnswerSet {
    /// The fault of the rules, if any; `is_there` knows the functions.
    pub fn check(&self, functions: &[FunctionName]) -> Result<(), String> {
        if self.callbacks.len() + self.invokes.len() > RULES_MAX {
            return Err(format!("there are more than {RULES_MAX} rules"));
        }
        for (index, rule) in self.callbacks.iter().enumerate() {
            let place = format!("`callbacks[{index}]`");
            let ways = [rule.succeed.is_some(), rule.fail.is_some(), rule.never];
            if ways.into_iter().filter(|way| *way).count() != 1 {
                return Err(format!(
                    "{place} needs one of `succeed`, `fail` and `never: true`"
                ));
            }
            if rule.attempt == Some(0) {
                return Err(format!("{place}: attempts are counted from 1"));
            }
            let beats = rule.heartbeat_every;
            if beats.is_some_and(|every| every.0.as_millis() == 0) {
                return Err(format!(
                    "{place}: `heartbeat_every` is a millisecond at least"
                ));
            }
            let result = rule.succeed.as_ref().map(ToString::to_string);
            if result.is_some_and(|result| result.len() > RESULT_BYTES_MAX) {
                return Err(format!("{place}: a callback's result is at most 1 MB long"));
            }
            if let Some(function) = &rule.function
                && !functions.iter().any(|name| function.fits(name.as_str()))
            {
                let function = function.as_str();
                return Err(format!(
                    "{place} answers nothing: no function here is called `{function}`"
                ));
            }
        }
        for (index, stub) in self.invokes.iter().enumerate() {
            let place = format!("`invokes[{index}]`");
            if stub.succeed.is_some() == stub.fail.is_some() {
                return Err(format!("{place} needs one of `succeed` and `fail`"));
            }
            let there = functions.iter().find(|it| stub.function.fits(it.as_str()));
            if let Some(function) = there {
                return Err(format!(
                    "{place} stands for functions that are not here, and `{function}` is"
                ));
            }
        }
        Ok(())
    }
}

/// The rules that hold.
#[derive(Debug)]
pub struct Answers {
    set: RwLock<Arc<AnswerSet>>,
    /// Callbacks whose answers were refused: they are not tried again by the same rules.
    refused: Mutex<HashSet<CallbackId>>,
    replaced: watch::Sender<()>,
}

/// Something that is to be said to an execution, and when.
#[derive(Debug)]
pub(crate) struct DueAnswer {
    pub at: Timestamp,
    pub callback: OpenCallback,
    pub input: Input,
    rule: usize,
}

impl Default for Answers {
    fn default() -> Self {
        Self {
            set: RwLock::default(),
            refused: Mutex::default(),
            replaced: watch::Sender::new(()),
        }
    }
}

impl Answers {
    /// Replaces the rules, also for callbacks that wait already.
    pub fn replace(&self, set: AnswerSet) {
        *self.set.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(set);
        self.refused().clear();
        self.replaced.send_replace(());
    }

    fn refused(&self) -> MutexGuard<'_, HashSet<CallbackId>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does not try again to give an answer that was refused.
    pub(crate) fn give_up(&self, due: &DueAnswer) {
        self.refused().extend(callback_id(&due.callback).cloned());
    }

    pub fn set(&self) -> Arc<AnswerSet> {
        Arc::clone(&self.set.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn replacements(&self) -> watch::Receiver<()> {
        self.replaced.subscribe()
    }

    /// The stub for a function that is not there.
    pub fn stub(&self, function: &str) -> Option<(Period, StubOutcome)> {
        let set = self.set();
        let stub = set.invokes.iter().find(|it| it.function.fits(function))?;
        stub.given.fetch_add(1, Ordering::Relaxed);
        let outcome = match (&stub.succeed, &stub.fail) {
            (_, Some(failure)) => StubOutcome::Fails(failure.clone().into()),
            (result, None) => StubOutcome::Succeeds(result.clone().unwrap_or(Value::Null)),
        };
        Some((stub.after, outcome))
    }

    /// Whether something stands for a function that is not there.
    pub fn has_stub(&self, function: &str) -> bool {
        let set = self.set();
        set.invokes.iter().any(|it| it.function.fits(function))
    }

    /// Whether a rule decides about a callback, even if it is never to be answered.
    pub async fn knows(
        &self,
        driver: &Driver,
        callback: &OpenCallback,
    ) -> Result<bool, StoreFault> {
        Ok(self.rule_of(driver, callback).await?.is_some())
    }

    /// When the next answer is due.
    pub async fn next_due(&self, driver: &Driver) -> Result<Option<Timestamp>, StoreFault> {
        Ok(self.due(driver).await?.first().map(|due| due.at))
    }

    /// All answers to callbacks that are open, the soonest first; of two at the same time that to the older callback.
    pub(crate) async fn due(&self, driver: &Driver) -> Result<Vec<DueAnswer>, StoreFault> {
        let mut all = Vec::new();
        if self.set().callbacks.is_empty() {
            return Ok(all);
        }
        let mut after = None;
        loop {
            let store = driver.store();
            let page = store.open_callbacks(None, after, PAGE).await?;
            after = page.last().map(|last| last.cursor);
            let is_last = page.len() < PAGE;
            for callback in page {
                let is_refused =
                    callback_id(&callback).is_some_and(|id| self.refused().contains(id));
                if is_refused || driver.is_set_aside(&callback.arn.id) {
                    continue;
                }
                if let Some((index, set)) = self.rule_of(driver, &callback).await? {
                    all.extend(DueAnswer::by(&set.callbacks[index], index, callback));
                }
            }
            if is_last {
                break;
            }
        }
        all.sort_by_key(|due| due.at);
        Ok(all)
    }

    /// Counts an answer that was given.
    pub(crate) fn note_given(&self, due: &DueAnswer) {
        if let Some(rule) = self.set().callbacks.get(due.rule) {
            rule.given.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn rule_of(
        &self,
        driver: &Driver,
        callback: &OpenCallback,
    ) -> Result<Option<(usize, Arc<AnswerSet>)>, StoreFault> {
        let set = self.set();
        let mut around = None;
        for (index, rule) in set.callbacks.iter().enumerate() {
            if !rule.fits_execution(&callback.arn) {
                continue;
            }
            let own = callback.operation.name.as_deref();
            let is_known = rule.attempt.is_none() && rule.fits_operation(own, None);
            let fits = is_known || {
                let execution = match &around {
                    Some(execution) => execution,
                    None => around.insert(driver.store().load(&callback.arn.id).await?),
                };
                let execution = execution.as_ref();
                execution.is_some_and(|it| rule.fits_within(it, &callback.operation))
            };
            if fits {
                rule.is_met.store(true, Ordering::Relaxed);
                return Ok(Some((index, set)));
            }
        }
        Ok(None)
    }
}

impl Rule {
    fn fits_execution(&self, arn: &ExecutionArn) -> bool {
        let fits = |glob: &Option<Glob>, name: &str| glob.as_ref().is_none_or(|it| it.fits(name));
        fits(&self.function, arn.function.name.as_str()) && fits(&self.execution, arn.name.as_str())
    }

    /// By the callback's own name, or that of the context around it: SDKs name what a wait for a callback is made of
    /// each in their own way.
    fn fits_operation(&self, own: Option<&str>, around: Option<&str>) -> bool {
        let Some(glob) = &self.operation else {
            return true;
        };
        [own, around]
            .into_iter()
            .flatten()
            .any(|name| glob.fits(name))
    }

    /// Whether it is for a callback of this execution: by its names, and by how many came before it that fit as well.
    fn fits_within(&self, execution: &Execution, callback: &Operation) -> bool {
        let fits = |operation: &Operation| {
            let parent = operation.parent_id.as_ref();
            let around = parent.and_then(|id| execution.operation(id)?.name.as_deref());
            self.fits_operation(operation.name.as_deref(), around)
        };
        // A listed callback may have the context's name as its own.
        let recorded = execution
            .operation(&callback.id)
            .map_or(callback, |it| it.as_ref());
        if !fits(recorded) {
            return false;
        }
        let Some(wanted) = self.attempt else {
            return true;
        };
        // In the order in which they started, also of two that started in the same millisecond.
        let before = execution
            .operations()
            .take_while(|it| it.id != recorded.id)
            .filter(|it| matches!(it.details, OperationDetails::Callback { .. }) && fits(it));
        before.count() + 1 == wanted as usize
    }
}

impl DueAnswer {
    /// The next answer; `None` when no answer is to come.
    fn by(rule: &Rule, index: usize, callback: OpenCallback) -> Option<Self> {
        let OperationDetails::Callback {
            callback_id,
            last_heartbeat_at,
            ..
        } = &callback.operation.details
        else {
            return None;
        };
        let answered_at = callback.operation.started_at + rule.after.0;
        let operation_id = callback.operation.id.clone();
        let callback_id = callback_id.clone();
        let beats_at = rule
            .heartbeat_every
            .map(|every| *last_heartbeat_at + every.0);
        let beat = beats_at.filter(|at| rule.never || *at < answered_at);
        let (at, input) = match (beat, &rule.succeed, &rule.fail) {
            (Some(at), _, _) => (
                at,
                Input::CallbackHeartbeat {
                    operation_id,
                    callback_id,
                },
            ),
            (None, Some(result), _) => (
                answered_at,
                Input::CallbackSucceeded {
                    operation_id,
                    callback_id,
                    result: Some(Payload::from(result.to_string())),
                },
            ),
            (None, None, Some(failure)) => (
                answered_at,
                Input::CallbackFailed {
                    operation_id,
                    callback_id,
                    error: failure.clone().into(),
                },
            ),
            (None, None, None) => return None,
        };
        Some(Self {
            at,
            callback,
            input,
            rule: index,
        })
    }
}

fn callback_id(callback: &OpenCallback) -> Option<&CallbackId> {
    match &callback.operation.details {
        OperationDetails::Callback { callback_id, .. } => Some(callback_id),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(json: &str) -> Result<(), String> {
        let set: AnswerSet = serde_json::from_str(json).map_err(|error| error.to_string())?;
        let here = FunctionName::parse("loan-approval").expect("a valid name");
        set.check(&[here])
    }

    #[test]
    fn what_answers_nothing_is_refused() {
        for (json, said) in [
            (r#"{"callbacks": [{"operation": "a"}]}"#, "needs one of"),
            (
                r#"{"callbacks": [{"succeed": 1, "never": true}]}"#,
                "needs one of",
            ),
            (
                r#"{"callbacks": [{"function": "payment*", "succeed": 1}]}"#,
                "no function here",
            ),
            (
                r#"{"callbacks": [{"attempt": 0, "succeed": 1}]}"#,
                "counted from 1",
            ),
            (
                r#"{"callbacks": [{"heartbeat_every": 0, "never": true}]}"#,
                "a millisecond at least",
            ),
            (
                r#"{"callbacks": [{"after": "-1s", "succeed": 1}]}"#,
                "less than nothing",
            ),
            (
                r#"{"invokes": [{"function": "loan-*", "succeed": 1}]}"#,
                "`loan-approval` is",
            ),
            (
                r#"{"invokes": [{"function": "bureau"}]}"#,
                "`succeed` and `fail`",
            ),
            (r#"{"callback": []}"#, "unknown field"),
        ] {
            let error = checked(json).expect_err(json);
            assert!(error.contains(said), "{json}: {error}");
        }
    }

    #[test]
    fn rules_go_by_patterns_of_names() {
        checked(r#"{"callbacks": [{"succeed": null}]}"#).expect("nothing is a result");
        checked(
            r#"{"callbacks": [{"function": "loan-*", "after": "3d", "succeed": {"approved": true}}],
                    "invokes": [{"function": "credit-bureau", "succeed": {"score": 700}}]}"#,
        )
        .expect("it is in order");
        let glob = Glob::new("man?ger*(x)".to_owned()).expect("a pattern");
        assert!(glob.fits("manager-approval(x)"));
        assert!(!glob.fits("manager-approvalx"));
        assert!(!glob.fits("the manager(x)"));
    }
}
