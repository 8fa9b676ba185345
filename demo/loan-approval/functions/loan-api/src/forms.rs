//! The clients' input, checked strictly: every wrong field gets its own answer.

use loan::Engine;
use serde_json::{Map, Value};

use crate::answer::Refusal;
use crate::gateway::Body;

/// Longest name, in characters.
const NAME_CHARS_MAX: usize = 100;
/// Longest address, in characters.
const ADDRESS_CHARS_MAX: usize = 300;
/// Longest phone number, in characters; international ones have 15 digits and some signs.
const PHONE_CHARS_MAX: usize = 40;
/// Longest reason of a denial, in characters.
const REASON_CHARS_MAX: usize = 500;
/// Largest loan, in dollars: a bank does not grant larger ones by a form.
const LOAN_AMOUNT_MAX: f64 = 10_000_000.0;
/// The reason of a denial without one.
const REASON_DEFAULT: &str = "Manager denied the application";

/// The body of `POST /apply`.
#[derive(Debug, PartialEq)]
pub struct ApplyForm {
    /// The applicant's name.
    pub name: String,
    /// May be empty.
    pub address: String,
    /// May be empty.
    pub phone: String,
    /// Four digits.
    pub sin: String,
    /// In dollars, above 0.
    pub loan_amount: f64,
    /// The durable function, unless the form says otherwise.
    pub engine: Engine,
}

impl ApplyForm {
    /// Reads and checks a body.
    ///
    /// # Errors
    ///
    /// 400, or 413 for a body that is too large.
    pub fn read(body: &Body) -> Result<Self, Refusal> {
        let members = object(body)?;
        let missing: Vec<&str> = ["name", "sin", "loan_amount"]
            .into_iter()
            .filter(|name| is_missing(members.get(*name)))
            .collect();
        if !missing.is_empty() {
            return Err(Refusal::Invalid(format!(
                "Missing required fields: {}",
                missing.join(", ")
            )));
        }
        let sin = text(&members, "sin", 4)?;
        if sin.len() != 4 || !sin.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Refusal::Invalid(
                "sin must be its last four digits".to_owned(),
            ));
        }
        Ok(Self {
            name: text(&members, "name", NAME_CHARS_MAX)?,
            address: text(&members, "address", ADDRESS_CHARS_MAX)?,
            phone: text(&members, "phone", PHONE_CHARS_MAX)?,
            sin,
            loan_amount: loan_amount(&members["loan_amount"])?,
            engine: engine(members.get("engine"))?,
        })
    }
}

/// The body of `POST /approve/{applicationId}`.
#[derive(Debug, PartialEq)]
pub enum Decision {
    /// The loan goes on.
    Approved,
    /// It does not.
    Denied {
        /// Why, for the applicant.
        reason: String,
    },
}

impl Decision {
    /// Reads and checks a body.
    ///
    /// # Errors
    ///
    /// 400, or 413 for a body that is too large.
    pub fn read(body: &Body) -> Result<Self, Refusal> {
        let members = object(body)?;
        // A decision is never guessed: only `true` and `false` are accepted.
        let approved = match members.get("approved") {
            Some(Value::Bool(approved)) => *approved,
            None | Some(Value::Null) => {
                return Err(Refusal::Invalid(
                    "Missing required fields: approved".to_owned(),
                ));
            }
            Some(_) => {
                return Err(Refusal::Invalid(
                    "approved must be true or false".to_owned(),
                ));
            }
        };
        let reason = text(&members, "reason", REASON_CHARS_MAX)?;
        Ok(match (approved, reason.is_empty()) {
            (true, _) => Self::Approved,
            (false, true) => Self::Denied {
                reason: REASON_DEFAULT.to_owned(),
            },
            (false, false) => Self::Denied { reason },
        })
    }
}

fn object(body: &Body) -> Result<Map<String, Value>, Refusal> {
    let bytes = match body {
        Body::Bytes(bytes) => bytes,
        Body::Undecodable => {
            return Err(Refusal::Invalid(
                "Invalid JSON body: it is not valid base64".to_owned(),
            ));
        }
        Body::TooLarge => return Err(Refusal::BodyTooLarge),
    };
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(Refusal::Invalid(
            "The body must be a JSON object".to_owned(),
        )),
        Err(error) => Err(Refusal::Invalid(format!("Invalid JSON body: {error}"))),
    }
}

