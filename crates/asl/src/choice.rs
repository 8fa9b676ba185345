//! The next state of a Choice state.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::Value;

use crate::error::StateError;
use crate::jsonata::Query;
use crate::path::Path;
use crate::scope::Scope;
use crate::template::Template;

/// A condition with the transition that it selects.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// When it matches.
    pub condition: Condition,
    /// The next state.
    pub next: String,
    /// Variables that are set, instead of the state's own `Assign`.
    pub assign: Vec<(String, Template)>,
    /// The output, instead of the state's own.
    pub output: Option<Template>,
}

/// A condition on a state's input.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// All of them hold.
    And(Vec<Condition>),
    /// One of them holds.
    Or(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// A comparison.
    Compare(Comparison),
    /// A JSONata expression that is `true`.
    Query(Query),
}

/// A comparison of a value of the input.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The value.
    pub variable: Path,
    /// The operator.
    pub operator: Operator,
    /// The other side: a literal value, or a path of the input.
    pub operand: Template,
}

/// How values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// Both are of a type, and in this order.
    Order(OrderedType, Order),
    /// The text matches a pattern, in which `*` stands for any characters.
    StringMatches,
    /// The value is of a type.
    Is(Is),
}

/// Types that can be ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderedType {
    /// Texts, by code points.
    String,
    /// Numbers.
    Numeric,
    /// Booleans; only equality is defined.
    Boolean,
    /// Instants of RFC 3339.
    Timestamp,
}

/// Orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// `=`
    Equals,
    /// `<`
    LessThan,
    /// `>`
    GreaterThan,
    /// `<=`
    LessThanEquals,
    /// `>=`
    GreaterThanEquals,
}

/// Tests of a value's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Is {
    /// It is `null`.
    Null,
    /// It exists.
    Present,
    /// It is a number.
    Numeric,
    /// It is a text.
    String,
    /// It is a boolean.
    Boolean,
    /// It is an instant of RFC 3339.
    Timestamp,
}

