//! Every intrinsic function, and the arguments that they reject.

use serde_json::{Map, json};

use super::*;
use crate::chance::Chance;

fn evaluate(text: &str, input: &Value) -> Result<Value, StateError> {
    let scope = Scope {
        input,
        context: &json!({ "State": { "Name": "here" } }),
        variables: &Map::new(),
        states: &Map::new(),
        chance: &Chance::new(5, 0),
        now_millis: 0,
    };
    Expression::parse(text)
        .expect(text)
        .evaluate(&scope, "field.$")
}

/// The value of the path `$.n`, as a whole number.
fn whole(n: &Value) -> Result<u64, StateError> {
    let path = Expression::parse("$.n").expect("a path");
    let scope = Scope {
        input: &json!({ "n": n }),
        context: &json!({}),
        variables: &Map::new(),
        states: &Map::new(),
        chance: &Chance::new(5, 0),
        now_millis: 0,
    };
    crate::Template::Expression(path).whole(&scope, "Seconds")
}

#[test]
fn a_path_leads_to_a_whole_number_or_its_text() {
    assert_eq!(whole(&json!(3)), Ok(3));
    assert_eq!(whole(&json!("1")), Ok(1));
    for wrong in [
        json!(1.5),
        json!(-1),
        json!("1.5"),
        json!("one"),
        json!("inf"),
        json!(null),
    ] {
        let error = whole(&wrong).expect_err("it is not a whole number");
        let cause = error.cause;
        assert!(
            cause.ends_with("not a whole number of at least 0"),
            "{cause}"
        );
    }
}

fn value(text: &str) -> Value {
    let input = json!({
        "name": "Ada", "age": 36, "list": [1, 2, 3, 3, 2.0, "a"], "object": { "a": { "x": 1 }, "b": 2 },
        "other": { "a": { "y": 2 }, "c": 3 }, "json": "{\"k\": [1, null]}",
    });
    evaluate(text, &input).expect(text)
}

#[test]
fn functions_of_text() {
    assert_eq!(
        value("States.Format('Hi {}, {} years', $.name, $.age)"),
        "Hi Ada, 36 years"
    );
    assert_eq!(
        value(r"States.Format('it\'s \{\} {}', true)"),
        "it's {} true"
    );
    assert_eq!(
        value("States.Format('{}', $.object)"),
        r#"{"a":{"x":1},"b":2}"#
    );
    assert_eq!(
        value("States.Format('{}', States.Format('<{}>', $$.State.Name))"),
        "<here>"
    );
    assert_eq!(
        value("States.StringSplit('1,2;;3', ',;')"),
        json!(["1", "2", "3"])
    );
    assert_eq!(value("States.StringSplit('whole', '')"), json!(["whole"]));
    assert_eq!(
        value("States.StringToJson($.json)"),
        json!({ "k": [1, null] })
    );
    assert_eq!(
        value("States.JsonToString($.object)"),
        r#"{"a":{"x":1},"b":2}"#
    );
    assert_eq!(
        value("States.Base64Encode('Data to encode')"),
        "RGF0YSB0byBlbmNvZGU="
    );
    assert_eq!(
        value("States.Base64Decode('RGF0YSB0byBlbmNvZGU=')"),
        "Data to encode"
    );
}

#[test]
fn functions_of_lists() {
    assert_eq!(
        value("States.Array('a', 1, null, $.age)"),
        json!(["a", 1, null, 36])
    );
    assert_eq!(value("States.Array()"), json!([]));
    assert_eq!(
        value("States.ArrayPartition($.list, 4)"),
        json!([[1, 2, 3, 3], [2.0, "a"]])
    );
    assert_eq!(value("States.ArrayContains($.list, 3)"), true);
    assert_eq!(value("States.ArrayContains($.list, '3')"), false);
    assert_eq!(value("States.ArrayRange(1, 9, 2)"), json!([1, 3, 5, 7, 9]));
    assert_eq!(value("States.ArrayRange(2, -2, -3)"), json!([2, -1]));
    assert_eq!(value("States.ArrayGetItem($.list, 5)"), "a");
    assert_eq!(value("States.ArrayLength($.list)"), 6);
    assert_eq!(value("States.ArrayUnique($.list)"), json!([1, 2, 3, "a"]));
    assert_eq!(value("States.ArrayLength($.list[?(@ == 3)])"), 2);
}

