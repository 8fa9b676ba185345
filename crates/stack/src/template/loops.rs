//! `Fn::ForEach`: repeats a part of the template for each value of a collection, before any other processing.
//!
//! Source: CloudFormation template reference, `Fn::ForEach`, read 2026-11-28.

use std::borrow::Cow;
use std::collections::HashSet;
use std::rc::Rc;

use crate::limits::{NODES_MAX, RESOLVED_BYTES_MAX};

use super::function::LANGUAGE_EXTENSIONS;
use super::node::{Call, Scalar};
use super::report::shorten;
use super::{Entry, Function, Node, NodeValue, Report, Reported, Span};

/// The prefix of a loop's key.
const PREFIX: &str = "Fn::ForEach";

/// The sections that may contain loops.
const SECTIONS: [&str; 3] = ["Conditions", "Outputs", "Resources"];

/// The values of a collection.
type Values<'v> = &'v mut dyn FnMut(&Entry, &Node) -> Result<Vec<String>, Reported>;

/// The template with its loops unrolled; the template itself if it has none.
pub(super) fn unroll<'t>(
    root: &'t Node,
    has_extensions: bool,
    report: &Report,
    values: Values<'_>,
) -> Cow<'t, Node> {
    let is_such = |entry: &&Entry| SECTIONS.contains(&&*entry.key);
    let sections = root.entries().unwrap_or_default();
    if !(sections.iter().filter(is_such)).any(|section| has_loop(&section.value)) {
        return Cow::Borrowed(root);
    }
    let mut loops = Loops {
        has_extensions,
        report,
        values,
        weight: 0,
        bytes: 0,
        is_exhausted: false,
    };
    let sections = sections.iter().map(|section| match is_such(&section) {
        true => section.with_value(loops.node(&section.value)),
        false => section.clone(),
    });
    let sections = NodeValue::Mapping(sections.collect());
    Cow::Owned(Node::new(root.span, sections))
}

fn has_loop(node: &Node) -> bool {
    match &node.value {
        NodeValue::Scalar(_) => false,
        NodeValue::Sequence(items) => items.iter().any(has_loop),
        NodeValue::Mapping(entries) => entries
            .iter()
            .any(|entry| is_loop(entry) || has_loop(&entry.value)),
        NodeValue::Call(call) => has_loop(&call.argument),
    }
}

fn is_loop(entry: &Entry) -> bool {
    entry.key.starts_with(PREFIX)
}

struct Loops<'l, 'v> {
    has_extensions: bool,
    report: &'l Report,
    values: Values<'v>,
    /// Nodes made by loops.
    weight: usize,
    /// Bytes of text after substituting values.
    bytes: usize,
    /// Whether a limit has been exceeded, which ends all loops.
    is_exhausted: bool,
}

impl Loops<'_, '_> {
    fn node(&mut self, node: &Node) -> Node {
        let value = match &node.value {
            NodeValue::Scalar(_) => return node.clone(),
            NodeValue::Sequence(items) => {
                NodeValue::Sequence(items.iter().map(|item| self.node(item)).collect())
            }
            NodeValue::Mapping(entries) => NodeValue::Mapping(self.entries(entries)),
            NodeValue::Call(call) => NodeValue::Call(Call {
                function: call.function,
                argument: Box::new(self.node(&call.argument)),
            }),
        };
        Node::new(node.span, value)
    }

    fn entries(&mut self, entries: &[Entry]) -> Vec<Entry> {
        let mut made = Vec::new();
        for entry in entries {
            if is_loop(entry) {
                made.extend(self.made(entry).unwrap_or_default());
            } else {
                made.push(entry.with_value(self.node(&entry.value)));
            }
        }
        if entries.iter().any(is_loop) {
            self.drop_duplicates(&mut made);
        }
        made
    }

    fn drop_duplicates(&self, made: &mut Vec<Entry>) {
        let mut keys = HashSet::new();
        made.retain(|entry| {
            let is_new = keys.insert(Rc::clone(&entry.key));
            if !is_new {
                let message = format!("`{}` is made twice", shorten(&entry.key));
                let help = "a key within a loop must hold its identifier, and values must differ";
                self.report
                    .problem(entry.key_span, message, "the second time", help);
            }
            is_new
        });
    }

