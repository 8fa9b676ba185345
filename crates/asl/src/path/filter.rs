//! Filters of a JSONPath: `[?(@.price < 10 && @.stock)]`.

use serde_json::Value;

use super::Path;

/// A condition on an element.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Filter {
    Or(Vec<Filter>),
    And(Vec<Filter>),
    Not(Box<Filter>),
    Exists(Operand),
    Compare(Operand, Comparison, Operand),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operand {
    /// `@…`
    Element(Path),
    /// `$…`
    Root(Path),
    Literal(Value),
}

impl Operand {
    fn value(&self, element: &Value, root: &Value) -> Option<Value> {
        match self {
            Self::Element(path) => path.find_in(element),
            Self::Root(path) => path.find_in(root),
            Self::Literal(value) => Some(value.clone()),
        }
    }
}

impl Filter {
    pub(crate) fn holds(&self, element: &Value, root: &Value) -> bool {
        match self {
            Self::Or(any) => any.iter().any(|it| it.holds(element, root)),
            Self::And(all) => all.iter().all(|it| it.holds(element, root)),
            Self::Not(it) => !it.holds(element, root),
            Self::Exists(operand) => operand.value(element, root).is_some(),
            Self::Compare(left, comparison, right) => {
                let left = left.value(element, root);
                let right = right.value(element, root);
                compare(left.as_ref(), *comparison, right.as_ref())
            }
        }
    }
}

fn compare(left: Option<&Value>, comparison: Comparison, right: Option<&Value>) -> bool {
    use std::cmp::Ordering;
    let (Some(left), Some(right)) = (left, right) else {
        return comparison == Comparison::NotEqual && left.is_some() != right.is_some();
    };
    let ordering = || match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64()?.partial_cmp(&right.as_f64()?),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        _ => None,
    };
    let is_equal = || left == right || ordering() == Some(Ordering::Equal);
    let is_in = || right.as_array().is_some_and(|items| items.contains(left));
    match comparison {
        Comparison::Equal => is_equal(),
        Comparison::NotEqual => !is_equal(),
        Comparison::Less => ordering() == Some(Ordering::Less),
        Comparison::LessOrEqual => matches!(ordering(), Some(Ordering::Less | Ordering::Equal)),
        Comparison::Greater => ordering() == Some(Ordering::Greater),
        Comparison::GreaterOrEqual => {
            matches!(ordering(), Some(Ordering::Greater | Ordering::Equal))
        }
        Comparison::In => is_in(),
        Comparison::NotIn => !is_in(),
    }
}
