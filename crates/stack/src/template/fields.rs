//! Reads the properties of a mapping by its table, and reports problems with each.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::Value;

use crate::limits::PROBLEMS_MAX;

use super::evaluate::{Evaluation, text_of};
use super::report::{did_you_mean, shorten, suggestion};
use super::{Entry, Node, Place, Properties, Reported, Resolver, Resource, Rule, Span};

/// A mapping being read.
///
/// The methods return `None` for an absent value and also for a wrong one, which is then a problem
/// in the report: a template with problems is not used, so no value is needed.
pub(crate) struct Fields<'a> {
    pub resolver: &'a Resolver<'a>,
    pub logical_id: &'a str,
    pub resource_type: &'a str,
    index: Option<usize>,
    metadata: Option<&'a Node>,
    /// Path of the mapping within the resource's properties, ending with a dot unless empty.
    path: String,
    node: &'a Node,
    /// The place to mark when something is missing.
    span: Span,
}

impl<'a> Fields<'a> {
    /// The properties of a resource, checked against the table of its type.
    pub fn checked(resolver: &'a Resolver<'a>, index: usize) -> Option<Self> {
        let known = resolver.resources[index].kind.properties;
        Self::of(resolver, index).check(known)
    }

    /// The properties of a resource that is checked elsewhere, or not at all. For a resource that
    /// SAM makes, messages name its origin and the place of its properties there.
    pub fn of(resolver: &'a Resolver<'a>, index: usize) -> Self {
        let resource = &resolver.resources[index];
        let path = resource.made.as_ref().map(|made| made.path.clone());
        Self {
            resolver,
            logical_id: resolver.shown_id(index),
            resource_type: &resource.resource_type,
            index: Some(index),
            metadata: resource.metadata.as_ref(),
            path: path.unwrap_or_default(),
            node: &resource.properties,
            span: resource.properties_span,
        }
    }

    /// An entry of a section that does not contain resources.
    pub fn of_entry(
        resolver: &'a Resolver<'a>,
        section: &'a str,
        entry: &'a Entry,
        known: Properties,
    ) -> Option<Self> {
        let fields = Self {
            resolver,
            logical_id: &entry.key,
            resource_type: section,
            index: None,
            metadata: None,
            path: String::new(),
            node: &entry.value,
            span: entry.key_span,
        };
        fields.check(known)
    }

    /// The resource's index. Only outputs, which are no resources, have none.
    pub fn index(&self) -> usize {
        self.index.expect("only outputs have no index")
    }

