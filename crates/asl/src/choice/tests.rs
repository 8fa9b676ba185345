//! Every operator, and invalid comparisons.

use serde_json::{Map, json};

use super::*;
use crate::chance::Chance;
use crate::intrinsic::Expression;

fn holds(operator: &str, variable: &str, operand: Value) -> Result<bool, StateError> {
    let input = json!({
        "text": "log-2026.txt", "ten": 10, "half": 0.5, "yes": true, "nil": null, "star": "a*b",
        "at": "2026-03-01T12:00:00Z", "later": "2026-03-01T14:00:01+02:00", "lower": "2026-03-01t12:00:00z",
        "space": "2026-03-01 12:00:00Z", "zone": "2026-03-01T12:00:00Z[UTC]", "local": "2026-03-01T12:00:00",
        "other": "log-2026.txt", "twelve": 12,
    });
    let (operator, is_path) = Operator::parse(operator).expect(operator);
    let operand = if is_path {
        let text = operand.as_str().expect("a path");
        Template::Expression(Expression::parse(text).expect("a path"))
    } else {
        operator.check(&operand).expect("a fitting operand");
        Template::Value(operand)
    };
    let comparison = Condition::Compare(Comparison {
        variable: Path::parse(variable).expect("a path"),
        operator,
        operand,
    });
    let scope = Scope {
        input: &input,
        context: &Value::Null,
        variables: &Map::new(),
        states: &Map::new(),
        chance: &Chance::new(0, 0),
        now_millis: 0,
    };
    comparison.holds(0, &scope)
}

#[test]
fn every_operator_compares_values_of_its_type() {
    let cases: &[(&str, &str, Value, bool)] = &[
        ("StringEquals", "$.text", json!("log-2026.txt"), true),
        ("StringEqualsPath", "$.text", json!("$.other"), true),
        ("StringLessThan", "$.text", json!("log-2027"), true),
        ("StringLessThanPath", "$.text", json!("$.other"), false),
        ("StringGreaterThan", "$.text", json!("log"), true),
        ("StringGreaterThanPath", "$.text", json!("$.at"), true),
        (
            "StringLessThanEquals",
            "$.text",
            json!("log-2026.txt"),
            true,
        ),
        ("StringLessThanEqualsPath", "$.text", json!("$.at"), false),
        ("StringGreaterThanEquals", "$.text", json!("m"), false),
        (
            "StringGreaterThanEqualsPath",
            "$.text",
            json!("$.other"),
            true,
        ),
        ("StringMatches", "$.text", json!("log-*.txt"), true),
        ("StringMatches", "$.text", json!("*2*6*"), true),
        ("StringMatches", "$.text", json!("log-*.tx"), false),
        ("StringMatches", "$.star", json!(r"a\*b"), true),
        ("StringMatches", "$.text", json!(r"log\*"), false),
        ("StringEquals", "$.ten", json!("10"), false),
        ("NumericEquals", "$.ten", json!(10.0), true),
        ("NumericEqualsPath", "$.ten", json!("$.twelve"), false),
        ("NumericLessThan", "$.half", json!(1), true),
        ("NumericLessThanPath", "$.ten", json!("$.twelve"), true),
        ("NumericGreaterThan", "$.ten", json!(9.99), true),
        ("NumericGreaterThanPath", "$.ten", json!("$.half"), true),
        ("NumericLessThanEquals", "$.ten", json!(10), true),
        ("NumericLessThanEqualsPath", "$.ten", json!("$.half"), false),
        ("NumericGreaterThanEquals", "$.ten", json!(11), false),
        (
            "NumericGreaterThanEqualsPath",
            "$.ten",
            json!("$.ten"),
            true,
        ),
        ("NumericGreaterThan", "$.text", json!(1), false),
        ("BooleanEquals", "$.yes", json!(true), true),
        ("BooleanEquals", "$.yes", json!(false), false),
        ("BooleanEqualsPath", "$.yes", json!("$.yes"), true),
        (
            "TimestampEquals",
            "$.at",
            json!("2026-03-01T13:00:00+01:00"),
            true,
        ),
        ("TimestampEqualsPath", "$.at", json!("$.later"), false),
        (
            "TimestampLessThan",
            "$.at",
            json!("2026-03-01T12:00:00.001Z"),
            true,
        ),
        ("TimestampLessThanPath", "$.at", json!("$.later"), true),
        (
            "TimestampGreaterThan",
            "$.at",
            json!("2026-03-01T12:00:00Z"),
            false,
        ),
        ("TimestampGreaterThanPath", "$.later", json!("$.at"), true),
        (
            "TimestampLessThanEquals",
            "$.at",
            json!("2026-03-01T12:00:00Z"),
            true,
        ),
        (
            "TimestampLessThanEqualsPath",
            "$.later",
            json!("$.at"),
            false,
        ),
        (
            "TimestampGreaterThanEquals",
            "$.at",
            json!("2026-03-01T12:00:00Z"),
            true,
        ),
        (
            "TimestampGreaterThanEqualsPath",
            "$.at",
            json!("$.later"),
            false,
        ),
        ("IsNull", "$.nil", json!(true), true),
        ("IsNull", "$.ten", json!(false), true),
        ("IsPresent", "$.nil", json!(true), true),
        ("IsPresent", "$.nothing", json!(true), false),
        ("IsPresent", "$.nothing", json!(false), true),
        ("IsNumeric", "$.half", json!(true), true),
        ("IsNumeric", "$.text", json!(true), false),
        ("IsString", "$.text", json!(true), true),
        ("IsBoolean", "$.yes", json!(true), true),
        ("IsTimestamp", "$.at", json!(true), true),
        ("IsTimestamp", "$.lower", json!(true), false),
        ("IsTimestamp", "$.text", json!(false), true),
        ("IsTimestamp", "$.space", json!(false), true),
        ("IsTimestamp", "$.zone", json!(false), true),
        ("IsTimestamp", "$.local", json!(false), true),
        (
            "TimestampEquals",
            "$.space",
            json!("2026-03-01T12:00:00Z"),
            false,
        ),
        ("TimestampEqualsPath", "$.at", json!("$.space"), false),
    ];
    for (operator, variable, operand, expected) in cases {
        let held = holds(operator, variable, operand.clone());
        assert_eq!(held, Ok(*expected), "{operator} {variable} {operand}");
    }
}

