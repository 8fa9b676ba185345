//! Local files that contain parts of a template: `AWS::Include`, and `DefinitionUri` of APIs and state machines.
//!
//! Messages about the content of such a file mark the property that names it; syntax errors are shown in the file.
//! Source: CloudFormation template reference, "`AWS::Include` transform", and AWS SAM developer guide, `DefinitionUri`,
//! read 2026-11-28.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::limits::{INCLUDES_MAX, NODES_MAX, TEMPLATE_BYTES_MAX};

use super::node::Call;
use super::{Entry, Node, NodeValue, Report, Reported, Span, Text, parse};

const TRANSFORM: &str = "Fn::Transform";
const INCLUDE: &str = "AWS::Include";

/// Types with a `DefinitionUri` whose file is a part of the template.
const DEFINED: [&str; 2] = ["AWS::Serverless::Api", "AWS::Serverless::HttpApi"];

/// The type whose file stays text until its substitutions are applied: `"Seconds": ${Pause}` is not JSON before.
const SUBSTITUTED: &str = "AWS::Serverless::StateMachine";

/// The template with the content of included files. Adds their paths to `files`.
pub(crate) fn include(
    root: &Node,
    directory: &Path,
    files: &RefCell<Vec<PathBuf>>,
    report: &Report,
) -> Node {
    let mut includes = Includes {
        directory,
        files,
        report,
        count: 0,
        weight: 0,
    };
    let Some(sections) = root.entries() else {
        return root.clone();
    };
    let sections = sections.iter().map(|section| match &*section.key {
        "Resources" => section.with_value(includes.resources(&section.value)),
        "Outputs" | "Globals" => section.with_value(includes.node(&section.value)),
        _ => section.clone(),
    });
    Node::new(root.span, NodeValue::Mapping(sections.collect()))
}

struct Includes<'i> {
    directory: &'i Path,
    files: &'i RefCell<Vec<PathBuf>>,
    report: &'i Report,
    count: usize,
    /// Nodes made from files.
    weight: usize,
}