    /// The entries that a loop makes.
    fn made(&mut self, entry: &Entry) -> Result<Vec<Entry>, Reported> {
        if !self.has_extensions {
            let message = format!("`{PREFIX}` needs another transform");
            let help = format!("add `{LANGUAGE_EXTENSIONS}` to `Transform`, before SAM's");
            let label = "a language extension";
            return Err(self.report.problem(entry.key_span, message, label, help));
        }
        let malformed = || Function::ForEach.malformed(&entry.value, self.report);
        let Some([identifier, collection, fragment]) = entry.value.items() else {
            return Err(malformed());
        };
        let (Some(identifier), Some(entries)) = (identifier.text(), fragment.entries()) else {
            return Err(malformed());
        };
        let values = (self.values)(entry, collection)?;
        let mut made = Vec::new();
        for value in values {
            self.charge(fragment.weight, 0, entry.key_span)?;
            let item = Item::new(identifier, value);
            let copy = self.substituted_entries(entries, &item)?;
            made.extend(self.entries(&copy));
        }
        Ok(made)
    }

    fn substituted_entries(
        &mut self,
        entries: &[Entry],
        item: &Item,
    ) -> Result<Vec<Entry>, Reported> {
        let substituted = |entry: &Entry| {
            let key = self.text(&entry.key, entry.key_span, item)?;
            let value = self.substituted(&entry.value, item)?;
            Ok(Entry {
                key: key.unwrap_or_else(|| Rc::clone(&entry.key)),
                ..entry.with_value(value)
            })
        };
        entries.iter().map(substituted).collect()
    }

    /// The node with the identifier replaced, at its place.
    fn substituted(&mut self, node: &Node, item: &Item) -> Result<Node, Reported> {
        let value = match &node.value {
            NodeValue::Scalar(scalar) => match self.text(&scalar.text, node.span, item)? {
                Some(text) => NodeValue::Scalar(Scalar { text, plain: false }),
                None => return Ok(node.clone()),
            },
            NodeValue::Sequence(items) => {
                let items = items.iter().map(|it| self.substituted(it, item));
                NodeValue::Sequence(items.collect::<Result<_, _>>()?)
            }
            NodeValue::Mapping(entries) => {
                NodeValue::Mapping(self.substituted_entries(entries, item)?)
            }
            NodeValue::Call(call) if item.is_meant_by(call) => {
                self.charge(0, item.value.len(), node.span)?;
                return Ok(Node::scalar(node.span, &item.value));
            }
            NodeValue::Call(call) => NodeValue::Call(Call {
                function: call.function,
                argument: Box::new(self.substituted(&call.argument, item)?),
            }),
        };
        Ok(Node::new(node.span, value))
    }

    /// A text with the identifier replaced; `None` if it does not occur.
    fn text(&mut self, text: &str, span: Span, item: &Item) -> Result<Option<Rc<str>>, Reported> {
        let count = text.matches(&item.whole).count() + text.matches(&item.bare).count();
        if count == 0 {
            return Ok(None);
        }
        // Charged before the text is made: it may be far longer than the template.
        let bytes = text.len() + count.saturating_mul(item.value.len());
        self.charge(0, bytes, span)?;
        let text = text.replace(&item.whole, &item.value);
        Ok(Some(text.replace(&item.bare, &item.letters).into()))
    }

    fn charge(&mut self, weight: usize, bytes: usize, span: Span) -> Result<(), Reported> {
        self.weight = self.weight.saturating_add(weight);
        self.bytes = self.bytes.saturating_add(bytes);
        let within = self.weight <= NODES_MAX && self.bytes <= RESOLVED_BYTES_MAX;
        if within && !self.is_exhausted {
            return Ok(());
        }
        self.is_exhausted = true;
        let message = format!(
            "loops make more than {NODES_MAX} values, or {RESOLVED_BYTES_MAX} bytes of text"
        );
        let (label, help) = ("the limit is passed here", "split the template");
        Err(self.report.problem(span, message, label, help))
    }
}

/// A value of a collection, and how the fragment refers to it.
struct Item {
    identifier: String,
    /// `${Identifier}`, the placeholder for the value.
    whole: String,
    /// `&{Identifier}`, the placeholder for the value's letters and digits, for logical ids.
    bare: String,
    value: String,
    letters: String,
}

impl Item {
    fn new(identifier: &str, value: String) -> Self {
        let letters = value.chars().filter(char::is_ascii_alphanumeric);
        Self {
            identifier: identifier.to_owned(),
            whole: format!("${{{identifier}}}"),
            bare: format!("&{{{identifier}}}"),
            letters: letters.collect(),
            value,
        }
    }

    fn is_meant_by(&self, call: &Call) -> bool {
        call.function == Function::Ref && call.argument.text() == Some(&self.identifier)
    }
}