fn is_missing(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.trim().is_empty(),
        Some(_) => false,
    }
}

/// A text without the spaces around it; empty if the field is missing.
fn text(members: &Map<String, Value>, name: &str, chars_max: usize) -> Result<String, Refusal> {
    let text = match members.get(name) {
        None | Some(Value::Null) => return Ok(String::new()),
        Some(Value::String(text)) => text.trim(),
        Some(_) => return Err(Refusal::Invalid(format!("{name} must be a text"))),
    };
    if text.chars().count() > chars_max {
        return Err(Refusal::Invalid(format!(
            "{name} must have at most {chars_max} characters"
        )));
    }
    if text
        .chars()
        .any(|letter| letter.is_control() && letter != '\n')
    {
        return Err(Refusal::Invalid(format!(
            "{name} must not contain control characters"
        )));
    }
    Ok(text.to_owned())
}

/// A number, or a text that holds one, as a form field does.
fn loan_amount(value: &Value) -> Result<f64, Refusal> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    match number {
        Some(amount) if !amount.is_finite() => Err(Refusal::Invalid(
            "loan_amount must be a finite number".to_owned(),
        )),
        Some(amount) if amount <= 0.0 => {
            Err(Refusal::Invalid("loan_amount must be positive".to_owned()))
        }
        Some(amount) if amount > LOAN_AMOUNT_MAX => Err(Refusal::Invalid(format!(
            "loan_amount must be at most {LOAN_AMOUNT_MAX}"
        ))),
        Some(amount) => Ok(amount),
        None => Err(Refusal::Invalid("loan_amount must be a number".to_owned())),
    }
}