impl Includes<'_> {
    fn resources(&mut self, node: &Node) -> Node {
        let Some(entries) = node.entries() else {
            return self.node(node);
        };
        let resource = |entry: &Entry| {
            let value = self.node(&entry.value);
            let kind = value.get("Type").and_then(Node::text);
            match kind {
                Some(SUBSTITUTED) => entry.with_value(self.definition(value, Self::text)),
                Some(kind) if DEFINED.contains(&kind) => {
                    entry.with_value(self.definition(value, Self::content))
                }
                _ => entry.with_value(value),
            }
        };
        let entries = entries.iter().map(resource).collect();
        Node::new(node.span, NodeValue::Mapping(entries))
    }

    /// A resource with the content of its `DefinitionUri`, if that is a local file.
    fn definition(
        &mut self,
        resource: Node,
        read: impl Fn(&mut Self, &str, Span) -> Option<Node>,
    ) -> Node {
        let uri = resource
            .get("Properties")
            .and_then(|it| it.get("DefinitionUri"));
        let Some(content) = uri.and_then(|uri| read(self, uri.text()?, uri.span)) else {
            return resource;
        };
        replaced(resource, &["Properties", "DefinitionUri"], &content)
    }

    fn node(&mut self, node: &Node) -> Node {
        let value = match &node.value {
            NodeValue::Scalar(_) => return node.clone(),
            NodeValue::Sequence(items) => {
                NodeValue::Sequence(items.iter().map(|item| self.node(item)).collect())
            }
            NodeValue::Mapping(entries) => NodeValue::Mapping(self.entries(entries)),
            NodeValue::Call(call) => {
                if call.function.key() == TRANSFORM
                    && let Some(content) = self.included(&call.argument)
                {
                    return content;
                }
                let argument = Box::new(self.node(&call.argument));
                let function = call.function;
                NodeValue::Call(Call { function, argument })
            }
        };
        Node::new(node.span, value)
    }

    /// The content of a file is added to the mapping's other entries, which override it.
    fn entries(&mut self, entries: &[Entry]) -> Vec<Entry> {
        let mut all = Vec::new();
        for entry in entries {
            let content = (&*entry.key == TRANSFORM)
                .then(|| self.included(&entry.value))
                .flatten();
            match content.as_ref().and_then(Node::entries) {
                Some(content) => {
                    let is_own = |key: &Rc<str>| entries.iter().any(|own| own.key == *key);
                    all.extend(content.iter().filter(|it| !is_own(&it.key)).cloned());
                }
                None => all.push(entry.with_value(self.node(&entry.value))),
            }
        }
        all
    }

    /// The content that a transform includes, if it is a local file.
    fn included(&mut self, transform: &Node) -> Option<Node> {
        if transform.get("Name")?.text() != Some(INCLUDE) {
            return None;
        }
        let location = transform.get("Parameters")?.get("Location")?;
        self.content(location.text()?, location.span)
    }

    fn content(&mut self, location: &str, span: Span) -> Option<Node> {
        let text = match self.file(location, span)? {
            Ok(text) => text,
            Err(Reported) => return Some(Node::reported(span)),
        };
        let report = Report::new(text);
        let parsed = parse(&report);
        let node = self.report.adopt(report, parsed, "").ok();
        let node = node.map_or_else(|| Node::reported(span), |node| moved(&node, span));
        self.weight = self.weight.saturating_add(node.weight);
        Some(node)
    }

    /// The file's name and its text, as a list: a template never has a `DefinitionUri` of that form.
    fn text(&mut self, location: &str, span: Span) -> Option<Node> {
        let Ok(Text { name, content }) = self.file(location, span)? else {
            return Some(Node::reported(span));
        };
        let parts = [Node::scalar(span, &name), Node::scalar(span, &content)];
        Some(Node::new(span, NodeValue::Sequence(parts.into())))
    }

    /// The file of this name, if it is a local one.
    fn file(&mut self, location: &str, span: Span) -> Option<Result<Text, Reported>> {
        if location.contains("://") {
            return None;
        }
        self.count += 1;
        if self.count > INCLUDES_MAX || self.weight > NODES_MAX {
            let message = format!(
                "files make more than {NODES_MAX} values of this template, or there are more \
                 than {INCLUDES_MAX} of them"
            );
            let help = "split the template";
            return Some(Err(self.report.problem(
                span,
                message,
                "one too many",
                help,
            )));
        }
        let path = self.directory.join(location);
        self.files.borrow_mut().push(path.clone());
        Some(match Text::read(&path, TEMPLATE_BYTES_MAX) {
            Ok(Some(text)) => Ok(text),
            Ok(None) => {
                let message = format!("there is no file `{}`", path.display());
                let help = "name it relative to the template";
                Err(self.report.problem(span, message, "no such file", help))
            }
            Err(error) => {
                let help = "a file with text of up to 1 MiB can be included";
                let message = error.to_string();
                Err(self.report.problem(span, message, "this file", help))
            }
        })
    }
}

/// The node with the value at a path of keys replaced.
fn replaced(node: Node, path: &[&str], content: &Node) -> Node {
    let [key, rest @ ..] = path else {
        return content.clone();
    };
    let NodeValue::Mapping(entries) = &node.value else {
        return node;
    };
    let entries = entries.iter().map(|entry| match &*entry.key == *key {
        true => entry.with_value(replaced(entry.value.clone(), rest, content)),
        false => entry.clone(),
    });
    Node::new(node.span, NodeValue::Mapping(entries.collect()))
}

/// The node with all of it at one place: places in another file are meaningless in this one.
fn moved(node: &Node, span: Span) -> Node {
    let value = match &node.value {
        NodeValue::Scalar(scalar) => NodeValue::Scalar(scalar.clone()),
        NodeValue::Sequence(items) => {
            NodeValue::Sequence(items.iter().map(|item| moved(item, span)).collect())
        }
        NodeValue::Mapping(entries) => {
            let moved = |entry: &Entry| Entry {
                key: Rc::clone(&entry.key),
                key_span: span,
                value: moved(&entry.value, span),
            };
            NodeValue::Mapping(entries.iter().map(moved).collect())
        }
        NodeValue::Call(call) => NodeValue::Call(Call {
            function: call.function,
            argument: Box::new(moved(&call.argument, span)),
        }),
    };
    Node::new(span, value)
}
