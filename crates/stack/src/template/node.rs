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
    Select,
    Split,
    Base64,
    GetAzs,
    ImportValue,
    Length,
    ToJsonString,
    If,
    FindInMap,
    Condition,
    Equals,
    And,
    Or,
    Not,
    /// Stands where a value should be that a problem is in the way of.
    Reported,
    /// One that AWS has and this crate does not evaluate, by its long name.
    Other(&'static str),
}

/// By the long form's key. Source: CloudFormation template reference, "Intrinsic function
/// reference", read 2026-11-23.
const FUNCTIONS: [(&str, Function); 24] = [
    ("Ref", Function::Ref),
    ("Fn::GetAtt", Function::GetAtt),
    ("Fn::Sub", Function::Sub),
    ("Fn::Join", Function::Join),
    ("Fn::Select", Function::Select),
    ("Fn::Split", Function::Split),
    ("Fn::Base64", Function::Base64),
    ("Fn::GetAZs", Function::GetAzs),
    ("Fn::ImportValue", Function::ImportValue),
    ("Fn::Length", Function::Length),
    ("Fn::ToJsonString", Function::ToJsonString),
    ("Fn::If", Function::If),
    ("Fn::FindInMap", Function::FindInMap),
    ("Condition", Function::Condition),
    ("Fn::Equals", Function::Equals),
    ("Fn::And", Function::And),
    ("Fn::Or", Function::Or),
    ("Fn::Not", Function::Not),
    ("Fn::Cidr", Function::Other("Fn::Cidr")),
    ("Fn::Contains", Function::Other("Fn::Contains")),
    ("Fn::GetStackOutput", Function::Other("Fn::GetStackOutput")),
    ("Fn::RefAll", Function::Other("Fn::RefAll")),
    ("Fn::Transform", Function::Other("Fn::Transform")),
    ("Fn::ValueOf", Function::Other("Fn::ValueOf")),
];

impl Function {
    /// From a tag's name, without its `!`.
    pub fn from_tag(tag: &str) -> Option<Self> {
        match tag {
            "Ref" => Some(Self::Ref),
            "Condition" => Some(Self::Condition),
            other => Self::from_key(&format!("Fn::{other}")),
        }
    }

    /// From the only key of a mapping. `Condition` is no function there: policies have such a key.
    pub fn from_key(key: &str) -> Option<Self> {
        let mut functions = FUNCTIONS.into_iter();
        let (_, function) = functions.find(|(name, _)| *name == key)?;
        (function != Self::Condition).then_some(function)
    }

    /// The long form's key.
    pub fn key(self) -> &'static str {
        let mut functions = FUNCTIONS.iter();
        functions
            .find(|(_, function)| *function == self)
            .map_or("a function", |(name, _)| name)
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

    /// Text that stands for itself.
    pub fn scalar(span: Span, text: &str) -> Self {
        let scalar = Scalar {
            text: Rc::from(text),
            plain: false,
        };
        Self::new(span, NodeValue::Scalar(scalar))
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

    /// The items of a list.
    pub fn items(&self) -> Option<&[Node]> {
        match &self.value {
            NodeValue::Sequence(items) => Some(items),
            NodeValue::Scalar(_) | NodeValue::Mapping(_) | NodeValue::Call(_) => None,
        }
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

    /// Whether a problem is in the way of its value, and has been reported.
    pub fn is_reported(&self) -> bool {
        self.call()
            .is_some_and(|call| call.function == Function::Reported)
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
