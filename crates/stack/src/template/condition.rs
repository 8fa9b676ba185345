//! Decides conditions, looks up mappings and unrolls loops, so that later stages see none of them.
//!
//! Conditions and mappings depend on parameters and pseudo parameters alone, never on resources:
//! they are settled first. A branch that is not chosen disappears with all its references, as in
//! CloudFormation.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use serde_json::Value;

use crate::limits::{CONDITION_DEPTH_MAX, NODES_MAX};

use super::evaluate::{Evaluation, text_of};
use super::function::{LANGUAGE_EXTENSIONS, references};
use super::loops::unroll;
use super::node::Call;
use super::report::{did_you_mean, shorten};
use super::{
    Entry, Function, Node, NodeValue, Parameters, Place, Pseudo, Report, Reported, Resolver, Span,
};

/// A template without conditions and mappings.
pub(crate) struct Expanded {
    pub root: Node,
    /// Resources that are not created, with the condition that excludes them.
    pub absent: BTreeMap<String, String>,
}

/// Unrolls loops, and applies `Conditions` and `Mappings` to resources, outputs and globals.
pub(crate) fn expand(
    root: &Node,
    parameters: &Parameters,
    pseudo: &Pseudo,
    report: &Report,
) -> Expanded {
    let mut absent = BTreeMap::new();
    let mut written = Expander::new(root, parameters, pseudo, report);
    let root = unroll(root, written.has_extensions, report, &mut |entry, node| {
        written.collection(entry, node)
    });
    let mut expander = Expander::new(&root, parameters, pseudo, report);
    expander.decide_all(
        root.get("Resources")
            .and_then(Node::entries)
            .unwrap_or_default(),
    );
    let Some(sections) = root.entries() else {
        let root = root.into_owned();
        return Expanded { root, absent };
    };
    let sections = sections.iter().map(|entry| match &*entry.key {
        "Resources" => expander.conditional(entry, &mut absent),
        "Outputs" => expander.conditional(entry, &mut BTreeMap::new()),
        "Globals" => expander.entry(entry),
        _ => entry.clone(),
    });
    let root = Node::new(root.span, NodeValue::Mapping(sections.collect()));
    Expanded { root, absent }
}

fn has_extensions(root: &Node) -> bool {
    let transforms = root.get("Transform").map(Node::items_or_self);
    let mut names = transforms.unwrap_or_default().iter();
    names.any(|name| name.text() == Some(LANGUAGE_EXTENSIONS))
}

/// The data for the expansion of one template.
struct Expander<'a> {
    report: &'a Report,
    /// Knows parameters and pseudo parameters, but no resources.
    resolver: Resolver<'a>,
    conditions: &'a [Entry],
    decided: HashMap<&'a str, Decision>,
    /// How many conditions are being decided, each needed by the one before.
    depth: usize,
    mappings: &'a [Entry],
    has_extensions: bool,
    /// The entry that is being expanded, for messages.
    current: Rc<str>,
    /// Nodes made so far.
    weight: usize,
}

/// The state of a condition.
#[derive(Debug, Clone, Copy)]
enum Decision {
    /// Under evaluation. Reaching it again means that the conditions are cyclic.
    Open,
    Decided(Result<bool, Reported>),
}

impl<'a> Expander<'a> {
    fn new(root: &'a Node, parameters: &Parameters, pseudo: &Pseudo, report: &'a Report) -> Self {
        let section = |name: &str| root.get(name).and_then(Node::entries).unwrap_or_default();
        let (pseudo, parameters) = (pseudo.clone(), parameters.clone());
        Self {
            report,
            resolver: Resolver::of_parameters(report, pseudo, parameters),
            conditions: section("Conditions"),
            decided: HashMap::new(),
            depth: 0,
            mappings: section("Mappings"),
            has_extensions: has_extensions(root),
            current: Rc::from(""),
            weight: 0,
        }
    }

    fn problem(
        &self,
        span: Span,
        message: String,
        label: &str,
        help: impl Into<String>,
    ) -> Reported {
        self.report.problem(span, message, label, help)
    }

    /// A section whose entries may have a `Condition`.
    fn conditional(&mut self, section: &Entry, absent: &mut BTreeMap<String, String>) -> Entry {
        let Some(entries) = section.value.entries() else {
            return section.clone();
        };
        let mut kept = Vec::new();
        for entry in entries {
            self.current = Rc::clone(&entry.key);
            let condition = entry.value.get("Condition");
            match condition.map(|node| (node, self.named(node))) {
                Some((node, Ok(false))) => {
                    let name = node.text().unwrap_or_default().to_owned();
                    absent.insert(entry.key.to_string(), name);
                }
                None | Some((_, Ok(true) | Err(Reported))) => kept.push(self.entry(entry)),
            }
        }
        let value = Node::new(section.value.span, NodeValue::Mapping(kept));
        section.with_value(value)
    }

