//! Reads the properties of a mapping, and says what is wrong with each.

use std::ops::RangeInclusive;

use serde_json::Value;

use crate::limits::PROBLEMS_MAX;

use super::parse::shorten;
use super::suggestion::suggestion;
use super::{Entry, Node, NodeValue, Place, Reported, Resolver, Resource, Span};

/// A property that AWS has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    name: &'static str,
    /// What the application loses, where it does nothing here.
    ignored: Option<&'static str>,
}

/// A property that does what it does on AWS.
pub(crate) const fn used(name: &'static str) -> Known {
    Known {
        name,
        ignored: None,
    }
}

/// A property that does nothing here, and what that means.
pub(crate) const fn ignored(name: &'static str, meaning: &'static str) -> Known {
    Known {
        name,
        ignored: Some(meaning),
    }
}

/// A mapping being read.
///
/// The methods return `None` for what is absent and also for what is wrong, which is a problem in
/// the report then: nothing comes of a template with problems, so no value is needed.
pub(crate) struct Fields<'a> {
    pub resolver: &'a Resolver<'a>,
    pub logical_id: &'a str,
    pub resource_type: &'a str,
    /// Path of the mapping within the resource's properties, ending with a dot unless empty.
    path: String,
    entries: &'a [Entry],
    /// What to point at when something is missing.
    span: Span,
}

impl<'a> Fields<'a> {
    /// The properties of a resource; [`Fields::check_names`] is left to the caller.
    pub fn of_resource(resolver: &'a Resolver<'a>, resource: &'a Resource<'a>) -> Self {
        let properties = resource.properties.as_deref();
        Self {
            resolver,
            logical_id: resource.logical_id,
            resource_type: resource.resource_type,
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
        known: &[Known],
    ) -> Option<Self> {
        let fields = Self {
            resolver,
            logical_id: &entry.key,
            resource_type: section,
            path: String::new(),
            entries: &[],
            span: entry.key_span,
        };
        fields.open(String::new(), entry.key_span, &entry.value, known)
    }

    /// A mapping among the properties.
    pub fn mapping(&self, name: &str, known: &[Known]) -> Option<Fields<'a>> {
        let entry = self.entry(name)?;
        let path = format!("{}{name}.", self.path);
        self.open(path, entry.key_span, &entry.value, known)
    }

    /// A mapping in a list or under a free key.
    pub fn nested(&self, step: &str, span: Span, node: &'a Node, known: &[Known]) -> Option<Self> {
        let path = format!("{}{}.", self.path, shorten(step));
        self.open(path, span, node, known)
    }

    /// A mapping among the properties whose other properties do not matter.
    pub fn unchecked(&self, name: &str, entry: &'a Entry) -> Option<Fields<'a>> {
        let fields = Self {
            resolver: self.resolver,
            logical_id: self.logical_id,
            resource_type: self.resource_type,
            path: format!("{}{name}.", self.path),
            entries: entry.value.entries().unwrap_or_default(),
            span: entry.key_span,
        };
        if entry.value.entries().is_none() {
            self.wrong_type(&format!("{}{name}", self.path), &entry.value, "a mapping");
            return None;
        }
        Some(fields)
    }

    fn open(&self, path: String, span: Span, node: &'a Node, known: &[Known]) -> Option<Self> {
        let fields = Self {
            resolver: self.resolver,
            logical_id: self.logical_id,
            resource_type: self.resource_type,
            path,
            entries: node.entries().unwrap_or_default(),
            span,
        };
        if node.entries().is_none() {
            let name = fields.path.trim_end_matches('.');
            fields.wrong_type(name, node, "a mapping");
            return None;
        }
        fields.check_names(known);
        Some(fields)
    }

    /// Reports misspelled properties, and warns of those that do nothing here.
    pub fn check_names(&self, known: &[Known]) {
        let mut unknown = 0;
        for entry in self.entries {
            let name = &*entry.key;
            match known.iter().find(|known| known.name == name) {
                Some(Known { ignored: None, .. }) => {}
                Some(Known {
                    ignored: Some(meaning),
                    ..
                }) => self.warn(name, entry.key_span, *meaning),
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
                    return;
                }
            }
        }
    }

    fn unknown(&self, entry: &Entry, known: &[Known]) {
        let name = &*entry.key;
        match suggestion(name, known.iter().map(|known| known.name)) {
            Some(meant) => {
                self.resolver.report.problem(
                    entry.key_span,
                    format!(
                        "unknown property `{}{}` of `{}`",
                        self.path,
                        shorten(name),
                        self.logical_id
                    ),
                    "no such property",
                    format!("did you mean `{meant}`?"),
                );
            }
            None => {
                let meaning = "not known here, and ignored";
                self.warn(&shorten(name), entry.key_span, meaning);
            }
        }
    }

    pub fn warn(&self, name: &str, span: Span, meaning: impl Into<String>) {
        self.resolver.report.warn(
            span,
            self.logical_id,
            self.resource_type,
            Some(format!("{}{name}", self.path)),
            meaning,
        );
    }

