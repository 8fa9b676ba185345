//! Reads the properties of a mapping by its table, and says what is wrong with each.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::Value;

use crate::limits::PROBLEMS_MAX;

use super::words::{did_you_mean, shorten, suggestion};
use super::{Entry, Node, Place, Properties, Reported, Resolver, Rule, Span};

/// A mapping being read.
///
/// The methods return `None` for what is absent and also for what is wrong, which is a problem in
/// the report then: nothing comes of a template with problems, so no value is needed.
pub(crate) struct Fields<'a> {
    pub resolver: &'a Resolver<'a>,
    pub logical_id: &'a str,
    pub resource_type: &'a str,
    metadata: Option<&'a Node>,
    /// Path of the mapping within the resource's properties, ending with a dot unless empty.
    path: String,
    entries: &'a [Entry],
    /// What to point at when something is missing.
    span: Span,
}

impl<'a> Fields<'a> {
    /// The properties of a resource, checked against the table of its type.
    pub fn checked(resolver: &'a Resolver<'a>, index: usize) -> Self {
        let fields = Self::of(resolver, index);
        fields.check(resolver.resources[index].kind.properties);
        fields
    }

    /// The properties of a resource that is checked elsewhere, or not at all.
    pub fn of(resolver: &'a Resolver<'a>, index: usize) -> Self {
        let resource = &resolver.resources[index];
        let properties = resource.properties.as_deref();
        Self {
            resolver,
            logical_id: resource.logical_id,
            resource_type: resource.resource_type,
            metadata: resource.metadata,
            path: String::new(),
            entries: properties.and_then(Node::entries).unwrap_or_default(),
            span: resource.id_span,
        }
    }

    /// An entry of a section that is no resource.
    pub fn of_entry(
        resolver: &'a Resolver<'a>,
        section: &'a str,
        entry: &'a Entry,
        known: Properties,
    ) -> Option<Self> {
        let outside = Self {
            resolver,
            logical_id: &entry.key,
            resource_type: section,
            metadata: None,
            path: String::new(),
            entries: &[],
            span: entry.key_span,
        };
        let fields = outside.open(String::new(), entry.key_span, &entry.value)?;
        fields.check(known);
        Some(fields)
    }

    /// A mapping among the properties.
    pub fn mapping(&self, name: &str, known: Properties) -> Option<Self> {
        let entry = self.entry(name)?;
        self.nested(name, entry.key_span, &entry.value, known)
    }

    /// The mappings in a list.
    pub fn mappings(&self, name: &str, known: Properties) -> Vec<Self> {
        let span = self.entry(name).map_or(self.span, |entry| entry.key_span);
        let nodes = self.list(name).iter();
        nodes
            .filter_map(|node| self.nested(name, span, node, known))
            .collect()
    }

    /// A mapping in a list or under a free key.
    pub fn nested(
        &self,
        step: &str,
        span: Span,
        node: &'a Node,
        known: Properties,
    ) -> Option<Self> {
        let fields = self.below(step, span, node)?;
        fields.check(known);
        Some(fields)
    }

    /// A mapping whose other properties do not matter.
    pub fn below(&self, step: &str, span: Span, node: &'a Node) -> Option<Self> {
        self.open(format!("{}{}.", self.path, shorten(step)), span, node)
    }

    fn open(&self, path: String, span: Span, node: &'a Node) -> Option<Self> {
        let entries = node.entries();
        let fields = Self {
            path,
            entries: entries.unwrap_or_default(),
            span,
            ..*self
        };
        if entries.is_none() {
            fields.wrong_type(fields.path.trim_end_matches('.'), node, "a mapping");
        }
        entries.map(|_| fields)
    }

    /// Reports what the table does not know, refuses or misses, and warns of what it ignores.
    fn check(&self, known: Properties) {
        let mut unknown = 0;
        for entry in self.entries {
            let property = known.iter().find(|property| property.name == &*entry.key);
            match property.map(|property| property.rule) {
                Some(Rule::Used | Rule::Required(_)) => {}
                Some(Rule::Ignored(meaning)) => self.warn(&entry.key, entry.key_span, meaning),
                None if unknown < PROBLEMS_MAX => {
                    unknown += 1;
                    self.unknown(entry, known);
                }
                None => {
                    self.resolver.report.problem(
                        entry.key_span,
                        format!("`{}` has too many unknown properties", self.logical_id),
                        "the rest is not looked at",
                        "check the indentation above",
                    );
                    break;
                }
            }
        }
        for property in known {
            if let Rule::Required(help) = property.rule {
                self.required(property.name, help);
            }
        }
    }

