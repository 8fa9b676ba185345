//! Parameters as a form, for the query protocol.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::request::encoded;
use crate::spelling::text;
use crate::table::Service;

pub(crate) fn form(service: &Service, operation: &str, parameters: &Map<String, Value>) -> String {
    let mut pairs = vec![
        (String::from("Action"), operation.to_owned()),
        (String::from("Version"), service.version.to_owned()),
    ];
    members(service, "", parameters, &mut pairs);
    let pairs = pairs.iter();
    let pairs: Vec<String> = pairs
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect();
    pairs.join("&")
}

fn members(
    service: &Service,
    prefix: &str,
    parameters: &Map<String, Value>,
    pairs: &mut Vec<(String, String)>,
) {
    for (name, value) in parameters {
        let at = format!("{prefix}{}", service.wire_name(name));
        if service.texts.contains(name.as_str()) && !value.is_null() {
            pairs.push((at, text(value)));
            continue;
        }
        match (service.maps.get(name.as_str()), value) {
            (Some((key_name, value_name)), Value::Object(entries)) => {
                for (index, (key, value)) in entries.iter().enumerate() {
                    let at = format!("{at}.entry.{}", index + 1);
                    pairs.push((format!("{at}.{key_name}"), key.clone()));
                    member(service, &format!("{at}.{value_name}"), value, pairs);
                }
            }
            _ if service.blobs.contains(name.as_str()) => {
                pairs.push((at, STANDARD.encode(text(value))));
            }
            _ => member(service, &at, value, pairs),
        }
    }
}

fn member(service: &Service, at: &str, value: &Value, pairs: &mut Vec<(String, String)>) {
    match value {
        Value::Null => {}
        Value::Object(inner) => members(service, &format!("{at}."), inner, pairs),
        Value::Array(items) if items.is_empty() => pairs.push((at.to_owned(), String::new())),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                member(service, &format!("{at}.member.{}", index + 1), item, pairs);
            }
        }
        other => pairs.push((at.to_owned(), text(other))),
    }
}