    /// The property, unless it is absent or `AWS::NoValue`.
    pub fn entry(&self, name: &str) -> Option<&'a Entry> {
        let mut entries = self.entries.iter();
        entries.find(|entry| &*entry.key == name && !entry.value.is_no_value())
    }

    /// The property, or a problem that it is missing.
    pub fn required(&self, name: &str, help: &str) -> Option<&'a Entry> {
        let entry = self.entry(name);
        if entry.is_none() {
            self.missing(name, help);
        }
        entry
    }

    pub fn missing(&self, name: &str, help: &str) {
        self.resolver.report.problem(
            self.span,
            format!("`{}` has no `{}{name}`", self.logical_id, self.path),
            format!("`{name}` is missing"),
            help,
        );
    }

    pub fn text(&self, name: &str) -> Option<String> {
        self.text_of(name, &self.entry(name)?.value)
    }

    pub fn required_text(&self, name: &str, help: &str) -> Option<String> {
        self.text_of(name, &self.required(name, help)?.value)
    }

    /// The text of a node below this mapping.
    pub fn text_of(&self, name: &str, node: &Node) -> Option<String> {
        let property = format!("{}{name}", self.path);
        self.resolver.text(node, self.place(&property, false)).ok()
    }

    pub fn integer(&self, name: &str, range: RangeInclusive<u32>, unit: &str) -> Option<u32> {
        let node = &self.entry(name)?.value;
        let text = self.text_of(name, node)?;
        match text.trim().parse() {
            Ok(number) if range.contains(&number) => Some(number),
            Ok(_) | Err(_) => {
                let (low, high) = (range.start(), range.end());
                self.wrong(
                    name,
                    node,
                    &format!("must be a whole number from {low} to {high}"),
                    &format!("found `{}`", shorten(&text)),
                    &format!("the unit is {unit}"),
                );
                None
            }
        }
    }

    pub fn boolean(&self, name: &str) -> Option<bool> {
        let node = &self.entry(name)?.value;
        let text = self.text_of(name, node)?;
        match text.as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => {
                let found = format!("found `{}`", shorten(&text));
                self.wrong(name, node, "must be `true` or `false`", &found, "");
                None
            }
        }
    }

    /// One of several words.
    pub fn choice<T: Copy>(&self, name: &str, choices: &[(&'static str, T)]) -> Option<T> {
        self.choice_of(name, &self.entry(name)?.value, choices)
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
            let help = match suggestion(&text, words.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => String::new(),
            };
            self.wrong(
                name,
                node,
                &format!("must be one of {}", words.join(", ")),
                &format!("found `{}`", shorten(&text)),
                &help,
            );
        }
        chosen.map(|(_, value)| *value)
    }

    /// The items of a list; none where the list is absent.
    pub fn list(&self, name: &str) -> &'a [Node] {
        let Some(entry) = self.entry(name) else {
            return &[];
        };
        match &entry.value.value {
            NodeValue::Sequence(items) => items,
            NodeValue::Scalar(_) | NodeValue::Mapping(_) | NodeValue::Call(_) => {
                let path = format!("{}{name}", self.path);
                self.wrong_type(&path, &entry.value, "a list");
                &[]
            }
        }
    }

    /// A list of texts, which may come from a parameter.
    pub fn texts(&self, name: &str) -> Vec<String> {
        if let Some(entry) = self.entry(name)
            && entry.value.call().is_some()
        {
            let path = format!("{}{name}", self.path);
            return match self.resolver.value(&entry.value, self.place(&path, false)) {
                Ok(Some(Value::Array(items))) => items
                    .into_iter()
                    .map(|item| {
                        item.as_str()
                            .map_or_else(|| item.to_string(), str::to_owned)
                    })
                    .collect(),
                Ok(Some(Value::String(text))) => vec![text],
                Ok(_) => {
                    self.wrong_type(&path, &entry.value, "a list");
                    Vec::new()
                }
                Err(Reported) => Vec::new(),
            };
        }
        let items = self.list(name).iter();
        items
            .filter(|item| !item.is_no_value())
            .filter_map(|item| self.text_of(name, item))
            .collect()
    }

    /// The property as JSON, kept and not used: see [`Place::opaque`].
    pub fn opaque(&self, name: &str, node: &Node) -> Option<Value> {
        let property = format!("{}{name}", self.path);
        let value = self.resolver.value(node, self.place(&property, true));
        value.ok().flatten()
    }

    /// Reports a wrong value.
    pub fn wrong(&self, name: &str, node: &Node, must: &str, found: &str, help: &str) {
        if node.is_reported() {
            return;
        }
        self.resolver.report.problem(
            node.span,
            format!("`{}{name}` of `{}` {must}", self.path, self.logical_id),
            found,
            help,
        );
    }

    /// Reports a part of a text that is wrong.
    pub fn wrong_part(&self, name: &str, node: &Node, part: &str, problem: &str, help: &str) {
        let span = self.resolver.part_span(node, part);
        self.resolver.report.problem(
            span,
            format!("`{}{name}` of `{}`: {problem}", self.path, self.logical_id),
            "this part",
            help,
        );
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
        let span = if node.span.len == 0 {
            self.span
        } else {
            node.span
        };
        self.resolver.report.problem(
            span,
            format!("{of} must be {expected}, found {found}"),
            found,
            match expected {
                "a list" => "write one item per line, each after `- `",
                _ => "write one `Name: value` per line, indented",
            },
        );
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
