//! JSONata: expressions in `{% … %}`, by the crate `jsonata-core`.
//!
//! Time and random numbers come from the scope, so an expression has the same value whenever a state is replayed, and
//! `$eval` is removed as on AWS. This module adds Step Functions' own functions: `$partition`, `$range`, `$hash`,
//! `$random`, `$uuid`, `$parse`.

use std::rc::Rc;

use jsonata_core::evaluator::{Context, Evaluator, EvaluatorError, EvaluatorOptions};
use jsonata_core::value::JValue;
use serde_json::Value;

use crate::chance::Chance;
use crate::error::StateError;
use crate::intrinsic::hash;
use crate::scope::Scope;

/// Longest evaluation, in milliseconds of real time: an expression may loop forever.
const TIME_MILLIS_MAX: u64 = 10_000;
/// Deepest recursion of an expression.
const STACK_MAX: usize = 1_000;
/// Longest intermediate list of an expression.
const SEQUENCE_MAX: usize = 1_000_000;

/// A JSONata expression. Each evaluation parses it again: the library's parsed form cannot leave its thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    source: String,
}

impl Query {
    /// The expression in a text, if there is one: `{% $states.input.total %}`.
    #[must_use]
    pub fn within(text: &str) -> Option<&str> {
        text.strip_prefix("{%")?.strip_suffix("%}")
    }

    /// Reads an expression, without its `{%` and `%}`.
    ///
    /// # Errors
    ///
    /// When it is not JSONata; the text says at which place.
    pub fn parse(source: &str) -> Result<Self, String> {
        let source = source.trim().to_owned();
        match jsonata_core::parser::parse(&source) {
            Ok(_) => Ok(Self { source }),
            Err(error) => Err(format!("`{source}` is not valid JSONata: {error}")),
        }
    }

    /// The value in a scope.
    ///
    /// # Errors
    ///
    /// `States.QueryEvaluationError` when the expression fails, or its value cannot be written as JSON.
    pub fn evaluate(&self, scope: &Scope<'_>, field: &str) -> Result<Value, StateError> {
        self.run(scope)
            .map_err(|reason| self.failed(&reason, field))
    }

    /// The error for a value that the field does not accept.
    pub(crate) fn failed(&self, reason: &str, field: &str) -> StateError {
        let source = &self.source;
        let cause =
            format!("The JSONata expression '{source}' specified for the field '{field}' {reason}");
        StateError::query_evaluation(cause, Some(field))
    }

    /// The error for a value of a type that the field does not accept.
    pub(crate) fn unexpected(&self, expected: &str, value: &Value, field: &str) -> StateError {
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let shown = crate::shortened(value);
        let reason = format!(
            "returned an unexpected result type. Expected '{expected}', but was '{kind}' for value: {shown}"
        );
        self.failed(&reason, field)
    }

    fn run(&self, scope: &Scope<'_>) -> Result<Value, String> {
        let threw = |error: &EvaluatorError| {
            format!("threw an error during evaluation. {}", error.message())
        };
        let ast = jsonata_core::parser::parse(&self.source)
            .map_err(|error| format!("is not valid JSONata: {error}"))?;
        let mut context = Context::new();
        for (name, value) in scope.variables {
            context.bind(name.clone(), JValue::from(value.clone()));
        }
        let mut states = scope.states.clone();
        states.insert(String::from("context"), scope.context.clone());
        context.bind(String::from("states"), JValue::from(Value::Object(states)));
        let options = EvaluatorOptions {
            timeout_ms: Some(TIME_MILLIS_MAX),
            max_stack_depth: Some(STACK_MAX),
            max_sequence_length: Some(SEQUENCE_MAX),
            cancel: None,
        };
        let mut evaluator = Evaluator::with_options(context, options);
        register(&mut evaluator, scope).map_err(|error| threw(&error))?;
        let value = evaluator
            .evaluate(&ast, &JValue::Undefined)
            .map_err(|error| threw(&error))?;
        if value.is_undefined() {
            return Err(String::from("returned nothing (undefined)."));
        }
        if value.is_function() || value.is_regex() {
            return Err(String::from(
                "returned an unsupported result type: a function.",
            ));
        }
        // Converted through text, so that whole numbers stay whole.
        let text = value.to_json_string().map_err(|error| error.to_string())?;
        serde_json::from_str(&text).map_err(|error| format!("returned no JSON: {error}"))
    }
}