    fn entry(&mut self, entry: &Entry) -> Entry {
        entry.with_value(self.node(&entry.value))
    }

    /// The node with conditions decided and mappings looked up.
    fn node(&mut self, node: &Node) -> Node {
        self.weight = self.weight.saturating_add(1);
        if self.weight > NODES_MAX * 2 {
            let message = format!("conditions and mappings make more than {NODES_MAX} values");
            let (label, help) = ("the limit is passed here", "split the template");
            self.problem(node.span, message, label, help);
            return Node::reported(node.span);
        }
        let value = match &node.value {
            NodeValue::Scalar(_) => return node.clone(),
            NodeValue::Sequence(items) => {
                let items = items.iter().map(|item| self.node(item));
                NodeValue::Sequence(items.filter(|item| !item.is_no_value()).collect())
            }
            NodeValue::Mapping(entries) => {
                NodeValue::Mapping(entries.iter().map(|entry| self.entry(entry)).collect())
            }
            NodeValue::Call(call) => return self.call(call, node),
        };
        Node::new(node.span, value)
    }

    fn call(&mut self, call: &Call, node: &Node) -> Node {
        let chosen = match call.function {
            Function::If => self.choose(&call.argument),
            Function::FindInMap => self.find_in_map(&call.argument),
            Function::Ref | Function::GetAtt if self.has_extensions => {
                self.named_by_call(call, node)
            }
            function => {
                self.check_extension(function, node.span);
                let argument = Box::new(self.node(&call.argument));
                let call = Call { function, argument };
                return Node::new(node.span, NodeValue::Call(call));
            }
        };
        chosen.unwrap_or_else(|Reported| Node::reported(node.span))
    }

    /// `!Ref` or `!GetAtt`, whose names may come from functions with the language extensions.
    fn named_by_call(&mut self, call: &Call, node: &Node) -> Result<Node, Reported> {
        let argument = &*call.argument;
        let argument = match argument.items() {
            Some(items) => {
                let items = items.iter().map(|item| self.name(item));
                let items = NodeValue::Sequence(items.collect::<Result<_, _>>()?);
                Node::new(argument.span, items)
            }
            None => self.name(argument)?,
        };
        let (function, argument) = (call.function, Box::new(argument));
        Ok(Node::new(
            node.span,
            NodeValue::Call(Call { function, argument }),
        ))
    }

    fn name(&mut self, node: &Node) -> Result<Node, Reported> {
        if node.call().is_none() {
            return Ok(node.clone());
        }
        let name = self.text(node, "the name in a reference")?;
        Ok(Node::scalar(node.span, &name))
    }

    /// The values that a loop iterates over.
    fn collection(&mut self, entry: &Entry, node: &Node) -> Result<Vec<String>, Reported> {
        self.current = Rc::clone(&entry.key);
        let node = self.node(node);
        let values = self.at("the collection").list(&node, Function::ForEach)?;
        Ok(values.into_iter().map(text_of).collect())
    }

    fn check_extension(&self, function: Function, span: Span) {
        if !self.has_extensions && matches!(function, Function::Length | Function::ToJsonString) {
            let message = format!("`{}` needs another transform", function.key());
            let help = format!("add `{LANGUAGE_EXTENSIONS}` to `Transform`, before SAM's");
            self.problem(span, message, "a language extension", help);
        }
    }

    /// The chosen branch of a `Fn::If`.
    fn choose(&mut self, argument: &Node) -> Result<Node, Reported> {
        let [condition, then, otherwise] = Function::If.arguments(argument, self.report)?;
        let chosen = if self.named(condition)? {
            then
        } else {
            otherwise
        };
        Ok(self.node(chosen))
    }

    /// The text of a node that depends on parameters alone.
    fn text(&mut self, node: &Node, property: &str) -> Result<String, Reported> {
        let node = self.node(node);
        self.at(property).text(&node)
    }

    fn at<'p>(&'p self, property: &'p str) -> Evaluation<'p> {
        let place = Place {
            logical_id: &self.current,
            resource_type: "condition",
            property,
            opaque: false,
        };
        let resolver = &self.resolver;
        Evaluation { resolver, place }
    }

    /// Decides every condition, also unused ones: a wrong one is a problem.
    fn decide_all(&mut self, resources: &[Entry]) {
        for entry in self.conditions {
            let reference = references(&entry.value).into_iter().find(|reference| {
                let name = reference.name.split('.').next().unwrap_or_default();
                resources.iter().any(|resource| &*resource.key == name)
            });
            if let Some(reference) = reference {
                let (condition, name) = (shorten(&entry.key), shorten(reference.name));
                let message = format!("condition `{condition}` refers to resource `{name}`");
                let help = "conditions are decided before there is any resource: use parameters";
                let span = reference.span(self.report);
                let reported = self.problem(span, message, "a resource", help);
                let decision = Decision::Decided(Err(reported));
                self.decided.insert(&entry.key, decision);
            }
        }
        for entry in self.conditions {
            // The problem is already in the report.
            let _decided = self.decide(entry);
        }
    }

