//! The changes that a deployment would make, resource by resource.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value};
use stack::Stack;
use utoipa::ToSchema;

use super::document::Code;

/// What becomes of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = StackAction)]
pub(super) enum Action {
    Add,
    Change,
    Remove,
}

/// One resource that a deployment changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = StackChange)]
pub(super) struct Change {
    pub action: Action,
    /// `function`, `http_api`, `rest_api`, `function_url`, `schedule`, `queue`, `table`, `api_key`, `resource`, `output`.
    pub kind: &'static str,
    pub logical_id: String,
    /// Its name, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Which of its properties change. Values are left out: some are secret.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub properties: Vec<String>,
}

/// Members that hold locations on the machine that built the stack, or that follow from the code.
const LEFT_OUT: &[&str] = &[
    "code_path",
    "code_uri",
    "inline_code",
    "build_method",
    "build_properties",
    "code_object",
    "image",
    "skip_build",
    "place",
    "layers",
    "missing_layers",
];

/// The differences between two deployments of a stack; without an earlier one, everything is added.
pub(super) fn changes(
    before: Option<(&Stack, &BTreeMap<String, Code>)>,
    after: (&Stack, &BTreeMap<String, Code>),
) -> Vec<Change> {
    let was = before.map(|(stack, code)| resources(stack, code));
    let was = was.unwrap_or_default();
    let is = resources(after.0, after.1);
    let mut changes = Vec::new();
    for (key, value) in &is {
        match was.get(key) {
            None => changes.push(change(Action::Add, key, value, Vec::new())),
            Some(old) if old == value => {}
            Some(old) => changes.push(change(Action::Change, key, value, differing(old, value))),
        }
    }
    for (key, value) in was.iter().filter(|(key, _)| !is.contains_key(*key)) {
        changes.push(change(Action::Remove, key, value, Vec::new()));
    }
    changes
}

type Key = (&'static str, String);

fn change(action: Action, key: &Key, value: &Value, properties: Vec<String>) -> Change {
    let name = value.get("name").and_then(Value::as_str);
    Change {
        action,
        kind: key.0,
        logical_id: key.1.clone(),
        name: name.map(str::to_owned),
        properties,
    }
}

fn resources(stack: &Stack, code: &BTreeMap<String, Code>) -> BTreeMap<Key, Value> {
    let mut all = BTreeMap::new();
    let mut add = |kind: &'static str, id: &str, value: Value| {
        let value = match value {
            Value::Object(members) => Value::Object(compared(members)),
            other => other,
        };
        all.insert((kind, id.to_owned()), value);
    };
    for it in &stack.functions {
        let mut value = json(it);
        if let (Value::Object(members), Some(code)) = (&mut value, code.get(&it.logical_id)) {
            members.insert("code".to_owned(), Value::String(code.sha256.clone()));
        }
        add("function", &it.logical_id, value);
    }
    for it in &stack.http_apis {
        add("http_api", &it.logical_id, json(it));
    }
    for it in &stack.rest_apis {
        add("rest_api", &it.logical_id, json(it));
    }
    for it in &stack.function_urls {
        add("function_url", &it.logical_id, json(it));
    }
    for it in &stack.schedules {
        add("schedule", &it.logical_id, json(it));
    }
    for it in &stack.event_sources {
        add("queue", &it.logical_id, json(it));
    }
    for it in &stack.tables {
        add("table", &it.logical_id, json(it));
    }
    for it in &stack.activities {
        add("activity", &it.logical_id, json(it));
    }
    for it in &stack.api_keys {
        add("api_key", &it.logical_id, json(it));
    }
    for it in &stack.companions {
        add("resource", &it.logical_id, json(it));
    }
    for it in &stack.outputs {
        add("output", &it.name, json(it));
    }
    all
}

fn json(resource: &impl Serialize) -> Value {
    serde_json::to_value(resource).expect("a resource of a template is always JSON")
}

fn compared(members: Map<String, Value>) -> Map<String, Value> {
    let members = members.into_iter();
    members
        .filter(|(name, _)| !LEFT_OUT.contains(&name.as_str()))
        .collect()
}

/// The members that differ; of environments, the variables.
fn differing(was: &Value, is: &Value) -> Vec<String> {
    let (Value::Object(was), Value::Object(is)) = (was, is) else {
        return Vec::new();
    };
    let names: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    let mut differing = Vec::new();
    for name in names {
        let (old, new) = (was.get(name), is.get(name));
        if old == new {
            continue;
        }
        match (name.as_str(), old, new) {
            ("environment", Some(old @ Value::Object(_)), Some(new @ Value::Object(_))) => {
                let variables = differing_variables(old, new);
                differing.extend(variables);
            }
            _ => differing.push(name.clone()),
        }
    }
    differing
}

fn differing_variables(was: &Value, is: &Value) -> Vec<String> {
    let variables = differing(was, is).into_iter();
    variables
        .map(|name| format!("environment.{name}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn variables_are_named_and_their_values_are_not() {
        let was = json!({"timeout": 3, "environment": {"A": "1", "SECRET": "old", "GONE": "1"}});
        let is = json!({"timeout": 5, "environment": {"A": "1", "SECRET": "new", "B": "2"}});
        let named = [
            "environment.B",
            "environment.GONE",
            "environment.SECRET",
            "timeout",
        ];
        assert_eq!(differing(&was, &is), named);
    }

    #[test]
    fn what_is_added_changed_and_removed() {
        let output = |name: &str, value: &str| stack::Output {
            name: name.to_owned(),
            description: None,
            value: value.to_owned(),
        };
        let was = Stack {
            outputs: vec![output("A", "1"), output("B", "1"), output("C", "1")],
            ..Stack::default()
        };
        let is = Stack {
            outputs: vec![output("B", "1"), output("C", "2"), output("D", "1")],
            ..Stack::default()
        };
        let code = BTreeMap::new();
        let found = changes(Some((&was, &code)), (&is, &code));
        let found: Vec<(Action, &str)> = found
            .iter()
            .map(|it| (it.action, it.logical_id.as_str()))
            .collect();
        let expected = [
            (Action::Change, "C"),
            (Action::Add, "D"),
            (Action::Remove, "A"),
        ];
        assert_eq!(found, expected);
        assert_eq!(changes(None, (&is, &code)).len(), 3);
        assert_eq!(changes(Some((&is, &code)), (&is, &code)), []);
    }
}