impl Operator {
    /// The operator of a field, and whether its operand is a path.
    pub(crate) fn parse(name: &str) -> Option<(Self, bool)> {
        let is = match name {
            "IsNull" => Some(Is::Null),
            "IsPresent" => Some(Is::Present),
            "IsNumeric" => Some(Is::Numeric),
            "IsString" => Some(Is::String),
            "IsBoolean" => Some(Is::Boolean),
            "IsTimestamp" => Some(Is::Timestamp),
            _ => None,
        };
        if let Some(is) = is {
            return Some((Self::Is(is), false));
        }
        if name == "StringMatches" {
            return Some((Self::StringMatches, false));
        }
        let (name, is_path) = match name.strip_suffix("Path") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let types = [
            ("String", OrderedType::String),
            ("Numeric", OrderedType::Numeric),
            ("Boolean", OrderedType::Boolean),
            ("Timestamp", OrderedType::Timestamp),
        ];
        let (order, r#type) = types
            .iter()
            .find_map(|(prefix, r#type)| Some((name.strip_prefix(prefix)?, *r#type)))?;
        let order = match order {
            "Equals" => Order::Equals,
            _ if r#type == OrderedType::Boolean => return None,
            "LessThan" => Order::LessThan,
            "GreaterThan" => Order::GreaterThan,
            "LessThanEquals" => Order::LessThanEquals,
            "GreaterThanEquals" => Order::GreaterThanEquals,
            _ => return None,
        };
        Some((Self::Order(r#type, order), is_path))
    }

    /// The required kind of value in the definition, if the operand is of another kind.
    pub(crate) fn check(self, operand: &Value) -> Result<(), &'static str> {
        let (fits, wanted) = match self {
            Self::Is(_) | Self::Order(OrderedType::Boolean, _) => {
                (operand.is_boolean(), "a boolean")
            }
            Self::StringMatches | Self::Order(OrderedType::String, _) => {
                (operand.is_string(), "a text")
            }
            Self::Order(OrderedType::Numeric, _) => (operand.is_number(), "a number"),
            Self::Order(OrderedType::Timestamp, _) => (
                timestamp(operand).is_some(),
                "a timestamp such as `2026-01-31T12:00:00Z`",
            ),
        };
        if fits { Ok(()) } else { Err(wanted) }
    }
}

impl Condition {
    /// Whether it holds, as the condition of the rule with this `index`. For JSONPath the scope has the input after
    /// `InputPath`.
    ///
    /// # Errors
    ///
    /// `States.Runtime` when a path has no value; `States.QueryEvaluationError` when an expression fails or is not a
    /// boolean.
    pub fn holds(&self, index: usize, scope: &Scope<'_>) -> Result<bool, StateError> {
        match self {
            Self::And(all) => {
                for condition in all {
                    if !condition.holds(index, scope)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Or(any) => {
                for condition in any {
                    if condition.holds(index, scope)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Not(condition) => Ok(!condition.holds(index, scope)?),
            Self::Compare(comparison) => comparison.holds(scope),
            Self::Query(query) => {
                let field = format!("Choices[{index}]/Condition");
                let value = query.evaluate(scope, &field)?;
                value
                    .as_bool()
                    .ok_or_else(|| query.unexpected("boolean", &value, &field))
            }
        }
    }
}

impl Comparison {
    fn holds(&self, scope: &Scope<'_>) -> Result<bool, StateError> {
        let value = self.variable.find(scope);
        if let Operator::Is(is) = self.operator {
            let wanted = self.operand.evaluate(scope, "Is")?;
            let wanted = wanted.as_bool() == Some(true);
            return match (is, value) {
                (Is::Present, value) => Ok(value.is_some() == wanted),
                (_, None) => Err(self.invalid(&self.variable.to_string())),
                (is, Some(value)) => Ok(is.holds(&value) == wanted),
            };
        }
        let Some(value) = value else {
            return Err(self.invalid(&self.variable.to_string()));
        };
        let operand = match &self.operand {
            Template::Value(value) => value.clone(),
            dynamic => dynamic.evaluate(scope, "Path").map_err(|_| match dynamic {
                Template::Expression(path) => self.invalid(&path.to_string()),
                _ => self.invalid("$"),
            })?,
        };
        Ok(match self.operator {
            Operator::Is(_) => false,
            Operator::StringMatches => match (&value, &operand) {
                (Value::String(text), Value::String(pattern)) => matches(text, pattern),
                _ => false,
            },
            Operator::Order(r#type, order) => {
                let ordering = compare(r#type, &value, &operand);
                ordering.is_some_and(|ordering| order.holds(ordering))
            }
        })
    }

    fn invalid(&self, path: &str) -> StateError {
        StateError::runtime(format!(
            "Invalid path '{path}': The choice state's condition path references an invalid value."
        ))
    }
}

impl Order {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equals => ordering.is_eq(),
            Self::LessThan => ordering.is_lt(),
            Self::GreaterThan => ordering.is_gt(),
            Self::LessThanEquals => ordering.is_le(),
            Self::GreaterThanEquals => ordering.is_ge(),
        }
    }
}

impl Is {
    fn holds(self, value: &Value) -> bool {
        match self {
            Self::Null => value.is_null(),
            Self::Present => true,
            Self::Numeric => value.is_number(),
            Self::String => value.is_string(),
            Self::Boolean => value.is_boolean(),
            Self::Timestamp => timestamp(value).is_some(),
        }
    }
}

/// `None` if one of them is not of that type.
fn compare(r#type: OrderedType, left: &Value, right: &Value) -> Option<Ordering> {
    match r#type {
        OrderedType::String => Some(left.as_str()?.cmp(right.as_str()?)),
        OrderedType::Numeric => match (left.as_i64(), right.as_i64()) {
            (Some(left), Some(right)) => Some(left.cmp(&right)),
            _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
        },
        OrderedType::Boolean => Some(left.as_bool()?.cmp(&right.as_bool()?)),
        OrderedType::Timestamp => Some(timestamp(left)?.cmp(&timestamp(right)?)),
    }
}

/// An instant of RFC 3339 with an upper-case `T`, and `Z` if it has no offset.
/// Source: Amazon States Language specification, timestamps.
pub(crate) fn timestamp(value: &Value) -> Option<Timestamp> {
    let text = value.as_str()?;
    // The parser also accepts a space, lower-case letters, and the name of a time zone in brackets.
    if text.as_bytes().get(10) != Some(&b'T') || text.ends_with(['z', ']']) {
        return None;
    }
    text.parse().ok()
}

/// `*` stands for any characters, `\*` for itself, `\\` for a backslash.
fn matches(text: &str, pattern: &str) -> bool {
    #[derive(PartialEq)]
    enum Token {
        Any,
        Letter(char),
    }
    let mut tokens = Vec::new();
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        tokens.push(match letter {
            '*' => Token::Any,
            '\\' => Token::Letter(letters.next().unwrap_or('\\')),
            other => Token::Letter(other),
        });
    }
    let text: Vec<char> = text.chars().collect();
    // The last star, and how much of the text it matches: on a mismatch it matches one character more.
    let (mut at, mut token, mut star) = (0, 0, None);
    while at < text.len() {
        match tokens.get(token) {
            Some(Token::Any) => {
                star = Some((token, at));
                token += 1;
            }
            Some(Token::Letter(letter)) if *letter == text[at] => {
                at += 1;
                token += 1;
            }
            _ => {
                let Some((star_token, star_at)) = star else {
                    return false;
                };
                star = Some((star_token, star_at + 1));
                (token, at) = (star_token + 1, star_at + 1);
            }
        }
    }
    tokens[token..].iter().all(|token| *token == Token::Any)
}

#[cfg(test)]
mod tests;
