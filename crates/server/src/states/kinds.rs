//! The types of a definition's states, as far as a history needs them.

use std::collections::HashMap;

use serde_json::Value;

/// The type and the resource of every state, by name.
pub(super) fn collect_kinds(states: &Value, kinds: &mut HashMap<String, (String, String)>) {
    let Some(states) = states.get("States").and_then(Value::as_object) else {
        return;
    };
    for (name, state) in states {
        let text = |member: &str| {
            state
                .get(member)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        kinds.insert(name.clone(), (text("Type"), text("Resource")));
        for branch in state
            .get("Branches")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            collect_kinds(branch, kinds);
        }
        for processor in ["ItemProcessor", "Iterator"] {
            state
                .get(processor)
                .into_iter()
                .for_each(|it| collect_kinds(it, kinds));
        }
    }
}