    /// Whether the condition that a node names holds.
    fn named(&mut self, node: &Node) -> Result<bool, Reported> {
        let Some(name) = node.text() else {
            let message = "a condition must be given by its name".to_owned();
            let help = "write the condition under `Conditions`, and its name here";
            return Err(self.problem(node.span, message, node.describe(), help));
        };
        let found = self.conditions.iter().find(|entry| &*entry.key == name);
        let Some(entry) = found else {
            let names = self.conditions.iter().map(|entry| &*entry.key);
            let message = format!("`{}` is not among `Conditions`", shorten(name));
            let help = did_you_mean(name, names, "add it there");
            return Err(self.problem(node.span, message, "no such condition", help));
        };
        self.decide(entry)
    }

    fn decide(&mut self, entry: &'a Entry) -> Result<bool, Reported> {
        match self.decided.get(&*entry.key) {
            Some(Decision::Decided(holds)) => return *holds,
            Some(Decision::Open) => {
                let message = format!("condition `{}` depends on itself", shorten(&entry.key));
                let (label, help) = ("goes in a circle", "decide it by parameters");
                return Err(self.problem(entry.key_span, message, label, help));
            }
            None => {}
        }
        if self.depth >= CONDITION_DEPTH_MAX {
            let message =
                format!("conditions depend on each other more than {CONDITION_DEPTH_MAX} deep");
            let label = "the limit is passed here";
            let help = "decide some of them by parameters";
            return Err(self.problem(entry.key_span, message, label, help));
        }
        self.decided.insert(&entry.key, Decision::Open);
        let outer = std::mem::replace(&mut self.current, entry.key.clone());
        self.depth += 1;
        let holds = self.holds(&entry.value);
        self.depth -= 1;
        self.current = outer;
        self.decided.insert(&entry.key, Decision::Decided(holds));
        holds
    }

    fn holds(&mut self, node: &Node) -> Result<bool, Reported> {
        if let Some([entry]) = node.entries()
            && &*entry.key == "Condition"
        {
            return self.named(&entry.value);
        }
        let Some(call) = node.call() else {
            return Err(self.no_condition(node));
        };
        let (function, argument) = (call.function, &*call.argument);
        match function {
            Function::Condition => self.named(argument),
            Function::Equals => {
                let [left, right] = function.arguments(argument, self.report)?;
                Ok(self.operand(left)? == self.operand(right)?)
            }
            Function::Not => {
                let [condition] = function.arguments(argument, self.report)?;
                Ok(!self.holds(condition)?)
            }
            Function::And | Function::Or => {
                let items = argument.items().filter(|it| (2..=10).contains(&it.len()));
                let items = items.ok_or_else(|| function.malformed(argument, self.report))?;
                // All of them are evaluated, so that every problem is reported.
                let holds: Vec<_> = items.iter().map(|item| self.holds(item)).collect();
                let holds: Vec<bool> = holds.into_iter().collect::<Result<_, _>>()?;
                Ok(match function {
                    Function::And => holds.iter().all(|it| *it),
                    _ => holds.contains(&true),
                })
            }
            _ => Err(self.no_condition(node)),
        }
    }

    fn no_condition(&self, node: &Node) -> Reported {
        let message = format!("condition `{}` cannot be decided", shorten(&self.current));
        let help = "a condition is made of `!Equals`, `!And`, `!Or`, `!Not` and `!Condition`";
        self.problem(node.span, message, node.describe(), help)
    }

    /// A side of `!Equals`. Numbers and booleans are compared as texts, because parameters are texts.
    fn operand(&mut self, node: &Node) -> Result<Value, Reported> {
        if node.text().is_some() {
            return self.text(node, "Fn::Equals").map(Value::String);
        }
        let node = self.node(node);
        let value = self.at("Fn::Equals").value(&node)?;
        Ok(match value.unwrap_or(Value::Null) {
            Value::Bool(boolean) => Value::String(boolean.to_string()),
            Value::Number(number) => Value::String(number.to_string()),
            other => other,
        })
    }

    /// The value in the map: text or a list, at its own place in the template.
    fn find_in_map(&mut self, argument: &Node) -> Result<Node, Reported> {
        let wrong = || Function::FindInMap.malformed(argument, self.report);
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
                    let message = format!("`{}` of a mapping has the wrong form", shorten(&key));
                    let help = "a mapping has two levels of keys, and texts or lists below them";
                    return Err(self.problem(value.span, message, value.describe(), help));
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
        self.problem(node.span, message, "not in the mapping", help)
    }
}
