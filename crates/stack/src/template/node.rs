//! The template's tree: YAML with places, and CloudFormation's functions recognised in both forms.

use std::rc::Rc;

use super::Span;

/// A value and its place. Cheap to share only leaf by leaf: see [`Node::weight`].
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub span: Span,
    pub value: NodeValue,
    /// How many nodes a copy of this one makes.
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

/// A piece of text, not yet taken for a number or anything else.
#[derive(Debug, Clone)]
pub(crate) struct Scalar {
    pub text: Rc<str>,
    /// Without quotes, so that `true` is a boolean and `null` is none.
    pub plain: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub key: Rc<str>,
    pub key_span: Span,
    pub value: Node,
}

/// A CloudFormation function: `!Ref X` as well as `Ref: X`.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub function: Function,
    pub argument: Box<Node>,
}

/// Functions that a template may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Ref,
    GetAtt,
    Sub,
    Join,
    /// One that AWS has and this crate does not evaluate, by its long name.
    Other(&'static str),
}

/// Source: CloudFormation template reference, "Intrinsic function reference", read 2026-11-23.
const OTHER_FUNCTIONS: [&str; 20] = [
    "Fn::And",
    "Fn::Base64",
    "Fn::Cidr",
    "Fn::Contains",
    "Fn::Equals",
    "Fn::FindInMap",
    "Fn::GetAZs",
    "Fn::GetStackOutput",
    "Fn::If",
    "Fn::ImportValue",
    "Fn::Length",
    "Fn::Not",
    "Fn::Or",
    "Fn::RefAll",
    "Fn::Select",
    "Fn::Split",
    "Fn::ToJsonString",
    "Fn::Transform",
    "Fn::ValueOf",
    "Condition",
];

impl Function {
    /// From a tag's name, without its `!`.
    pub fn from_tag(tag: &str) -> Option<Self> {
        if tag == "Ref" || tag == "Condition" {
            return Self::from_key(tag).or(Some(Self::Other("Condition")));
        }
        Self::from_key(&format!("Fn::{tag}"))
    }

    /// From the only key of a mapping. `Condition` is no function there: policies have such a key.
    pub fn from_key(key: &str) -> Option<Self> {
        match key {
            "Ref" => Some(Self::Ref),
            "Fn::GetAtt" => Some(Self::GetAtt),
            "Fn::Sub" => Some(Self::Sub),
            "Fn::Join" => Some(Self::Join),
            "Condition" => None,
            other => OTHER_FUNCTIONS
                .into_iter()
                .find(|name| *name == other)
                .map(Self::Other),
        }
    }

    /// The long form's key.
    pub fn key(self) -> &'static str {
        match self {
            Self::Ref => "Ref",
            Self::GetAtt => "Fn::GetAtt",
            Self::Sub => "Fn::Sub",
            Self::Join => "Fn::Join",
            Self::Other(name) => name,
        }
    }
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

    /// The entries of a mapping.
    pub fn entries(&self) -> Option<&[Entry]> {
        match &self.value {
            NodeValue::Mapping(entries) => Some(entries),
            NodeValue::Scalar(_) | NodeValue::Sequence(_) | NodeValue::Call(_) => None,
        }
    }

    /// The value under a key of a mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        let entry = self.entries()?.iter().find(|entry| &*entry.key == key)?;
        Some(&entry.value)
    }

    /// The text of a scalar that is not null.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            NodeValue::Scalar(scalar) if !scalar.is_null() => Some(&scalar.text),
            NodeValue::Scalar(_)
            | NodeValue::Sequence(_)
            | NodeValue::Mapping(_)
            | NodeValue::Call(_) => None,
        }
    }

    pub fn call(&self) -> Option<&Call> {
        match &self.value {
            NodeValue::Call(call) => Some(call),
            NodeValue::Scalar(_) | NodeValue::Sequence(_) | NodeValue::Mapping(_) => None,
        }
    }

    /// Whether it is `!Ref AWS::NoValue`, which removes the property that has it.
    pub fn is_no_value(&self) -> bool {
        self.call().is_some_and(|call| {
            call.function == Function::Ref && call.argument.text() == Some("AWS::NoValue")
        })
    }

    /// What it is, for messages.
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

    /// CloudFormation reads YAML 1.1, where the words for booleans are these.
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

    /// As JSON: quoted text stays text, and a number that would lose its leading zeros does too.
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