#[test]
fn a_path_without_a_value_is_an_error_that_nobody_catches() {
    for (operator, variable, operand) in [
        ("StringEquals", "$.nothing", json!("a")),
        ("IsNull", "$.nothing", json!(true)),
        ("NumericEqualsPath", "$.ten", json!("$.nothing")),
    ] {
        let error = holds(operator, variable, operand).expect_err("it fails");
        assert_eq!(error.error, crate::RUNTIME);
        assert!(
            error.cause.starts_with("Invalid path '$.nothing'"),
            "{}",
            error.cause
        );
    }
}

#[test]
fn operators_and_operands_are_checked() {
    for name in [
        "BooleanLessThan",
        "StringMatchesPath",
        "NumericIs",
        "IsPresentPath",
        "Next",
    ] {
        assert!(Operator::parse(name).is_none(), "{name}");
    }
    let wrong = |name: &str, operand: Value| {
        let (operator, _) = Operator::parse(name).expect(name);
        operator.check(&operand).is_err()
    };
    assert!(wrong("StringEquals", json!(1)) && wrong("NumericEquals", json!("1")));
    assert!(wrong("TimestampEquals", json!("yesterday")) && wrong("IsNull", json!("true")));
}

#[test]
fn a_condition_that_is_no_boolean_is_an_error_of_its_rule() {
    let condition = Condition::Query(Query::parse("'yes'").expect("an expression"));
    let scope = Scope {
        input: &Value::Null,
        context: &Value::Null,
        variables: &Map::new(),
        states: &Map::new(),
        chance: &Chance::new(0, 0),
        now_millis: 0,
    };
    let error = condition.holds(2, &scope).expect_err("it is a text");
    let location = Some(String::from("Choices[2]/Condition"));
    assert_eq!(error.origin, crate::Origin::Evaluation { location });
    assert_eq!(
        error.cause,
        "The JSONata expression ''yes'' specified for the field 'Choices[2]/Condition' returned an unexpected result \
         type. Expected 'boolean', but was 'string' for value: \"yes\""
    );
}
