//! Evaluates `!Ref`, `!GetAtt`, `!Sub` and what makes text; [`super::list_call`] has what works on
//! lists. Conditions and mappings are gone by then ([`super::expand`]).

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::node::Call;
use super::parse::shorten;
use super::substitution::{Piece, pieces};
use super::{Function, Node, NodeValue, Place, Reported, Resolver, Span};

impl Resolver<'_> {
    pub(super) fn call(
        &self,
        call: &Call,
        span: Span,
        place: Place<'_>,
    ) -> Result<Option<Value>, Reported> {
        let argument = &*call.argument;
        match call.function {
            Function::Ref => {
                if argument.text() == Some("AWS::NoValue") {
                    return Ok(None);
                }
                let Some(name) = argument.text() else {
                    return Err(self.malformed(argument, "Ref", "!Ref LogicalId"));
                };
                self.reference(name, argument, place).map(Some)
            }
            Function::GetAtt => self.get_att(argument, place).map(Some),
            Function::Sub => self.sub(argument, place).map(Some),
            Function::Join => self.join(argument, place).map(Some),
            Function::Select => self.select(argument, place).map(Some),
            Function::Split => self.split(argument, place).map(Some),
            Function::Length => self.length(argument, place).map(Some),
            Function::GetAzs => self.availability_zones(argument, place).map(Some),
            Function::Base64 => {
                let text = self.text(argument, place)?;
                self.charge(text.len() * 4 / 3, argument.span)?;
                Ok(Some(STANDARD.encode(text).into()))
            }
            Function::ToJsonString => {
                let value = self.value(argument, place)?.unwrap_or(Value::Null);
                let text = value.to_string();
                self.charge(text.len(), argument.span)?;
                Ok(Some(text.into()))
            }
            Function::ImportValue => self.import_value(argument, place).map(Some),
            Function::Reported => Err(Reported),
            Function::Other(name) if place.opaque => {
                let argument = self.value(argument, place)?.unwrap_or(Value::Null);
                Ok(Some(serde_json::json!({ name: argument })))
            }
            Function::Condition
            | Function::Equals
            | Function::And
            | Function::Or
            | Function::Not
            | Function::If
            | Function::FindInMap => Err(self.report.problem(
                span,
                format!("`{}` has no place here", call.function.key()),
                "makes no value",
                "write it under `Conditions`, and choose values with `!If`",
            )),
            Function::Other(name) => Err(self.report.problem(
                span,
                format!(
                    "`{}` of `{}` uses `{name}`, which is not supported here",
                    place.property, place.logical_id
                ),
                format!("the argument of `{name}`"),
                "write the value out, or make it a parameter",
            )),
        }
    }

    fn get_att(&self, argument: &Node, place: Place<'_>) -> Result<Value, Reported> {
        let form = "!GetAtt LogicalId.Attribute";
        let (name, attribute, node) = match &argument.value {
            NodeValue::Sequence(items) => match items.as_slice() {
                [name, attribute] => (name.text(), attribute.text(), name),
                _ => (None, None, argument),
            },
            NodeValue::Scalar(_) | NodeValue::Mapping(_) | NodeValue::Call(_) => {
                let pair = argument.text().and_then(|text| text.split_once('.'));
                (pair.map(|it| it.0), pair.map(|it| it.1), argument)
            }
        };
        match (name, attribute) {
            (Some(name), Some(attribute)) => self.attribute(name, attribute, node, place),
            _ => Err(self.malformed(argument, "Fn::GetAtt", form)),
        }
    }

    fn sub(&self, argument: &Node, place: Place<'_>) -> Result<Value, Reported> {
        let form = "!Sub \"text with ${Name}\"";
        let (template, variables) = match &argument.value {
            NodeValue::Sequence(items) => match items.as_slice() {
                [template, variables] if variables.entries().is_some() => {
                    (template, variables.entries().unwrap_or_default())
                }
                _ => return Err(self.malformed(argument, "Fn::Sub", form)),
            },
            NodeValue::Scalar(_) | NodeValue::Mapping(_) | NodeValue::Call(_) => {
                (argument, [].as_slice())
            }
        };
        let Some(text) = template.text() else {
            return Err(self.malformed(template, "Fn::Sub", form));
        };
        let mut own = HashMap::new();
        for entry in variables {
            own.insert(&*entry.key, self.text(&entry.value, place)?);
        }
        let mut result = String::new();
        for piece in pieces(text) {
            match piece {
                Piece::Literal(literal) => {
                    self.charge(literal.len(), template.span)?;
                    result.push_str(literal);
                }
                Piece::Name(name) => match own.get(name) {
                    Some(value) => {
                        self.charge(value.len(), template.span)?;
                        result.push_str(value);
                    }
                    None => result.push_str(&self.substitute(name, template, place)?),
                },
                Piece::Unclosed(rest) => {
                    return Err(self.report.problem(
                        template.span,
                        format!("`{}` has no closing `}}`", shorten(rest)),
                        "in this text",
                        "close it, or write a literal `${` as `${!`",
                    ));
                }
            }
        }
        Ok(result.into())
    }

    fn substitute(&self, name: &str, node: &Node, place: Place<'_>) -> Result<String, Reported> {
        let value = match name.split_once('.') {
            Some((name, attribute)) => self.attribute(name, attribute, node, place)?,
            None => self.reference(name, node, place)?,
        };
        match value {
            Value::String(text) => Ok(text),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => Err(self.report.problem(
                self.span(node, name),
                format!(
                    "`{}` is a list, which cannot be put into text",
                    shorten(name)
                ),
                "a list",
                "make text of it with `!Join`",
            )),
        }
    }

    /// What other stacks export is not here: the name of the export stands in.
    fn import_value(&self, argument: &Node, place: Place<'_>) -> Result<Value, Reported> {
        let name = self.text(argument, place)?;
        if !place.opaque {
            self.report.warn(
                argument.span,
                place.logical_id,
                place.resource_type,
                Some(place.property.to_owned()),
                format!(
                    "other stacks are not here to import from; the value is the placeholder `{}`",
                    shorten(&name)
                ),
            );
        }
        Ok(name.into())
    }
}