fn engine(value: Option<&Value>) -> Result<Engine, Refusal> {
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return Ok(Engine::default());
    };
    let known = Engine::ALL.into_iter();
    let mut named = known.filter(|it| value.as_str() == Some(it.as_str()));
    named.next().ok_or_else(|| {
        let names = Engine::ALL.map(Engine::as_str).join(" or ");
        Refusal::Invalid(format!("engine must be {names}"))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn body(value: &Value) -> Body {
        Body::Bytes(value.to_string().into_bytes())
    }

    fn alice() -> Value {
        json!({ "name": " Alice Johnson ", "address": "1 Main St", "phone": "+1 555", "sin": "1111", "loan_amount": 150_000 })
    }

    #[test]
    fn alice_is_read() {
        let expected = ApplyForm {
            name: "Alice Johnson".to_owned(),
            address: "1 Main St".to_owned(),
            phone: "+1 555".to_owned(),
            sin: "1111".to_owned(),
            loan_amount: 150_000.0,
            engine: Engine::Durable,
        };
        assert_eq!(ApplyForm::read(&body(&alice())), Ok(expected));
    }

    #[test]
    fn engine_may_be_named() {
        for (named, expected) in [
            (json!(null), Engine::Durable),
            (json!("durable"), Engine::Durable),
            (json!("state-machine"), Engine::StateMachine),
        ] {
            let mut form = alice();
            form["engine"] = named;
            assert_eq!(ApplyForm::read(&body(&form)).unwrap().engine, expected);
        }
    }

    #[test]
    fn amount_may_be_a_text_and_the_rest_may_be_missing() {
        let form = ApplyForm::read(&body(
            &json!({ "name": "A", "sin": "3333", "loan_amount": " 25000.5 " }),
        ))
        .unwrap();
        assert_eq!(
            (form.loan_amount, form.address.as_str(), form.phone.as_str()),
            (25_000.5, "", "")
        );
    }

    #[test]
    fn every_wrong_field_gets_its_answer() {
        for (name, value, expected) in [
            ("name", json!("  "), "Missing required fields: name"),
            ("name", json!(7), "name must be a text"),
            (
                "engine",
                json!("steam"),
                "engine must be durable or state-machine",
            ),
            (
                "name",
                json!("x".repeat(101)),
                "name must have at most 100 characters",
            ),
            (
                "name",
                json!("a\u{0}b"),
                "name must not contain control characters",
            ),
            ("address", json!(["x"]), "address must be a text"),
            (
                "phone",
                json!("5".repeat(41)),
                "phone must have at most 40 characters",
            ),
            ("sin", json!(null), "Missing required fields: sin"),
            ("sin", json!(1111), "sin must be a text"),
            ("sin", json!("111"), "sin must be its last four digits"),
            ("sin", json!("١١١١"), "sin must be its last four digits"),
            (
                "loan_amount",
                json!(""),
                "Missing required fields: loan_amount",
            ),
            ("loan_amount", json!("lots"), "loan_amount must be a number"),
            ("loan_amount", json!(true), "loan_amount must be a number"),
            (
                "loan_amount",
                json!("NaN"),
                "loan_amount must be a finite number",
            ),
            (
                "loan_amount",
                json!("-inf"),
                "loan_amount must be a finite number",
            ),
            ("loan_amount", json!(0), "loan_amount must be positive"),
            ("loan_amount", json!(-5), "loan_amount must be positive"),
            (
                "loan_amount",
                json!(1e7 + 1.0),
                "loan_amount must be at most 10000000",
            ),
        ] {
            let mut form = alice();
            form[name] = value.clone();
            assert_eq!(
                ApplyForm::read(&body(&form)),
                Err(Refusal::Invalid(expected.to_owned())),
                "{name} {value}"
            );
        }
    }

    #[test]
    fn all_missing_fields_are_named_at_once() {
        let expected =
            Refusal::Invalid("Missing required fields: name, sin, loan_amount".to_owned());
        assert_eq!(ApplyForm::read(&body(&json!({}))), Err(expected));
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for (bytes, expected) in [
            (&b""[..], "Invalid JSON body"),
            (b"{", "Invalid JSON body"),
            (b"\xff", "Invalid JSON body"),
            (b"[]", "The body must be a JSON object"),
        ] {
            let Err(Refusal::Invalid(message)) = ApplyForm::read(&Body::Bytes(bytes.to_vec()))
            else {
                panic!("{bytes:?} was taken")
            };
            assert!(message.starts_with(expected), "{message}");
        }
        assert_eq!(ApplyForm::read(&Body::TooLarge), Err(Refusal::BodyTooLarge));
        // Nested far deeper than the stack allows: the parser has a limit of its own.
        assert!(ApplyForm::read(&Body::Bytes(vec![b'['; 60_000])).is_err());
    }

    #[test]
    fn decisions_are_read_and_never_guessed() {
        let denied = |reason: &str| {
            Ok(Decision::Denied {
                reason: reason.to_owned(),
            })
        };
        let refused = |message: &str| Err(Refusal::Invalid(message.to_owned()));
        for (value, expected) in [
            (json!({ "approved": true }), Ok(Decision::Approved)),
            (
                json!({ "approved": true, "reason": "fine" }),
                Ok(Decision::Approved),
            ),
            (
                json!({ "approved": false, "reason": " too risky " }),
                denied("too risky"),
            ),
            (
                json!({ "approved": false, "reason": null }),
                denied(REASON_DEFAULT),
            ),
            (json!({ "approved": false }), denied(REASON_DEFAULT)),
            (json!({}), refused("Missing required fields: approved")),
            (
                json!({ "approved": "true" }),
                refused("approved must be true or false"),
            ),
            (
                json!({ "approved": 1 }),
                refused("approved must be true or false"),
            ),
            (
                json!({ "approved": false, "reason": 5 }),
                refused("reason must be a text"),
            ),
            (
                json!({ "approved": false, "reason": "x".repeat(501) }),
                refused("reason must have at most 500 characters"),
            ),
        ] {
            assert_eq!(Decision::read(&body(&value)), expected, "{value}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_fatal(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let body = Body::Bytes(bytes);
            prop_assert!(Decision::read(&body).is_err());
            prop_assert!(ApplyForm::read(&body).is_err());
        }

        #[test]
        fn what_is_accepted_is_within_bounds(name in any::<String>(), sin in "[0-9]{3,5}", amount in any::<f64>()) {
            let form = json!({ "name": name, "sin": sin, "loan_amount": amount.to_string() });
            if let Ok(form) = ApplyForm::read(&body(&form)) {
                prop_assert!(form.name.chars().count() <= NAME_CHARS_MAX && !form.name.is_empty());
                prop_assert_eq!(form.sin.len(), 4);
                prop_assert!(form.loan_amount > 0.0 && form.loan_amount <= LOAN_AMOUNT_MAX);
            }
        }
    }
}