#[test]
fn functions_of_numbers_objects_and_digests() {
    assert_eq!(value("States.MathAdd($.age, -1)"), 35);
    for (first, second, sum) in [
        ("1.49", "1.5", 3),
        ("1.5", "1.51", 4),
        ("-1.5", "-1.51", -3),
        ("-0.5", "0.5", 1),
        ("-2.5", "0", -2),
    ] {
        let text = format!("States.MathAdd({first}, {second})");
        assert_eq!(value(&text), sum, "{text}");
    }
    assert_eq!(value("States.StringToJson(' ')"), Value::Null);
    assert_eq!(
        value("States.JsonMerge($.object, $.other, false)"),
        json!({ "a": { "y": 2 }, "b": 2, "c": 3 })
    );
    assert_eq!(
        value("States.Hash('input data', 'SHA-1')"),
        "aaff4a450a104cd177d28d18d74485e8cae074b7"
    );
    assert_eq!(
        value("States.Hash('', 'MD5')"),
        "d41d8cd98f00b204e9800998ecf8427e"
    );
    for (algorithm, length) in [("SHA-256", 64), ("SHA-384", 96), ("SHA-512", 128)] {
        let digest = value(&format!("States.Hash($.object, '{algorithm}')"));
        assert_eq!(digest.as_str().map(str::len), Some(length));
    }
}

#[test]
fn chance_follows_from_the_seed() {
    let uuid = value("States.UUID()");
    assert_eq!(value("States.UUID()"), uuid);
    assert_eq!(uuid.as_str().map(|text| text.as_bytes()[14]), Some(b'4'));
    assert_eq!(value("States.MathRandom(1, 2)"), 1);
    assert_eq!(
        value("States.MathRandom(1, 99999, 7)"),
        value("States.MathRandom(1, 99999, 7)")
    );
}

#[test]
fn what_cannot_be_done_fails_with_the_reason() {
    let fails = |text: &str| evaluate(text, &json!({ "a": "x", "deep": [[1]] })).expect_err(text);
    let cases = [
        ("States.Format('{} {}', 1)", "more `{}` than arguments"),
        ("States.Format('{}', 1, 2)", "more arguments than `{}`"),
        ("States.Format('{', 1)", "write `\\{`"),
        ("States.Format($.deep)", "is not a text"),
        ("States.StringToJson('{')", "is not JSON"),
        ("States.ArrayPartition($.deep, 0)", "at least one element"),
        ("States.ArrayRange(0, 5000, 1)", "at most 1000"),
        ("States.ArrayRange(0, 1, 0)", "step of zero"),
        (
            "States.ArrayGetItem($.deep, 1)",
            "no element 1 in a list of 1",
        ),
        ("States.ArrayGetItem($.deep, -1)", "no element -1"),
        ("States.Base64Decode('!')", "is not Base64"),
        ("States.Hash('a', 'CRC')", "is none of MD5"),
        ("States.JsonMerge($, $, true)", "only shallow"),
        ("States.MathRandom(2, 2)", "no number from 2"),
        ("States.MathAdd(9223372036854775807, 1)", "too large"),
        ("States.MathAdd('1', 1)", "is not a whole number"),
    ];
    for (text, reason) in cases {
        let error = fails(text);
        assert_eq!(error.error, INTRINSIC_FAILURE);
        assert!(error.cause.contains(reason), "{text}: {}", error.cause);
    }
    let missing = fails("States.Format('{}', $.nothing)");
    assert_eq!(missing.error, PARAMETER_PATH_FAILURE);
    assert!(
        missing
            .cause
            .contains("'$.nothing' specified for the field 'field.$'")
    );
    let long = format!("States.Base64Encode('{}')", "x".repeat(10_001));
    assert!(fails(&long).cause.contains("longer than 10000"));
}

#[test]
fn what_is_no_call_is_refused_with_its_place() {
    let wrong = |text: &str| Expression::parse(text).expect_err(text);
    let cases = [
        ("States.Nothing()", "no function `States.Nothing`"),
        ("States.UUID(1)", "takes 0 arguments, not 1"),
        ("States.MathRandom(1)", "takes 2 to 3 arguments"),
        ("States.Format()", "takes 1 or more arguments"),
        ("States.Format('a", "is not closed"),
        ("States.Format('a'", "`,` or `)` is missing"),
        ("States.Format('a') x", "nothing may follow"),
        ("States.Format", "`(` is missing"),
        ("States.Array(a)", "`a` is not a path"),
        ("States.Array([1])", "`[1]` is not a path"),
        ("States.Array($.)", "a name is missing"),
    ];
    for (text, reason) in cases {
        assert!(wrong(text).contains(reason), "{text}: {}", wrong(text));
    }
    let nested = format!("{}1{}", "States.Array(".repeat(11), ")".repeat(11));
    assert!(wrong(&nested).contains("deeper than 10"));
}
