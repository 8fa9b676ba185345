//! The template's tree: YAML with places, and CloudFormation's functions recognised in both forms.

use std::rc::Rc;

use super::{Function, Span};

/// A value and its place. A copy copies the tree and shares only the leaves: see [`Node::weight`].
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub span: Span,
    pub value: NodeValue,
    /// How many nodes a copy of this one creates.
    pub weight: usize,
    /// How many levels it has; a scalar has one.
    pub height: usize,
}

#[derive(Debug, Clone)]
pub(crate) enum NodeValue {
    Scalar(Scalar),
    Sequence(Vec<Node>),
    Mapping(Vec<Entry>),
    Call(Call),
}

/// A piece of text, not yet interpreted as a number or another type.
#[derive(Debug, Clone)]
pub(crate) struct Scalar {
    pub text: Rc<str>,
    /// Without quotes, so `true` is a boolean and `null` is null.
    pub plain: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub key: Rc<str>,
    pub key_span: Span,
    pub value: Node,
}

impl Entry {
    /// The same entry with another value.
    pub fn with_value(&self, value: Node) -> Self {
        Self {
            key: Rc::clone(&self.key),
            key_span: self.key_span,
            value,
        }
    }
}

/// A CloudFormation function: `!Ref X` as well as `Ref: X`.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub function: Function,
    pub argument: Box<Node>,
}

impl Node {
    pub fn new(span: Span, value: NodeValue) -> Self {
        let (weight, height) = match &value {
            NodeValue::Scalar(_) => (0, 0),
            NodeValue::Sequence(items) => measure(items.iter()),
            NodeValue::Mapping(entries) => measure(entries.iter().map(|entry| &entry.value)),
            NodeValue::Call(call) => (call.argument.weight, call.argument.height),
        };
        Self {
            span,
            value,
            weight: weight + 1,
            height: height + 1,
        }
    }

    /// A literal text.
    pub fn scalar(span: Span, text: &str) -> Self {
        let scalar = Scalar {
            text: Rc::from(text),
            plain: false,
        };
        Self::new(span, NodeValue::Scalar(scalar))
    }

    /// A mapping of one entry at the place of its value.
    pub fn mapping_of(key: &str, value: Node) -> Self {
        let (key, key_span) = (Rc::from(key), value.span);
        let entry = Entry {
            key,
            key_span,
            value,
        };
        Self::new(key_span, NodeValue::Mapping(vec![entry]))
    }

    /// A call of a function at the place of its argument.
    pub fn call_of(function: Function, argument: Node) -> Self {
        let argument = Box::new(argument);
        Self::new(argument.span, NodeValue::Call(Call { function, argument }))
    }

    /// The substitute for a value that a problem prevents.
    pub fn reported(span: Span) -> Self {
        Self::call_of(Function::Reported, Self::scalar(span, ""))
    }

    /// The entries of a mapping.
    pub fn entries(&self) -> Option<&[Entry]> {
        match &self.value {
            NodeValue::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// The entry of a mapping with this key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries()?.iter().find(|entry| &*entry.key == key)
    }

    /// The value under a key of a mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The items of a list.
    pub fn items(&self) -> Option<&[Node]> {
        match &self.value {
            NodeValue::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// The items of a list, or the value itself where there is only one.
    pub fn items_or_self(&self) -> &[Node] {
        self.items().unwrap_or(std::slice::from_ref(self))
    }

    pub fn scalar_value(&self) -> Option<&Scalar> {
        match &self.value {
            NodeValue::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The text of a scalar that is not null.
    pub fn text(&self) -> Option<&str> {
        let scalar = self.scalar_value().filter(|scalar| !scalar.is_null())?;
        Some(&scalar.text)
    }

    pub fn call(&self) -> Option<&Call> {
        match &self.value {
            NodeValue::Call(call) => Some(call),
            _ => None,
        }
    }

    /// Whether it is `!Ref AWS::NoValue`, which removes the property that has it.
    pub fn is_no_value(&self) -> bool {
        self.call().is_some_and(|call| {
            call.function == Function::Ref && call.argument.text() == Some("AWS::NoValue")
        })
    }

    /// Whether a problem prevented its value, and has been reported.
    pub fn is_reported(&self) -> bool {
        self.call()
            .is_some_and(|call| call.function == Function::Reported)
    }

    /// Its kind, for messages.
    pub fn describe(&self) -> &'static str {
        match &self.value {
            NodeValue::Scalar(scalar) if scalar.is_null() => "empty",
            NodeValue::Scalar(_) => "a single value",
            NodeValue::Sequence(_) => "a list",
            NodeValue::Mapping(_) => "a mapping",
            NodeValue::Call(call) => call.function.key(),
        }
    }
}

fn measure<'n>(children: impl Iterator<Item = &'n Node>) -> (usize, usize) {
    children.fold((0, 0), |(weight, height), child| {
        (weight + child.weight, height.max(child.height))
    })
}

impl Scalar {
    pub fn is_null(&self) -> bool {
        self.plain && matches!(&*self.text, "" | "~" | "null" | "Null" | "NULL")
    }

    /// CloudFormation reads YAML 1.1, which has these words for booleans.
    pub fn as_bool(&self) -> Option<bool> {
        if !self.plain {
            return None;
        }
        match &*self.text {
            "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
            "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
            _ => None,
        }
    }

    /// Booleans in CloudFormation's spelling, anything else as written.
    pub fn plain_text(&self) -> String {
        match self.as_bool() {
            Some(boolean) => boolean.to_string(),
            None => self.text.to_string(),
        }
    }

    /// As JSON: quoted text stays text, and so does a number that would lose its leading zeros.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value;
        if self.is_null() {
            return Value::Null;
        }
        if let Some(boolean) = self.as_bool() {
            return boolean.into();
        }
        let digits = self.text.trim_start_matches(['-', '+']);
        let numeric = self.plain
            && digits.starts_with(|first: char| first.is_ascii_digit())
            && !(digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0."))
            && digits
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.');
        if numeric && let Ok(integer) = self.text.parse::<i64>() {
            return integer.into();
        }
        if numeric
            && digits.contains('.')
            && let Ok(float) = self.text.parse::<f64>()
            && let Some(number) = serde_json::Number::from_f64(float)
        {
            return Value::Number(number);
        }
        Value::String(self.text.to_string())
    }
}
