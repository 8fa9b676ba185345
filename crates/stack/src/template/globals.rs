//! `Globals`: properties that resources of one type share.
//!
//! Mappings are merged, lists are joined with the global one first, and any other value of the resource itself wins;
//! `Architectures` is replaced although it is a list. Source: AWS SAM developer guide, "Globals section", and
//! aws-sam-translator 1.115.0, read 2026-11-23.

use std::cell::Cell;
use std::collections::HashMap;

use crate::limits::NODES_MAX;

use super::keys::{Keys, names};
use super::{Entry, Node, NodeValue, Report, Reported, Resource, Shared, Types};

/// Sections of `Globals` that SAM has, ours first.
const SECTIONS: Keys = Keys {
    known: names! {
        Function HttpApi Api CapacityProvider LayerVersion MicroVMImage NetworkConnector SimpleTable
        StateMachine WebSocketApi GraphQLApi
    },
    unknown: "unknown section",
    help: "functions share under `Function`, HTTP APIs under `HttpApi`",
};

/// The shared properties of each type of resource, by section.
pub(crate) struct Globals<'t> {
    sections: HashMap<&'static str, &'t Node>,
    /// Nodes that merging has made.
    weight: Cell<usize>,
}

impl<'t> Globals<'t> {
    pub fn open(node: Option<&'t Node>, types: &Types, report: &Report) -> Self {
        let mut globals = Self {
            sections: HashMap::new(),
            weight: Cell::new(0),
        };
        let Some(node) = node else { return globals };
        let Some(entries) = node.entries() else {
            let message = "`Globals` must be a mapping";
            let help = "for example `Function:` with shared properties indented below it";
            report.problem(node.span, message, node.describe(), help);
            return globals;
        };
        SECTIONS.check(entries, report, |name| format!("`Globals` has no `{name}`"));
        for shared in types.iter().filter_map(|kind| kind.shared.as_ref()) {
            let entry = entries.iter().find(|entry| &*entry.key == shared.section);
            if let Some(entry) = entry.filter(|entry| is_shareable(entry, shared, report)) {
                globals.sections.insert(shared.section, &entry.value);
            }
        }
        globals
    }

    pub fn merge_into(&self, resource: &mut Resource, report: &Report) -> Result<(), Reported> {
        let shared = resource.kind.shared.as_ref();
        let Some(global) = shared.and_then(|shared| self.sections.get(shared.section)) else {
            return Ok(());
        };
        let weight = self.weight.get() + global.weight + resource.properties.weight;
        self.weight.set(weight);
        if weight > NODES_MAX {
            let message = format!("`Globals` make more than {NODES_MAX} values of this template");
            let label = "copied into every resource";
            let help = "share less, or split the template";
            return Err(report.problem(global.span, message, label, help));
        }
        resource.properties = match &resource.ignored_globals {
            None => merge(global, &resource.properties),
            Some(ignored) => match without(global, ignored, &resource.logical_id, report)? {
                None => return Ok(()),
                Some(rest) => merge(&rest, &resource.properties),
            },
        };
        Ok(())
    }
}

/// The shared properties that a resource does not ignore; empty if it ignores all.
///
/// Source: AWS SAM developer guide, `IgnoreGlobals`, and aws-sam-translator 1.115.0, read 2026-11-30.
fn without(
    global: &Node,
    ignored: &Node,
    id: &str,
    report: &Report,
) -> Result<Option<Node>, Reported> {
    if ignored.text() == Some("*") {
        return Ok(None);
    }
    let wrong = |node: &Node, message: String, help: &str| {
        report.problem(node.span, message, node.describe(), help)
    };
    let entries = global.entries().unwrap_or_default();
    let NodeValue::Sequence(items) = &ignored.value else {
        let message = format!("`IgnoreGlobals` of `{id}` must be `\"*\"` or a list of properties");
        return Err(wrong(
            ignored,
            message,
            "for example `IgnoreGlobals: [Timeout]`",
        ));
    };
    let mut rest = entries.to_vec();
    for item in items {
        let name = item.text().unwrap_or_default();
        if !entries.iter().any(|entry| &*entry.key == name) {
            let message =
                format!("`IgnoreGlobals` of `{id}` names a property that `Globals` has not");
            return Err(wrong(item, message, "AWS refuses it; leave it out"));
        }
        rest.retain(|entry| &*entry.key != name);
    }
    Ok(Some(Node::new(global.span, NodeValue::Mapping(rest))))
}

/// Whether a section is a mapping; if so, reports its properties that cannot be shared.
fn is_shareable(section: &Entry, shared: &Shared, report: &Report) -> bool {
    let Some(properties) = section.value.entries() else {
        let message = format!("`Globals.{}` must be a mapping", shared.section);
        let help = "write each property on a line of its own";
        report.problem(section.key_span, message, section.value.describe(), help);
        return false;
    };
    let is_own = |property: &&Entry| shared.own.contains(&&*property.key);
    for property in properties.iter().filter(is_own) {
        let message = format!("`{}` cannot be shared through `Globals`", property.key);
        let help = "move it to the resource's own `Properties`";
        report.problem(property.key_span, message, "belongs to one resource", help);
    }
    true
}

fn merge(global: &Node, local: &Node) -> Node {
    let value = match (&global.value, &local.value) {
        (NodeValue::Mapping(global), NodeValue::Mapping(local)) => {
            NodeValue::Mapping(merge_entries(global, local))
        }
        (NodeValue::Sequence(global), NodeValue::Sequence(local)) => {
            NodeValue::Sequence(global.iter().chain(local).cloned().collect())
        }
        _ => return local.clone(),
    };
    Node::new(local.span, value)
}

fn merge_entries(global: &[Entry], local: &[Entry]) -> Vec<Entry> {
    let mut own: HashMap<&str, &Entry> = local.iter().map(|entry| (&*entry.key, entry)).collect();
    let mut merged: Vec<Entry> = global
        .iter()
        .map(|shared| match own.remove(&*shared.key) {
            None => shared.clone(),
            Some(entry) if &*entry.key == "Architectures" => entry.clone(),
            Some(entry) => entry.with_value(merge(&shared.value, &entry.value)),
        })
        .collect();
    let rest = local.iter().filter(|entry| own.contains_key(&*entry.key));
    merged.extend(rest.cloned());
    merged
}
