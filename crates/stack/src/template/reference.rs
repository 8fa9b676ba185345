//! Finds what a part of the template refers to, without evaluating it.

use std::collections::HashSet;

use super::substitution::{Piece, pieces};
use super::{Function, Node, NodeValue, Report, Span};

/// A mention of a parameter, a pseudo parameter or a resource.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reference<'t> {
    /// With an attribute after a dot, where there is one.
    pub name: &'t str,
    /// The name itself, or the text of the `!Sub` that has it.
    node: &'t Node,
}

impl Reference<'_> {
    /// The place of the name. Searches the text: for messages only.
    pub fn span(&self, report: &Report) -> Span {
        placeholder(self.node, self.name, report)
    }
}

/// Every reference in a node, in its order. Malformed calls are left to the resolver.
pub(crate) fn references(node: &Node) -> Vec<Reference<'_>> {
    let mut found = Vec::new();
    collect(node, &mut found);
    found
}

fn collect<'t>(node: &'t Node, found: &mut Vec<Reference<'t>>) {
    match &node.value {
        NodeValue::Scalar(_) => {}
        NodeValue::Sequence(items) => items.iter().for_each(|item| collect(item, found)),
        NodeValue::Mapping(entries) => entries
            .iter()
            .for_each(|entry| collect(&entry.value, found)),
        NodeValue::Call(call) => match call.function {
            Function::Ref => found.extend(reference(&call.argument)),
            Function::GetAtt => {
                let named = call.argument.items_or_self().first();
                found.extend(named.and_then(reference));
            }
            Function::Sub => substituted(&call.argument, found),
            _ => collect(&call.argument, found),
        },
    }
}

fn reference(node: &Node) -> Option<Reference<'_>> {
    let name = node.text()?;
    Some(Reference { name, node })
}

fn substituted<'t>(argument: &'t Node, found: &mut Vec<Reference<'t>>) {
    let [node, rest @ ..] = argument.items_or_self() else {
        return;
    };
    let variables = rest.first();
    if let Some(variables) = variables {
        collect(variables, found);
    }
    let own: HashSet<&str> = variables
        .and_then(Node::entries)
        .unwrap_or_default()
        .iter()
        .map(|entry| &*entry.key)
        .collect();
    let names = node.text().into_iter().flat_map(pieces);
    found.extend(names.filter_map(|piece| match piece {
        Piece::Name(name) if !own.contains(name) => Some(Reference { name, node }),
        Piece::Name(_) | Piece::Literal(_) | Piece::Unclosed(_) => None,
    }));
}

/// Where `${name}` stands, or the whole text where it is not written like that.
pub(crate) fn placeholder(node: &Node, name: &str, report: &Report) -> Span {
    let written = report.text.slice(node.span);
    let sought = format!("${{{name}}}");
    match written.find(&sought) {
        Some(at) => Span {
            offset: node.span.offset + at,
            len: sought.len(),
        },
        None => node.span,
    }
}
