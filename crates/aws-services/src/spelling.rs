//! The names of members on the wire and in state machines.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Number, Value};

use crate::table::{Protocol, Service};

/// The form of results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// The form of AWS SDK integrations: members as in Java, instants as texts.
    Sdk,
    /// The form of optimized integrations: members as on the wire, with a capital, and instants in milliseconds.
    Optimized,
}

impl Service {
    /// A member's name on the wire.
    pub(crate) fn wire_name(&self, name: &str) -> String {
        match self.names.get(name) {
            Some(wire) => (*wire).to_owned(),
            None if self.is_camel => with_first(name, |it| it.to_ascii_lowercase()),
            None => name.to_owned(),
        }
    }

    /// A member's name in state machines.
    pub(crate) fn java_name(&self, wire: &str, style: Style) -> String {
        let known = self.java_names.get(wire);
        match known.filter(|_| style == Style::Sdk) {
            // Both kinds of integrations return items unchanged.
            Some(_) if self.name == "dynamodb" => wire.to_owned(),
            Some(name) => (*name).to_owned(),
            None => with_first(wire, |it| it.to_ascii_uppercase()),
        }
    }

    /// Parameters as JSON on the wire.
    pub(crate) fn to_wire(&self, value: &Value) -> Value {
        match value {
            Value::Array(items) => items.iter().map(|it| self.to_wire(it)).collect(),
            Value::Object(members) => {
                let members = members
                    .iter()
                    .map(|(name, value)| (self.wire_name(name), self.member_to_wire(name, value)));
                Value::Object(members.collect())
            }
            other => other.clone(),
        }
    }

    fn member_to_wire(&self, name: &str, value: &Value) -> Value {
        if self.documents.contains(name) {
            return value.clone();
        }
        if self.maps.contains_key(name) {
            return keyed(value, &|it| self.to_wire(it));
        }
        match value {
            Value::String(text) if self.times.contains(name) => seconds(text),
            Value::Array(_) | Value::Object(_) if self.texts.contains(name) => {
                Value::from(value.to_string())
            }
            Value::String(_) | Value::Object(_) if self.blobs.contains(name) => {
                Value::from(STANDARD.encode(self::text(value)))
            }
            other => self.to_wire(other),
        }
    }

    /// JSON from the wire in the form of state machines.
    pub(crate) fn told(&self, value: &Value, style: Style) -> Value {
        match value {
            Value::Array(items) => items.iter().map(|it| self.told(it, style)).collect(),
            Value::Object(members) => {
                let members = members.iter().map(|(wire, value)| {
                    let name = self.java_name(wire, style);
                    let value = self.told_member(&name, value, style);
                    (name, value)
                });
                Value::Object(members.collect())
            }
            other => other.clone(),
        }
    }

    fn told_member(&self, name: &str, value: &Value, style: Style) -> Value {
        if self.documents.contains(name) {
            return value.clone();
        }
        if self.maps.contains_key(name) {
            return keyed(value, &|it| self.told(it, style));
        }
        match value {
            Value::Number(seconds) if self.times.contains(name) => moment(seconds, style),
            other => self.told(other, style),
        }
    }

    /// A text from XML or a header, converted to its member's type.
    pub(crate) fn typed(&self, name: &str, text: &str) -> Value {
        if self.numbers.contains(name)
            && let Ok(number) = text.parse::<i64>()
        {
            return Value::from(number);
        }
        if self.numbers.contains(name)
            && let Ok(number) = text.parse::<f64>()
        {
            return Value::from(number);
        }
        if self.booleans.contains(name)
            && let Ok(truth) = text.parse::<bool>()
        {
            return Value::from(truth);
        }
        let is_http_date = self.times.contains(name) && text.ends_with("GMT");
        match jiff::fmt::rfc2822::parse(text) {
            Ok(at) if is_http_date => Value::from(at.timestamp().to_string()),
            _ => Value::from(text),
        }
    }

    /// Whether the service's protocol has only texts: times and bytes stay as they are.
    pub(crate) fn is_textual(&self) -> bool {
        matches!(self.protocol, Protocol::Query | Protocol::RestXml)
    }
}

/// A value as text: other values than texts are written as JSON.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A map, or a list of maps, whose keys stay as they are.
fn keyed(value: &Value, change: &dyn Fn(&Value) -> Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.iter();
            let members = members.map(|(key, value)| (key.clone(), change(value)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Value::Array(items) if items.iter().all(Value::is_object) => {
            items.iter().map(|it| keyed(it, change)).collect()
        }
        other => change(other),
    }
}

fn with_first(name: &str, change: impl Fn(&char) -> char) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|it| change(&it));
    first.into_iter().chain(letters).collect()
}

/// An instant in seconds, as JSON services accept it; any other text stays.
#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds of this age have fewer than 53 bits"
)]
fn seconds(text: &str) -> Value {
    match text.parse::<Timestamp>() {
        Ok(at) if at.as_millisecond() % 1000 == 0 => Value::from(at.as_second()),
        Ok(at) => Value::from(at.as_millisecond() as f64 / 1000.0),
        Err(_) => Value::from(text),
    }
}

fn moment(seconds: &Number, style: Style) -> Value {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "what is too large is no instant, and stays a number"
    )]
    let millis = seconds.as_f64().map(|it| (it * 1000.0).round() as i64);
    let at = millis.and_then(|it| Timestamp::from_millisecond(it).ok());
    match (at, style) {
        (Some(at), Style::Sdk) => Value::from(at.to_string()),
        (Some(at), Style::Optimized) => Value::from(at.as_millisecond()),
        (None, _) => Value::Number(seconds.clone()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Style;
    use crate::service;

    #[test]
    fn members_are_spelled_as_the_service_does() {
        let batch = service("batch").expect("Batch is one");
        let parameters = json!({
            "JobName": "a", "Parameters": { "Key": "v" },
            "ContainerOverrides": { "Environment": [{ "Name": "A", "Value": "1" }] },
        });
        let wire = json!({
            "jobName": "a", "parameters": { "Key": "v" },
            "containerOverrides": { "environment": [{ "name": "A", "value": "1" }] },
        });
        assert_eq!(batch.to_wire(&parameters), wire);
        assert_eq!(batch.told(&wire, Style::Sdk), parameters);
        let secrets = service("secretsmanager").expect("Secrets Manager is one");
        let secret = json!({ "ARN": "a", "CreatedDate": 1_700_000_000.5 });
        assert_eq!(
            secrets.told(&secret, Style::Sdk),
            json!({ "Arn": "a", "CreatedDate": "2023-11-14T22:13:20.5Z" })
        );
        assert_eq!(
            secrets.told(&secret, Style::Optimized),
            json!({ "ARN": "a", "CreatedDate": 1_700_000_000_500_i64 })
        );
        let queue = service("sqs").expect("SQS is one");
        assert_eq!(
            queue.to_wire(&json!({ "MessageBody": { "a": 1 } })),
            json!({ "MessageBody": "{\"a\":1}" })
        );
        let kinesis = service("kinesis").expect("Kinesis is one");
        assert_eq!(
            kinesis.to_wire(&json!({ "Data": { "a": 1 }, "Timestamp": "2023-11-14T22:13:20Z" })),
            json!({ "Data": "eyJhIjoxfQ==", "Timestamp": 1_700_000_000 })
        );
        let tables = service("dynamodb").expect("DynamoDB is one");
        let item = json!({ "Item": { "id": { "S": "1" }, "has": { "BOOL": true } } });
        assert_eq!(tables.to_wire(&item), item);
        assert_eq!(tables.told(&item, Style::Sdk), item);
    }
}