/// Like JavaScript's `encodeURI`, which the reference implementation calls.
fn encode_url(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b";,/?:@&=+$-_.!~*'()#".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

fn refused(message: impl Into<String>) -> EvaluatorError {
    EvaluatorError::EvaluationError(message.into())
}

fn register(evaluator: &mut Evaluator, scope: &Scope<'_>) -> Result<(), EvaluatorError> {
    let chance = Rc::new(Chance::new(scope.chance.bits(), 0));
    let millis = scope.now_millis;
    evaluator.register_fn_override("now", move |arguments: &[JValue]| now(millis, arguments))?;
    #[expect(clippy::cast_precision_loss, reason = "JSONata has no other numbers")]
    evaluator.register_fn_override("millis", move |_: &[JValue]| {
        Ok(JValue::from_f64(millis as f64))
    })?;
    evaluator.register_fn_override("eval", |_: &[JValue]| {
        Err(refused("$eval is not available in a state machine"))
    })?;
    let drawn = Rc::clone(&chance);
    evaluator.register_fn_override("random", move |arguments: &[JValue]| {
        Ok(JValue::from_f64(match arguments.first() {
            Some(seed) if !seed.is_undefined() => {
                let seed = seed.as_f64().ok_or_else(|| refused("a seed is a number"))?;
                Chance::new(seed.to_bits(), 0).fraction()
            }
            _ => drawn.fraction(),
        }))
    })?;
    // The library does not encode spaces.
    evaluator.register_fn_override("encodeUrl", |arguments: &[JValue]| {
        match arguments.first() {
            None | Some(JValue::Undefined) => Ok(JValue::Undefined),
            Some(text) => match text.as_str() {
                Some(text) => Ok(JValue::from(encode_url(text))),
                None => Err(refused("$encodeUrl takes a text")),
            },
        }
    })?;
    let drawn = Rc::clone(&chance);
    evaluator.register_fn("uuid", move |_: &[JValue]| Ok(JValue::from(drawn.uuid())))?;
    evaluator.register_fn_override("shuffle", move |arguments: &[JValue]| {
        let Some(items) = arguments.first().and_then(JValue::as_array) else {
            return Ok(arguments.first().cloned().unwrap_or(JValue::Undefined));
        };
        let mut items = items.clone();
        for last in (1..items.len()).rev() {
            let high = i64::try_from(last + 1).unwrap_or(i64::MAX);
            let other = usize::try_from(chance.between(0, high)).unwrap_or(0);
            items.swap(last, other);
        }
        Ok(JValue::array(items))
    })?;
    evaluator.register_fn("partition", |arguments: &[JValue]| {
        let items = arguments.first().and_then(JValue::as_array);
        let items = items.ok_or_else(|| refused("$partition takes a list and a size"))?;
        let size = whole(arguments.get(1), "the size")?;
        let size = usize::try_from(size).unwrap_or(0);
        if size == 0 {
            return Err(refused("chunks have at least one element"));
        }
        let chunks = items
            .chunks(size)
            .map(|chunk| JValue::array(chunk.to_vec()));
        Ok(JValue::array(chunks.collect()))
    })?;
    evaluator.register_fn("range", |arguments: &[JValue]| {
        let first = whole(arguments.first(), "the start")?;
        let last = whole(arguments.get(1), "the end")?;
        let step = whole(arguments.get(2), "the step")?;
        let numbers = crate::intrinsic::range(first, last, step).map_err(refused)?;
        Ok(JValue::from(numbers))
    })?;
    evaluator.register_fn("hash", |arguments: &[JValue]| {
        let data = match arguments.first() {
            Some(JValue::String(text)) => text.to_string(),
            Some(other) => {
                let written = other.to_json_string();
                written.map_err(|error| refused(error.to_string()))?
            }
            None => return Err(refused("$hash takes a value and an algorithm")),
        };
        let algorithm = arguments
            .get(1)
            .and_then(JValue::as_str)
            .unwrap_or("SHA-256");
        hash(&data, algorithm).map(JValue::from).map_err(refused)
    })?;
    evaluator.register_fn("parse", |arguments: &[JValue]| {
        let text = arguments.first().and_then(JValue::as_str);
        let text = text.ok_or_else(|| refused("$parse takes a text"))?;
        JValue::from_json_str(text)
            .map_err(|error| refused(format!("the text is not JSON: {error}")))
    })
}

/// `$now(picture, timezone)`: the scope's instant, formatted by `$fromMillis`.
fn now(millis: i64, arguments: &[JValue]) -> Result<JValue, EvaluatorError> {
    let mut context = Context::new();
    #[expect(clippy::cast_precision_loss, reason = "JSONata has no other numbers")]
    context.bind(String::from("millis"), JValue::from_f64(millis as f64));
    let names = ["picture", "timezone"];
    for (name, argument) in names.iter().zip(arguments) {
        context.bind((*name).to_owned(), argument.clone());
    }
    let call = match arguments.len() {
        0 => "$fromMillis($millis)",
        1 => "$fromMillis($millis, $picture)",
        _ => "$fromMillis($millis, $picture, $timezone)",
    };
    let ast = jsonata_core::parser::parse(call).map_err(|error| refused(error.to_string()))?;
    Evaluator::with_context(context).evaluate(&ast, &JValue::Undefined)
}

#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn whole(value: Option<&JValue>, what: &str) -> Result<i64, EvaluatorError> {
    let number = value.and_then(JValue::as_f64);
    let number = number.filter(|number| number.fract() == 0.0 && number.abs() < 9.0e15);
    number
        .map(|number| number as i64)
        .ok_or_else(|| refused(format!("{what} is not a whole number")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::QUERY_EVALUATION_ERROR;

    fn evaluate(text: &str) -> Result<Value, StateError> {
        let variables = json!({ "limit": 10, "who": { "name": "Ada" } });
        let states =
            json!({ "input": { "orders": [{ "n": 2 }, { "n": 9 }], "a": [3, 1, 2], "s": "x" } });
        let scope = Scope {
            input: &Value::Null,
            context: &json!({ "Execution": { "Id": "arn" } }),
            variables: variables.as_object().expect("an object"),
            states: states.as_object().expect("an object"),
            chance: &Chance::new(3, 0),
            now_millis: 1_700_000_000_123,
        };
        let source = Query::within(text).expect(text);
        Query::parse(source).expect(text).evaluate(&scope, "Output")
    }

    fn value(source: &str) -> Value {
        evaluate(&format!("{{% {source} %}}")).expect(source)
    }

    #[test]
    fn expressions_see_states_and_variables() {
        assert_eq!(value("$states.input.orders[n > 5].n"), 9);
        assert_eq!(value("$sum($states.input.orders.n) * $limit"), 110);
        assert_eq!(value("'Hi ' & $who.name"), "Hi Ada");
        assert_eq!(value("$encodeUrl('/a b?ä#%')"), "/a%20b?%C3%A4#%25");
        assert_eq!(value("$states.context.Execution.Id"), "arn");
        assert_eq!(
            value("{ 'half': 0.5, 'whole': 4 / 2, 'none': null }"),
            json!({ "half": 0.5, "whole": 2, "none": null })
        );
        assert_eq!(
            value("($x := 2; $map([1..3], function($i) { $i * $x }))"),
            json!([2, 4, 6])
        );
    }

    #[test]
    fn functions_of_step_functions() {
        assert_eq!(value("$partition([1..5], 2)"), json!([[1, 2], [3, 4], [5]]));
        assert_eq!(value("$range(0, 10, 5)"), json!([0, 5, 10]));
        assert_eq!(
            value("$hash('input data', 'SHA-1')"),
            "aaff4a450a104cd177d28d18d74485e8cae074b7"
        );
        assert_eq!(value("$parse('{\"a\": [1]}').a"), json!([1]));
        assert_eq!(value("$length($uuid())"), 36);
    }

    #[test]
    fn time_and_chance_are_handed_over() {
        assert_eq!(value("$millis()"), 1_700_000_000_123_i64);
        assert_eq!(value("$now()"), "2023-11-14T22:13:20.123Z");
        assert_eq!(value("$now('[Y0001]-[M01]')"), "2023-11");
        assert_eq!(value("$random()"), value("$random()"));
        assert_eq!(value("$random(7)"), value("$random(7)"));
        assert_eq!(value("$shuffle([1..20])"), value("$shuffle([1..20])"));
        assert_eq!(value("$sort($shuffle([3, 1, 2]))"), json!([1, 2, 3]));
        assert_eq!(value("$uuid() = $uuid()"), false);
    }

    #[test]
    fn what_has_no_value_in_json_is_an_error() {
        let fails = |source: &str| {
            let error = evaluate(&format!("{{% {source} %}}")).expect_err(source);
            assert_eq!(error.error, QUERY_EVALUATION_ERROR);
            error.cause
        };
        assert!(
            fails("$states.input.nothing")
                .ends_with("for the field 'Output' returned nothing (undefined).")
        );
        assert!(fails("function($x) { $x }").contains("a function"));
        assert!(fails("$eval('1')").contains("not available"));
        assert!(
            fails("1 + 'a'").contains("threw an error during evaluation. T2002"),
            "{}",
            fails("1 + 'a'")
        );
        assert!(fails("($f := function() { 1 + $f() }; $f())").contains("threw an error"));
        assert!(fails("$partition([1], 0)").contains("at least one"));
        assert!(
            Query::parse("1 +")
                .expect_err("it is none")
                .contains("is not valid JSONata")
        );
        assert!(Query::within("{% 1 %} and").is_none());
    }
}