    pub fn resource(&self) -> &'a Resource {
        &self.resolver.resources[self.index()]
    }

    /// A mapping among the properties.
    pub fn mapping(&self, name: &str, known: Properties) -> Option<Self> {
        let entry = self.entry(name)?;
        self.nested(name, entry.key_span, &entry.value, known)
    }

    /// The mappings in a list.
    pub fn mappings(&self, name: &str, known: Properties) -> Vec<Self> {
        let span = self.entry(name).map_or(self.span, |entry| entry.key_span);
        let nested = |node| self.nested(name, span, node, known);
        self.list(name).iter().filter_map(nested).collect()
    }

    /// A mapping in a list or under a free key.
    pub fn nested(
        &self,
        step: &str,
        span: Span,
        node: &'a Node,
        known: Properties,
    ) -> Option<Self> {
        self.below(step, span, node).check(known)
    }

    /// A mapping whose other properties do not matter.
    pub fn below(&self, step: &str, span: Span, node: &'a Node) -> Self {
        let path = format!("{}{}.", self.path, shorten(step));
        Self {
            path,
            node,
            span,
            ..*self
        }
    }

    /// The fields themselves, if they are a mapping.
    pub fn open(self) -> Option<Self> {
        if self.node.entries().is_none() {
            self.wrong_type(self.path.trim_end_matches('.'), self.node, "a mapping");
            return None;
        }
        Some(self)
    }

    /// Reports properties that the table does not know, and missing ones, and warns of ignored ones.
    fn check(self, known: Properties) -> Option<Self> {
        let fields = self.open()?;
        let mut unknown = 0;
        for entry in fields.entries() {
            let property = known.iter().find(|property| property.name == &*entry.key);
            match property.map(|property| property.rule) {
                Some(Rule::Used | Rule::Required(_)) => {}
                Some(Rule::Ignored(meaning)) => fields.warn(&entry.key, entry.key_span, meaning),
                None if unknown < PROBLEMS_MAX => {
                    unknown += 1;
                    fields.unknown(entry, known);
                }
                None => {
                    let message =
                        format!("`{}` has too many unknown properties", fields.logical_id);
                    let label = "the rest is not looked at";
                    let help = "check the indentation above";
                    fields.problem(entry.key_span, &message, label, help);
                    break;
                }
            }
        }
        for property in known {
            if let Rule::Required(help) = property.rule {
                fields.required(property.name, help);
            }
        }
        Some(fields)
    }

    fn entries(&self) -> &'a [Entry] {
        self.node.entries().unwrap_or_default()
    }

    fn unknown(&self, entry: &Entry, known: Properties) {
        let name = shorten(&entry.key);
        let Some(meant) = suggestion(&entry.key, known.iter().map(|known| known.name)) else {
            self.warn(&name, entry.key_span, "not known here, and ignored");
            return;
        };
        let (path, id) = (self.path_of(&name), self.logical_id);
        let message = format!("unknown property `{path}` of `{id}`");
        let help = format!("did you mean `{meant}`?");
        self.problem(entry.key_span, &message, "no such property", &help);
    }

    /// The path of a property within the resource's properties.
    fn path_of(&self, name: &str) -> String {
        format!("{}{name}", self.path)
    }

    pub fn warn(&self, name: &str, span: Span, meaning: impl Into<String>) {
        let (id, kind, property) = (self.logical_id, self.resource_type, self.path_of(name));
        let report = self.resolver.report;
        report.warn(span, id, kind, Some(property), meaning);
    }

    /// Warns of a property, if it is present.
    pub fn warn_of(&self, name: &str, meaning: &str) {
        if let Some(entry) = self.entry(name) {
            self.warn(name, entry.key_span, meaning);
        }
    }

    /// Warns of the resource as a whole.
    pub fn warn_of_all(&self, meaning: &str) {
        let (id, kind, report) = (self.logical_id, self.resource_type, self.resolver.report);
        report.warn(self.span, id, kind, None, meaning);
    }

    /// Reports a problem at a place.
    pub fn problem(&self, span: Span, message: &str, label: &str, help: &str) {
        self.resolver.report.problem(span, message, label, help);
    }

    /// The property, unless it is absent or `AWS::NoValue`.
    pub fn entry(&self, name: &str) -> Option<&'a Entry> {
        let entry = self.node.entry(name);
        entry.filter(|entry| !entry.value.is_no_value())
    }

    /// The property's value.
    pub fn node(&self, name: &str) -> Option<&'a Node> {
        self.entry(name).map(|entry| &entry.value)
    }

    /// A value in the resource's `Metadata`.
    pub fn metadata(&self, name: &str) -> Option<&'a Node> {
        self.metadata?.get(name)
    }

    /// The property's value, or a problem that it is missing.
    pub fn required(&self, name: &str, help: &str) -> Option<&'a Node> {
        let node = self.node(name);
        if node.is_none() {
            let message = format!("`{}` has no `{}`", self.logical_id, self.path_of(name));
            self.problem(self.span, &message, &format!("`{name}` is missing"), help);
        }
        node
    }

    pub fn text(&self, name: &str) -> Option<String> {
        self.text_of(name, self.node(name)?)
    }

    pub fn required_text(&self, name: &str, help: &str) -> Option<String> {
        self.text_of(name, self.required(name, help)?)
    }

    /// The text of a node below this mapping.
    pub fn text_of(&self, name: &str, node: &Node) -> Option<String> {
        let property = self.path_of(name);
        self.at(&property, false).settled_text(node).ok()
    }

    /// The text of a node, or the texts of a list joined by commas, the form of parameters.
    pub fn joined(&self, name: &str, node: &Node) -> Option<String> {
        if node.items().is_none() && node.call().is_none() {
            return self.text_of(name, node);
        }
        if let Some(items) = node.items() {
            let items = items.iter().filter(|item| !item.is_no_value());
            let texts: Option<Vec<String>> = items.map(|it| self.text_of(name, it)).collect();
            return Some(texts?.join(","));
        }
        let property = self.path_of(name);
        match self.at(&property, false).value(node) {
            Ok(Some(Value::Array(items))) => {
                let texts: Vec<String> = items.into_iter().map(text_of).collect();
                Some(texts.join(","))
            }
            Ok(_) => self.text_of(name, node),
            Err(Reported) => None,
        }
    }

    pub fn integer(&self, name: &str, range: RangeInclusive<u32>, unit: &str) -> Option<u32> {
        let (low, high) = (range.start(), range.end());
        let must = format!("must be a whole number from {low} to {high}");
        let number = |text: &str| text.trim().parse().ok().filter(|it| range.contains(it));
        self.parsed(name, number, &must, &format!("the unit is {unit}"))
    }

    pub fn seconds(&self, name: &str, range: RangeInclusive<u32>) -> Option<Duration> {
        let seconds = self.integer(name, range, "seconds")?;
        Some(Duration::from_secs(seconds.into()))
    }

    pub fn milliseconds(&self, name: &str, range: RangeInclusive<u32>) -> Option<Duration> {
        let milliseconds = self.integer(name, range, "milliseconds")?;
        Some(Duration::from_millis(milliseconds.into()))
    }

    pub fn boolean(&self, name: &str) -> Option<bool> {
        self.parsed(
            name,
            |text| text.parse().ok(),
            "must be `true` or `false`",
            "",
        )
    }

    /// A parsed text; a failure is reported with the parser's words.
    pub fn parsed<T>(
        &self,
        name: &str,
        parse: impl Fn(&str) -> Option<T>,
        must: &str,
        help: &str,
    ) -> Option<T> {
        let text = self.text(name)?;
        let parsed = parse(&text);
        if parsed.is_none() {
            self.wrong(name, must, &found(&text), help);
        }
        parsed
    }

    /// One of several words.
    pub fn word(&self, name: &str, words: &[&'static str]) -> Option<&'static str> {
        let choices: Vec<_> = words.iter().map(|word| (*word, *word)).collect();
        self.choice(name, &choices)
    }

    /// The meaning of one of several words.
    pub fn choice<T: Copy>(&self, name: &str, choices: &[(&'static str, T)]) -> Option<T> {
        self.choice_of(name, self.node(name)?, choices)
    }

    pub fn choice_of<T: Copy>(
        &self,
        name: &str,
        node: &Node,
        choices: &[(&'static str, T)],
    ) -> Option<T> {
        let text = self.text_of(name, node)?;
        let chosen = choices.iter().find(|(word, _)| *word == text);
        if chosen.is_none() {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            let must = format!("must be one of {}", words.join(", "));
            let help = did_you_mean(&text, words, "");
            self.wrong_node(name, node, &must, &found(&text), &help);
        }
        chosen.map(|(_, meant)| *meant)
    }

    /// The items of a list; empty if the list is absent.
    pub fn list(&self, name: &str) -> &'a [Node] {
        let Some(node) = self.node(name) else {
            return &[];
        };
        node.items().unwrap_or_else(|| {
            self.wrong_type(&self.path_of(name), node, "a list");
            &[]
        })
    }

    /// A list of texts, which may come from a parameter.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let Some(node) = self.node(name).filter(|node| node.call().is_some()) else {
            let items = self.list(name).iter().filter(|item| !item.is_no_value());
            return items.filter_map(|item| self.text_of(name, item)).collect();
        };
        let path = self.path_of(name);
        match self.at(&path, false).value(node) {
            Ok(Some(Value::Array(items))) => {
                let settled = |item| self.at(&path, false).settled(text_of(item), node.span).ok();
                items.into_iter().filter_map(settled).collect()
            }
            Ok(Some(Value::String(text))) => {
                let settled = self.at(&path, false).settled(text, node.span);
                settled.into_iter().collect()
            }
            Ok(_) => {
                self.wrong_type(&path, node, "a list");
                Vec::new()
            }
            Err(Reported) => Vec::new(),
        }
    }

    /// The texts of a mapping with free keys.
    pub fn text_map(&self, name: &str) -> BTreeMap<String, String> {
        let entries = self.node(name).and_then(Node::entries).unwrap_or_default();
        let entries = entries.iter().filter(|entry| !entry.value.is_no_value());
        let text = |entry: &Entry| {
            let text = self.text_of(&format!("{name}.{}", entry.key), &entry.value)?;
            Some((entry.key.to_string(), text))
        };
        entries.filter_map(text).collect()
    }

    /// The property as JSON.
    pub fn value(&self, name: &str) -> Option<Value> {
        let property = self.path_of(name);
        let value = self.at(&property, false).value(self.node(name)?);
        value.ok().flatten()
    }

    /// File, line and column of the mapping, for messages that come later.
    pub fn place(&self) -> (String, usize, usize) {
        let text = &self.resolver.report.text;
        let (line, column) = text.line_and_column(self.span.offset);
        (text.name.clone(), line, column)
    }

    /// The node as JSON, for a value that is kept and not used: see [`Place::opaque`].
    pub fn opaque(&self, name: &str, node: &Node) -> Option<Value> {
        let property = self.path_of(name);
        let value = self.at(&property, true).value(node);
        value.ok().flatten()
    }

    /// Reports a wrong value of a property.
    pub fn wrong(&self, name: &str, must: &str, found: &str, help: &str) {
        if let Some(node) = self.node(name) {
            self.wrong_node(name, node, must, found, help);
        }
    }

    /// Reports a wrong value in a property.
    pub fn wrong_node(&self, name: &str, node: &Node, must: &str, found: &str, help: &str) {
        if node.is_reported() {
            return;
        }
        let message = format!("`{}{name}` of `{}` {must}", self.path, self.logical_id);
        self.problem(node.span, &message, found, help);
    }

    /// Reports a wrong part of a property's text.
    pub fn wrong_part(&self, name: &str, node: &Node, part: &str, problem: &str, help: &str) {
        let span = self.resolver.report.text.find_within(node.span, part);
        let message = format!("`{}{name}` of `{}`: {problem}", self.path, self.logical_id);
        self.problem(span, &message, "this part", help);
    }

    fn wrong_type(&self, path: &str, node: &Node, expected: &str) {
        if node.is_reported() {
            return;
        }
        let of = match path {
            "" => format!("`{}`", self.logical_id),
            path => format!("`{path}` of `{}`", self.logical_id),
        };
        let found = node.describe();
        let help = match expected {
            "a list" => "write one item per line, each after `- `",
            _ => "write one `Name: value` per line, indented",
        };
        // An empty value has no place of its own.
        let is_empty = node.span.len == 0;
        let span = if is_empty { self.span } else { node.span };
        let message = format!("{of} must be {expected}, found {found}");
        self.problem(span, &message, found, help);
    }

    fn at<'p>(&'p self, property: &'p str, opaque: bool) -> Evaluation<'p> {
        let place = Place {
            logical_id: self.logical_id,
            resource_type: self.resource_type,
            property,
            opaque,
        };
        let resolver = self.resolver;
        Evaluation { resolver, place }
    }
}

/// The label for a wrong text.
fn found(text: &str) -> String {
    format!("found `{}`", shorten(text))
}
