//! Decides conditions and looks mappings up, so that whatever comes after sees neither.
//!
//! Both depend on parameters and pseudo parameters alone, never on resources: they can be settled
//! before anything else is looked at. What is not chosen is gone with all its references, as
//! CloudFormation has it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use crate::limits::NODES_MAX;

use super::condition::Decision;
use super::node::Call;
use super::parameter::Parameters;
use super::{Entry, Function, Node, NodeValue, Place, Pseudo, Report, Reported, Resolver, Span};

/// The transform that `Fn::Length` and `Fn::ToJsonString` need.
pub(super) const LANGUAGE_EXTENSIONS: &str = "AWS::LanguageExtensions";

static NO_RESOURCES: BTreeMap<String, String> = BTreeMap::new();

/// A template without conditions and mappings.
pub(crate) struct Expanded {
    pub root: Node,
    /// Resources that are not created, with the condition that says so.
    pub absent: BTreeMap<String, String>,
}

/// Applies `Conditions` and `Mappings` to resources, outputs and globals.
pub(crate) fn expand(
    root: &Node,
    parameters: &Parameters,
    pseudo: &Pseudo,
    report: &Report,
) -> Expanded {
    let mut absent = BTreeMap::new();
    let Some(sections) = root.entries() else {
        let root = root.clone();
        return Expanded { root, absent };
    };
    let section = |name: &str| {
        let entries = root.get(name).and_then(Node::entries);
        entries.unwrap_or_default()
    };
    let expander = Expander {
        report,
        resolver: Resolver::new(
            report,
            pseudo.clone(),
            &[],
            &NO_RESOURCES,
            parameters.clone(),
        ),
        conditions: section("Conditions"),
        decided: RefCell::default(),
        depth: Cell::new(0),
        mappings: section("Mappings"),
        has_extensions: has_extensions(root),
        current: RefCell::new(Rc::from("")),
        weight: Cell::new(0),
    };
    expander.decide_all(section("Resources"));
    let sections = sections
        .iter()
        .map(|entry| match &*entry.key {
            "Resources" => expander.conditional(entry, |id, condition| {
                absent.insert(id, condition);
            }),
            "Outputs" => expander.conditional(entry, |_, _| {}),
            "Globals" => expander.entry(entry),
            _ => entry.clone(),
        })
        .collect();
    let root = Node::new(root.span, NodeValue::Mapping(sections));
    Expanded { root, absent }
}

fn has_extensions(root: &Node) -> bool {
    let transforms = root.get("Transform").map(Node::items_or_self);
    let mut names = transforms.unwrap_or_default().iter();
    names.any(|name| name.text() == Some(LANGUAGE_EXTENSIONS))
}

/// What the expansion of one template needs.
pub(super) struct Expander<'a> {
    pub report: &'a Report,
    /// Knows parameters and pseudo parameters, and no resource.
    pub resolver: Resolver<'a>,
    pub conditions: &'a [Entry],
    pub decided: RefCell<HashMap<&'a str, Decision>>,
    /// How many conditions are being decided for each other.
    pub depth: Cell<usize>,
    pub mappings: &'a [Entry],
    has_extensions: bool,
    /// The entry that is being expanded, for messages.
    pub current: RefCell<Rc<str>>,
    /// Nodes made so far.
    weight: Cell<usize>,
}

impl Expander<'_> {
    /// A section whose entries may have a `Condition`.
    fn conditional(&self, section: &Entry, mut absent: impl FnMut(String, String)) -> Entry {
        let Some(entries) = section.value.entries() else {
            return section.clone();
        };
        let mut kept = Vec::new();
        for entry in entries {
            *self.current.borrow_mut() = Rc::clone(&entry.key);
            let condition = entry.value.get("Condition");
            match condition.map(|node| (node, self.named(node))) {
                Some((node, Ok(false))) => {
                    let name = node.text().unwrap_or_default().to_owned();
                    absent(entry.key.to_string(), name);
                }
                None | Some((_, Ok(true) | Err(Reported))) => kept.push(self.entry(entry)),
            }
        }
        Entry {
            value: Node::new(section.value.span, NodeValue::Mapping(kept)),
            ..section.clone()
        }
    }

    fn entry(&self, entry: &Entry) -> Entry {
        Entry {
            value: self.node(&entry.value),
            ..entry.clone()
        }
    }

    /// The node with conditions decided and mappings looked up.
    pub fn node(&self, node: &Node) -> Node {
        self.weight.set(self.weight.get().saturating_add(1));
        if self.weight.get() > NODES_MAX * 2 {
            self.report.problem(
                node.span,
                format!("conditions and mappings make more than {NODES_MAX} values"),
                "the limit is passed here",
                "split the template",
            );
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

    fn call(&self, call: &Call, node: &Node) -> Node {
        let chosen = match call.function {
            Function::If => self.choose(&call.argument),
            Function::FindInMap => self.find_in_map(&call.argument),
            function => {
                self.check_extension(function, node.span);
                let argument = Box::new(self.node(&call.argument));
                let call = Call { function, argument };
                return Node::new(node.span, NodeValue::Call(call));
            }
        };
        chosen.unwrap_or_else(|Reported| Node::reported(node.span))
    }

    fn check_extension(&self, function: Function, span: Span) {
        if !self.has_extensions && matches!(function, Function::Length | Function::ToJsonString) {
            self.report.problem(
                span,
                format!("`{}` needs another transform", function.key()),
                "a language extension",
                format!("add `{LANGUAGE_EXTENSIONS}` to `Transform`, before SAM's"),
            );
        }
    }

    /// The branch of a `Fn::If` that counts.
    fn choose(&self, argument: &Node) -> Result<Node, Reported> {
        let [condition, then, otherwise] = self.resolver.arguments(argument, Function::If)?;
        Ok(self.node(if self.named(condition)? {
            then
        } else {
            otherwise
        }))
    }

    /// The text of a node that depends on parameters alone.
    pub fn text(&self, node: &Node, property: &str) -> Result<String, Reported> {
        let current = Rc::clone(&self.current.borrow());
        let place = self.place(&current, property);
        self.resolver.text(&self.node(node), place)
    }

    pub fn place<'p>(&self, current: &'p str, property: &'p str) -> Place<'p> {
        Place {
            logical_id: current,
            resource_type: "condition",
            property,
            opaque: false,
        }
    }
}
