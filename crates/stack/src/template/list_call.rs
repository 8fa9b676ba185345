//! Evaluates `!Join`, `!Split`, `!Select`, `!GetAZs` and `Fn::Length`.

use serde_json::Value;

use super::parameter::plain_text;
use super::parse::shorten;
use super::{Node, NodeValue, Place, Reported, Resolver};

impl Resolver<'_> {
    pub(super) fn join(&self, argument: &Node, place: Place<'_>) -> Result<Value, Reported> {
        let form = "!Join [\",\", [a, b]]";
        let Some([delimiter, list]) = argument.items() else {
            return Err(self.malformed(argument, "Fn::Join", form));
        };
        let delimiter = self.delimiter(delimiter, place)?;
        let texts: Vec<String> = match &list.value {
            NodeValue::Sequence(items) => items
                .iter()
                .filter(|item| !item.is_no_value())
                .map(|item| match item.text() {
                    Some("") => Ok(String::new()),
                    _ => self.text(item, place),
                })
                .collect::<Result<_, _>>()?,
            NodeValue::Scalar(_) | NodeValue::Mapping(_) | NodeValue::Call(_) => {
                let items = self.list(list, "Fn::Join", form, place)?;
                items.into_iter().map(text).collect()
            }
        };
        self.charge(delimiter.len() * texts.len(), argument.span)?;
        Ok(texts.join(&delimiter).into())
    }

    pub(super) fn split(&self, argument: &Node, place: Place<'_>) -> Result<Value, Reported> {
        let form = "!Split [\",\", \"a,b\"]";
        let Some([delimiter, whole]) = argument.items() else {
            return Err(self.malformed(argument, "Fn::Split", form));
        };
        let delimiter = self.delimiter(delimiter, place)?;
        if delimiter.is_empty() {
            return Err(self.malformed(argument, "Fn::Split", form));
        }
        let whole = self.text(whole, place)?;
        let parts: Vec<&str> = whole.split(&delimiter).collect();
        self.charge(whole.len() + parts.len(), argument.span)?;
        Ok(parts.into())
    }

    pub(super) fn select(&self, argument: &Node, place: Place<'_>) -> Result<Value, Reported> {
        let form = "!Select [0, [a, b]]";
        let Some([index, list]) = argument.items() else {
            return Err(self.malformed(argument, "Fn::Select", form));
        };
        let items = self.list(list, "Fn::Select", form, place)?;
        let text = self.text(index, place)?;
        let length = items.len();
        let chosen = text.trim().parse().ok();
        chosen
            .and_then(|index: usize| items.into_iter().nth(index))
            .ok_or_else(|| {
                self.report.problem(
                    index.span,
                    format!("`!Select` asks for item {} of {length}", shorten(&text)),
                    "not in the list",
                    "items are counted from 0",
                )
            })
    }

    pub(super) fn length(&self, argument: &Node, place: Place<'_>) -> Result<Value, Reported> {
        let items = self.list(argument, "Fn::Length", "Fn::Length: [a, b]", place)?;
        Ok(items.len().into())
    }

    /// Three zones: what most regions have at least.
    pub(super) fn availability_zones(
        &self,
        argument: &Node,
        place: Place<'_>,
    ) -> Result<Value, Reported> {
        let region = match argument.text() {
            Some("") => self.pseudo.region.clone(),
            _ => self.text(argument, place)?,
        };
        let region = match region.as_str() {
            "" => &self.pseudo.region,
            region => region,
        };
        Ok(["a", "b", "c"]
            .map(|zone| format!("{region}{zone}"))
            .as_slice()
            .into())
    }

    /// An empty delimiter is usual, and null is not.
    fn delimiter(&self, node: &Node, place: Place<'_>) -> Result<String, Reported> {
        match &node.value {
            NodeValue::Scalar(scalar) if !scalar.plain => Ok(scalar.text.to_string()),
            NodeValue::Scalar(_)
            | NodeValue::Sequence(_)
            | NodeValue::Mapping(_)
            | NodeValue::Call(_) => self.text(node, place),
        }
    }

    /// The items of a list, whether it is written out or comes from a function. Single values stay as
    /// they are written: `1.10` is a version more often than a number.
    fn list(
        &self,
        node: &Node,
        function: &str,
        form: &str,
        place: Place<'_>,
    ) -> Result<Vec<Value>, Reported> {
        match &node.value {
            NodeValue::Sequence(items) => {
                let value = |item: &Node| match &item.value {
                    NodeValue::Scalar(scalar) => {
                        self.charge(scalar.text.len(), item.span)?;
                        Ok(Some(plain_text(scalar).into()))
                    }
                    NodeValue::Sequence(_) | NodeValue::Mapping(_) | NodeValue::Call(_) => {
                        self.value(item, place)
                    }
                };
                items
                    .iter()
                    .filter_map(|item| value(item).transpose())
                    .collect()
            }
            NodeValue::Call(call) => match self.call(call, node.span, place)? {
                Some(Value::Array(items)) => Ok(items),
                Some(_) | None => Err(self.malformed(node, function, form)),
            },
            NodeValue::Scalar(_) | NodeValue::Mapping(_) => {
                Err(self.malformed(node, function, form))
            }
        }
    }
}

fn text(item: Value) -> String {
    match item {
        Value::String(text) => text,
        other => other.to_string(),
    }
}
