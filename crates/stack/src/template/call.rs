//! Evaluates `!Ref`, `!GetAtt`, `!Sub` and `!Join`.

use std::collections::HashMap;

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
            Function::Other(name) if place.opaque => {
                let argument = self.value(argument, place)?.unwrap_or(Value::Null);
                Ok(Some(serde_json::json!({ name: argument })))
            }
            Function::Other(name) => Err(self.report.problem(
                span,
                format!(
                    "`{}` of `{}` uses `{name}`, which is not supported here",
                    place.property, place.logical_id
                ),
                format!("the argument of `{name}`"),
                "supported are `!Ref`, `!GetAtt`, `!Sub` and `!Join`; \
                 write the value out, or make it a parameter",
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

    fn join(&self, argument: &Node, place: Place<'_>) -> Result<Value, Reported> {
        let form = "!Join [\",\", [a, b]]";
        let NodeValue::Sequence(items) = &argument.value else {
            return Err(self.malformed(argument, "Fn::Join", form));
        };
        let [delimiter, list] = items.as_slice() else {
            return Err(self.malformed(argument, "Fn::Join", form));
        };
        let delimiter = match &delimiter.value {
            // An empty delimiter is usual, and null is not.
            NodeValue::Scalar(scalar) if !scalar.plain => scalar.text.to_string(),
            _ => self.text(delimiter, place)?,
        };
        let texts: Vec<String> = match &list.value {
            NodeValue::Sequence(items) => items
                .iter()
                .filter(|item| !item.is_no_value())
                .map(|item| match item.text() {
                    Some("") => Ok(String::new()),
                    _ => self.text(item, place),
                })
                .collect::<Result<_, _>>()?,
            NodeValue::Call(call) => match self.call(call, list.span, place)? {
                Some(Value::Array(items)) => items
                    .into_iter()
                    .map(|item| match item {
                        Value::String(text) => text,
                        other => other.to_string(),
                    })
                    .collect(),
                _ => return Err(self.malformed(list, "Fn::Join", form)),
            },
            NodeValue::Scalar(_) | NodeValue::Mapping(_) => {
                return Err(self.malformed(list, "Fn::Join", form));
            }
        };
        self.charge(delimiter.len() * texts.len(), argument.span)?;
        Ok(texts.join(&delimiter).into())
    }
}
