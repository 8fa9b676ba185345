//! Values that contain expressions: payload templates, and fields that are a value or an expression.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::choice;
use crate::error::StateError;
use crate::intrinsic::Expression;
use crate::jsonata::Query;
use crate::scope::Scope;

/// A JSON value that contains expressions.
///
/// In JSONPath these are members whose names end in `.$`; in JSONata they are texts in `{% … %}` anywhere.
#[derive(Clone, Debug, PartialEq)]
pub enum Template {
    /// A literal value.
    Value(Value),
    /// A path or an intrinsic function.
    Expression(Expression),
    /// A JSONata expression.
    Query(Query),
    /// An object whose members are templates.
    Object(Vec<(String, Template)>),
    /// A list whose elements are templates.
    Array(Vec<Template>),
}

impl Template {
    /// The value in a scope; errors name `field`.
    ///
    /// # Errors
    ///
    /// The error of the first expression that fails.
    pub fn evaluate(&self, scope: &Scope<'_>, field: &str) -> Result<Value, StateError> {
        Ok(match self {
            Self::Value(value) => value.clone(),
            Self::Expression(expression) => expression.evaluate(scope, field)?,
            Self::Query(query) => query.evaluate(scope, field)?,
            Self::Object(members) => {
                let mut object = Map::new();
                for (name, member) in members {
                    let field = format!("{field}/{name}");
                    object.insert(name.clone(), member.evaluate(scope, &field)?);
                }
                Value::Object(object)
            }
            Self::Array(items) => {
                let mut list = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    list.push(item.evaluate(scope, &format!("{field}[{index}]"))?);
                }
                Value::Array(list)
            }
        })
    }

    /// As [`evaluate`](Self::evaluate), for a field that is a text.
    ///
    /// # Errors
    ///
    /// As there, and one when the value is not a text.
    pub fn text(&self, scope: &Scope<'_>, field: &str) -> Result<String, StateError> {
        match self.evaluate(scope, field)? {
            Value::String(text) => Ok(text),
            other => Err(self.unfit(&other, "a text", field)),
        }
    }

    /// As [`evaluate`](Self::evaluate), for a field that is a number of at least 0. The value of a path may be a number
    /// as text, as on AWS.
    ///
    /// # Errors
    ///
    /// As there, and one when the value is not such a number.
    pub fn number(&self, scope: &Scope<'_>, field: &str) -> Result<f64, StateError> {
        let value = self.evaluate(scope, field)?;
        self.read_number(&value)
            .ok_or_else(|| self.unfit(&value, "a number of at least 0", field))
    }

    fn read_number(&self, value: &Value) -> Option<f64> {
        let number = match (self, value) {
            (Self::Expression(_), Value::String(text)) => text.parse().ok(),
            _ => value.as_f64(),
        };
        number.filter(|number| *number >= 0.0 && number.is_finite())
    }

    /// As [`number`](Self::number), for a whole number: the value of a path must be whole, other values lose their
    /// fraction.
    ///
    /// # Errors
    ///
    /// As there.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is at least 0, and what is too large is cut to the largest"
    )]
    pub fn whole(&self, scope: &Scope<'_>, field: &str) -> Result<u64, StateError> {
        let value = self.evaluate(scope, field)?;
        let number = self.read_number(&value);
        number
            .filter(|number| number.fract() == 0.0 || !matches!(self, Self::Expression(_)))
            .map(|number| number as u64)
            .ok_or_else(|| self.unfit(&value, "a whole number of at least 0", field))
    }

    /// As [`evaluate`](Self::evaluate), for a field that is an instant of RFC 3339, with an upper-case `T`, and `Z` if
    /// it has no offset.
    ///
    /// # Errors
    ///
    /// As there, and one when the value is not such an instant.
    pub fn timestamp(&self, scope: &Scope<'_>, field: &str) -> Result<Timestamp, StateError> {
        let value = self.evaluate(scope, field)?;
        choice::timestamp(&value).ok_or_else(|| {
            let shown = match &value {
                Value::String(text) => text.clone(),
                other => crate::shortened(other),
            };
            match self {
                Self::Expression(path) => StateError::runtime(format!(
                    "The {field}Path parameter does not reference a valid ISO-8601 extended offset date-time format string: {path} == {shown}"
                )),
                Self::Query(_) => StateError::query_evaluation(
                    format!("The {field} field cannot be parsed as an ISO-8601 extended offset date-time format string: {shown}"),
                    Some(field),
                ),
                _ => StateError::runtime(format!(
                    "The {field} field cannot be parsed as an ISO-8601 extended offset date-time format string: {shown}"
                )),
            }
        })
    }

    pub(crate) fn unfit(&self, value: &Value, wanted: &str, field: &str) -> StateError {
        let value = crate::shortened(value);
        match self {
            Self::Query(query) => query.failed(&format!("returned {value}, not {wanted}."), field),
            _ => StateError::runtime(format!("The field '{field}' is {value}, not {wanted}")),
        }
    }

    /// Whether the value may turn out to be an object or list, because it is an expression.
    pub(crate) fn is_dynamic(&self) -> bool {
        matches!(self, Self::Expression(_) | Self::Query(_))
    }
}
