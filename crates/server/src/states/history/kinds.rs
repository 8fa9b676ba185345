//! The types of a definition's states, for its history.

use std::collections::HashMap;

use serde_json::Value;
use state_machine::operation_name;

/// The type and the resource of every state, by name.
#[derive(Default)]
pub(super) struct Kinds {
    by_name: HashMap<String, (String, String)>,
    /// In the order of the definition.
    names: Vec<String>,
}

impl Kinds {
    pub fn of(definition: &Value) -> Self {
        let mut kinds = Self::default();
        kinds.collect(definition);
        kinds
    }

    pub fn get(&self, name: &str) -> Option<&(String, String)> {
        self.by_name.get(name)
    }

    /// The state with an operation of this name: the next state if its name fits, else the first that fits. Names of
    /// operations have fewer letters, so that two states may have the same one.
    pub fn find(&self, operation: &str, next: Option<&str>) -> Option<&str> {
        let is_it = |name: &str| operation_name(name) == operation;
        let next = next.filter(|name| is_it(name));
        let next = next.and_then(|name| self.by_name.get_key_value(name));
        match next {
            Some((name, _)) => Some(name),
            None if self.by_name.contains_key(operation) => self
                .by_name
                .get_key_value(operation)
                .map(|it| it.0.as_str()),
            None => {
                let mut names = self.names.iter();
                names.find(|name| is_it(name)).map(String::as_str)
            }
        }
    }

    fn collect(&mut self, states: &Value) {
        let states = states.get("States").and_then(Value::as_object);
        for (name, state) in states.into_iter().flatten() {
            let text = |member: &str| {
                let text = state.get(member).and_then(Value::as_str);
                text.unwrap_or_default().to_owned()
            };
            self.names.push(name.clone());
            let kind = (text("Type"), text("Resource"));
            self.by_name.insert(name.clone(), kind);
            let branches = state.get("Branches").and_then(Value::as_array);
            for branch in branches.into_iter().flatten() {
                self.collect(branch);
            }
            for processor in ["ItemProcessor", "Iterator"] {
                if let Some(processor) = state.get(processor) {
                    self.collect(processor);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn states_are_found_by_what_is_recorded_of_their_names() {
        let processor = json!({ "StartAt": "Größe", "States": { "Größe": { "Type": "Pass" } } });
        let definition = json!({ "States": {
            "A": { "Type": "Map", "ItemProcessor": processor },
            "é": { "Type": "Wait" },
            "ü": { "Type": "Task", "Resource": "r" },
            "?": { "Type": "Fail" },
        } });
        let kinds = Kinds::of(&definition);
        assert_eq!(kinds.find("Gr??e", None), Some("Größe"));
        assert_eq!(kinds.find("?", Some("ü")), Some("ü"));
        assert_eq!(kinds.find("?", Some("A")), Some("?"));
        assert_eq!(kinds.find("B", Some("B")), None);
        let task = (String::from("Task"), String::from("r"));
        assert_eq!(kinds.get("ü"), Some(&task));
    }
}
