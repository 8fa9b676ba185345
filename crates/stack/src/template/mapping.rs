//! `Mappings`, and `Fn::FindInMap` over them.

use super::expand::Expander;
use super::words::{did_you_mean, shorten};
use super::{Entry, Function, Node, NodeValue, Reported};

impl Expander<'_> {
    /// What stands in the map: text or a list, at its own place in the template.
    pub fn find_in_map(&self, argument: &Node) -> Result<Node, Reported> {
        let wrong = || self.resolver.malformed(argument, Function::FindInMap);
        let (names, default) = match argument.items() {
            Some([map, first, second]) => ([map, first, second], None),
            Some([map, first, second, options]) => {
                let default = options.get("DefaultValue").ok_or_else(wrong)?;
                ([map, first, second], Some(default))
            }
            Some(_) | None => return Err(wrong()),
        };
        let mut entries = self.mappings;
        for (depth, node) in names.into_iter().enumerate() {
            let key = self.text(node, "Fn::FindInMap")?;
            let found = entries.iter().find(|entry| *entry.key == *key);
            let value = match (found, default) {
                (Some(entry), _) => &entry.value,
                (None, Some(default)) => return Ok(self.node(default)),
                (None, None) => return Err(self.not_in_map(node, &key, depth, entries)),
            };
            match (&value.value, depth) {
                (NodeValue::Mapping(below), 0 | 1) => entries = below,
                (NodeValue::Scalar(_) | NodeValue::Sequence(_), 2) => return Ok(self.node(value)),
                _ => {
                    return Err(self.report.problem(
                        value.span,
                        format!("`{}` of a mapping has the wrong form", shorten(&key)),
                        value.describe(),
                        "a mapping has two levels of keys, and texts or lists below them",
                    ));
                }
            }
        }
        unreachable!("the third level returns")
    }

    fn not_in_map(&self, node: &Node, key: &str, depth: usize, entries: &[Entry]) -> Reported {
        let message = match depth {
            0 => format!("`{}` is not among `Mappings`", shorten(key)),
            _ => format!("the mapping has no key `{}`", shorten(key)),
        };
        let keys = || entries.iter().map(|entry| &*entry.key);
        let otherwise = if entries.is_empty() {
            "there is nothing to look it up in".to_owned()
        } else {
            let keys: Vec<&str> = keys().take(10).collect();
            format!("there are: {}", shorten(&keys.join(", ")))
        };
        let help = did_you_mean(key, keys(), otherwise);
        self.report
            .problem(node.span, message, "not in the mapping", help)
    }
}
