//! Required parameters of integrations with services.
//!
//! Source: Step Functions developer guide, "Integrating services", the parameters of each, read 2026-11-30.

use serde_json::Value;

use super::fields::Fields;
use crate::language::Language;

/// Required parameters, by integration.
const REQUIRED: [(&str, &[&str]); 6] = [
    ("lambda:invoke", &["FunctionName"]),
    ("states:startExecution", &["StateMachineArn"]),
    ("dynamodb:getItem", &["TableName", "Key"]),
    ("dynamodb:putItem", &["TableName", "Item"]),
    ("dynamodb:updateItem", &["TableName", "Key"]),
    ("dynamodb:deleteItem", &["TableName", "Key"]),
];

/// Checks the parameters of a Task that calls a service, as far as the definition contains them literally.
pub(super) fn check(fields: &Fields<'_>, resource: &str, language: Language) {
    let Some((_, action)) = resource.split_once(":::") else {
        return;
    };
    let action = action.split('.').next().unwrap_or_default();
    let required = REQUIRED.iter().find(|(name, _)| *name == action);
    let Some((_, required)) = required else {
        return;
    };
    let name = match language {
        Language::JsonPath => "Parameters",
        Language::Jsonata => "Arguments",
    };
    let given = match fields.get(name) {
        None => None,
        Some(Value::Object(members)) => Some(members),
        // The value of an expression is known only when it runs.
        Some(_) => return,
    };
    let bare = |name: &str| match language {
        Language::JsonPath => name.strip_suffix(".$").unwrap_or(name).to_owned(),
        Language::Jsonata => name.to_owned(),
    };
    let names: Vec<String> = given
        .into_iter()
        .flat_map(|members| members.keys().map(|name| bare(name)))
        .collect();
    for wanted in *required {
        if !names.iter().any(|name| name == wanted) {
            let message = format!("The field '{wanted}' is required but was missing");
            fields.wrong(name, message);
        }
    }
    for (given, bare) in given.into_iter().flat_map(|it| it.keys()).zip(&names) {
        if bare.starts_with(|letter: char| letter.is_ascii_lowercase()) {
            let message = format!("The field '{bare}' is not supported by Step Functions");
            let at = crate::position::below(&fields.at(name), given);
            fields.reader.wrong(&at, message);
        }
    }
}