    fn unknown(&self, entry: &Entry, known: Properties) {
        let name = shorten(&entry.key);
        let Some(meant) = suggestion(&entry.key, known.iter().map(|known| known.name)) else {
            self.warn(&name, entry.key_span, "not known here, and ignored");
            return;
        };
        let (path, id) = (self.path_of(&name), self.logical_id);
        self.resolver.report.problem(
            entry.key_span,
            format!("unknown property `{path}` of `{id}`"),
            "no such property",
            format!("did you mean `{meant}`?"),
        );
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

    /// Warns of a property that has this value.
    pub fn warn_of(&self, name: &str, meaning: &str) {
        if let Some(entry) = self.entry(name) {
            self.warn(name, entry.key_span, meaning);
        }
    }

    /// Warns of the resource as a whole.
    pub fn warn_of_all(&self, meaning: &str) {
        let (id, kind) = (self.logical_id, self.resource_type);
        self.resolver
            .report
            .warn(self.span, id, kind, None, meaning);
    }

    /// Reports the resource as a whole.
    pub fn problem_of_all(&self, message: &str, label: &str, help: &str) {
        let report = self.resolver.report;
        report.problem(self.span, message, label, help);
    }

    /// The property, unless it is absent or `AWS::NoValue`.
    pub fn entry(&self, name: &str) -> Option<&'a Entry> {
        let mut entries = self.entries.iter();
        entries.find(|entry| &*entry.key == name && !entry.value.is_no_value())
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
            self.resolver.report.problem(
                self.span,
                format!("`{}` has no `{}`", self.logical_id, self.path_of(name)),
                format!("`{name}` is missing"),
                help,
            );
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
        self.resolver.text(node, self.place(&property, false)).ok()
    }

    pub fn integer(&self, name: &str, range: RangeInclusive<u32>, unit: &str) -> Option<u32> {
        let text = self.text(name)?;
        let number = text.trim().parse().ok().filter(|it| range.contains(it));
        if number.is_none() {
            let (low, high) = (range.start(), range.end());
            self.wrong(
                name,
                &format!("must be a whole number from {low} to {high}"),
                &found(&text),
                &format!("the unit is {unit}"),
            );
        }
        number
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
        let text = self.text(name)?;
        let boolean = text.parse().ok();
        if boolean.is_none() {
            self.wrong(name, "must be `true` or `false`", &found(&text), "");
        }
        boolean
    }

    /// One of several words.
    pub fn word(&self, name: &str, words: &[&'static str]) -> Option<&'static str> {
        self.word_of(name, self.node(name)?, words)
    }

    pub fn word_of(&self, name: &str, node: &Node, words: &[&'static str]) -> Option<&'static str> {
        let text = self.text_of(name, node)?;
        let chosen = words.iter().find(|word| **word == text);
        if chosen.is_none() {
            let must = format!("must be one of {}", words.join(", "));
            let help = did_you_mean(&text, words.iter().copied(), "");
            self.wrong_node(name, node, &must, &found(&text), &help);
        }
        chosen.copied()
    }

    /// What one of several words means.
    pub fn choice<T: Copy>(&self, name: &str, choices: &[(&'static str, T)]) -> Option<T> {
        let words: Vec<&'static str> = choices.iter().map(|(word, _)| *word).collect();
        let chosen = self.word(name, &words)?;
        choices
            .iter()
            .find(|(word, _)| *word == chosen)
            .map(|(_, meant)| *meant)
    }

    /// The items of a list; none where the list is absent.
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
            let items = self.list(name).iter();
            return items
                .filter(|item| !item.is_no_value())
                .filter_map(|item| self.text_of(name, item))
                .collect();
        };
        let path = self.path_of(name);
        match self.resolver.value(node, self.place(&path, false)) {
            Ok(Some(Value::Array(items))) => items
                .into_iter()
                .map(|item| {
                    item.as_str()
                        .map_or_else(|| item.to_string(), str::to_owned)
                })
                .collect(),
            Ok(Some(Value::String(text))) => vec![text],
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
        entries
            .iter()
            .filter(|entry| !entry.value.is_no_value())
            .filter_map(|entry| {
                let text = self.text_of(&format!("{name}.{}", entry.key), &entry.value)?;
                Some((entry.key.to_string(), text))
            })
            .collect()
    }

    /// The node as JSON, kept and not used: see [`Place::opaque`].
    pub fn opaque(&self, name: &str, node: &Node) -> Option<Value> {
        let property = self.path_of(name);
        let value = self.resolver.value(node, self.place(&property, true));
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
        self.resolver
            .report
            .problem(node.span, message, found, help);
    }

    /// Reports a part of a property's text that is wrong.
    pub fn wrong_part(&self, name: &str, node: &Node, part: &str, problem: &str, help: &str) {
        let span = self.resolver.part_span(node, part);
        let message = format!("`{}{name}` of `{}`: {problem}", self.path, self.logical_id);
        self.resolver
            .report
            .problem(span, message, "this part", help);
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
        let span = if node.span.len == 0 {
            self.span
        } else {
            node.span
        };
        let message = format!("{of} must be {expected}, found {found}");
        self.resolver.report.problem(span, message, found, help);
    }

    fn place<'p>(&'p self, property: &'p str, opaque: bool) -> Place<'p> {
        Place {
            logical_id: self.logical_id,
            resource_type: self.resource_type,
            property,
            opaque,
        }
    }
}

/// The label of a wrong text.
fn found(text: &str) -> String {
    format!("found `{}`", shorten(text))
}
