//! Renders a tree with the values of its scope.

use std::cmp::Ordering;
use std::collections::HashMap;

use serde_json::{Value, json};

use super::error::RenderError;
use super::json_path;
use super::parse::{Expression, Node, Operator, Reference, Step};
use super::value::{call, is_true, text_of, util};

/// Most text that a template may make, in bytes: as much as a request may have.
const OUTPUT_BYTES_MAX: usize = 10 * 1024 * 1024;

/// Most nodes and values that rendering may go through. Ours: loops within loops must end.
const STEPS_MAX: usize = 200_000;

/// Most bytes of values that are copied. Ours: a body that is read in a loop is copied each time.
const COPIED_BYTES_MAX: usize = 256 * 1024 * 1024;

/// The values that a template can read.
#[derive(Debug, Clone, Default)]
pub(in crate::gateway::rest) struct Scope {
    /// `$input.body`: of the request, or of the function's answer.
    pub body: String,
    /// `$input.params()`: `path`, `querystring` and `header`.
    pub params: Value,
    /// `$context`.
    pub context: Value,
    /// `$stageVariables`.
    pub stage_variables: Value,
}

pub(super) fn render(nodes: &[Node], scope: &Scope) -> Result<String, RenderError> {
    let mut renderer = Renderer {
        scope,
        body: serde_json::from_str(&scope.body).ok(),
        variables: HashMap::new(),
        steps: 0,
        copied: 0,
        is_stopped: false,
    };
    let mut output = String::new();
    renderer.nodes(nodes, &mut output)?;
    Ok(output)
}

struct Renderer<'s> {
    scope: &'s Scope,
    /// The body as JSON, if it is JSON.
    body: Option<Value>,
    variables: HashMap<String, Value>,
    steps: usize,
    copied: usize,
    is_stopped: bool,
}

impl Renderer<'_> {
    fn step(&mut self) -> Result<(), RenderError> {
        self.steps += 1;
        match self.steps > STEPS_MAX {
            true => Err(RenderError::TooMuch("200000 steps")),
            false => Ok(()),
        }
    }

    fn nodes(&mut self, nodes: &[Node], output: &mut String) -> Result<(), RenderError> {
        for node in nodes {
            self.step()?;
            if self.is_stopped {
                return Ok(());
            }
            match node {
                Node::Text(text) => output.push_str(text),
                Node::Reference(reference) => {
                    let text = self.rendered(reference)?;
                    output.push_str(&text);
                }
                Node::Set(target, value) => {
                    let value = self.value(value)?;
                    self.set(target, value)?;
                }
                Node::If(branches, otherwise) => self.condition(branches, otherwise, output)?,
                Node::ForEach(name, items, nodes) => self.for_each(name, items, nodes, output)?,
                Node::Stop => self.is_stopped = true,
            }
            if output.len() > OUTPUT_BYTES_MAX {
                return Err(RenderError::TooMuch("10 MiB of text"));
            }
        }
        Ok(())
    }

    fn condition(
        &mut self,
        branches: &[(Expression, Vec<Node>)],
        otherwise: &[Node],
        output: &mut String,
    ) -> Result<(), RenderError> {
        for (condition, nodes) in branches {
            if is_true(&self.value(condition)?) {
                return self.nodes(nodes, output);
            }
        }
        self.nodes(otherwise, output)
    }

    fn for_each(
        &mut self,
        name: &str,
        items: &Expression,
        nodes: &[Node],
        output: &mut String,
    ) -> Result<(), RenderError> {
        let items = match self.value(items)? {
            Value::Array(items) => items,
            Value::Object(entries) => entries.into_iter().map(|(_, value)| value).collect(),
            _ => Vec::new(),
        };
        let outer = [name, "foreach", "velocityCount"]
            .map(|name| (name.to_owned(), self.variables.get(name).cloned()));
        let count = items.len();
        for (index, item) in items.into_iter().enumerate() {
            let position = json!({
                "index": index,
                "count": index + 1,
                "hasNext": index + 1 < count,
                "first": index == 0,
                "last": index + 1 == count,
            });
            self.variables.insert(name.to_owned(), item);
            self.variables.insert("foreach".to_owned(), position);
            let number = (index + 1).into();
            self.variables.insert("velocityCount".to_owned(), number);
            self.nodes(nodes, output)?;
        }
        for (name, value) in outer {
            match value {
                Some(value) => self.variables.insert(name, value),
                None => self.variables.remove(&name),
            };
        }
        Ok(())
    }

    fn set(&mut self, target: &Reference, value: Value) -> Result<(), RenderError> {
        let mut keys = Vec::new();
        for step in &target.steps {
            match step {
                Step::Property(name) => keys.push(name.clone()),
                Step::Index(index) => keys.push(text_of(&self.value(index)?)),
                // The result of a method cannot be changed.
                Step::Call(..) => return Ok(()),
            }
        }
        let Some((last, path)) = keys.split_last() else {
            self.variables.insert(target.name.clone(), value);
            return Ok(());
        };
        let mut place = self.variables.get_mut(&target.name);
        for key in path {
            place = place.and_then(|it| it.get_mut(key.as_str()));
        }
        if let Some(Value::Object(entries)) = place {
            entries.insert(last.clone(), value);
        }
        Ok(())
    }

    /// The text for a reference. An unknown variable is rendered as written.
    fn rendered(&mut self, reference: &Reference) -> Result<String, RenderError> {
        let is_known = matches!(
            reference.name.as_str(),
            "input" | "util" | "context" | "stageVariables"
        ) || self.variables.contains_key(&reference.name);
        if !is_known && !reference.quiet {
            return Ok(reference.written.clone());
        }
        Ok(text_of(&self.reference(reference)?))
    }

    fn reference(&mut self, reference: &Reference) -> Result<Value, RenderError> {
        self.step()?;
        let (mut value, steps) = match (reference.name.as_str(), reference.steps.as_slice()) {
            ("input", [first, rest @ ..]) => (self.input(first)?, rest),
            ("util", [Step::Call(name, arguments), rest @ ..]) => {
                let arguments = self.values(arguments)?;
                (util(name, &arguments).unwrap_or(Value::Null), rest)
            }
            ("context", rest) => (self.scope.context.clone(), rest),
            ("stageVariables", rest) => (self.scope.stage_variables.clone(), rest),
            (name, [Step::Call(method, arguments)]) if matches!(&**method, "add" | "put") => {
                let arguments = self.values(arguments)?;
                return Ok(self.changed(name, arguments));
            }
            (name, rest) => {
                let value = self.variables.get(name).cloned();
                (value.unwrap_or(Value::Null), rest)
            }
        };
        self.charge(&value)?;
        for step in steps {
            value = match step {
                Step::Property(name) => property(&value, name),
                Step::Index(index) => {
                    let index = self.value(index)?;
                    element(&value, &index)
                }
                Step::Call(name, arguments) => {
                    let arguments = self.values(arguments)?;
                    call(&value, name, &arguments)
                }
            }
            .unwrap_or(Value::Null);
        }
        Ok(value)
    }

    /// Counts the bytes of a copied value.
    fn charge(&mut self, value: &Value) -> Result<(), RenderError> {
        self.copied = self.copied.saturating_add(size(value));
        match self.copied > COPIED_BYTES_MAX {
            true => Err(RenderError::TooMuch("256 MiB of values")),
            false => Ok(()),
        }
    }

    /// Adds to a variable that is a list, or puts into one that is a map.
    fn changed(&mut self, name: &str, arguments: Vec<Value>) -> Value {
        let mut arguments = arguments.into_iter();
        match (
            self.variables.get_mut(name),
            arguments.next(),
            arguments.next(),
        ) {
            (Some(Value::Array(items)), Some(item), None) => {
                items.push(item);
                true.into()
            }
            (Some(Value::Object(entries)), Some(key), Some(value)) => {
                let before = entries.insert(text_of(&key), value);
                before.unwrap_or(Value::Null)
            }
            _ => Value::Null,
        }
    }

    fn input(&mut self, step: &Step) -> Result<Value, RenderError> {
        let (name, arguments) = match step {
            Step::Property(name) if name == "body" => return Ok(self.scope.body.clone().into()),
            Step::Property(name) if name == "params" => return Ok(self.scope.params.clone()),
            Step::Property(_) | Step::Index(_) => return Ok(Value::Null),
            Step::Call(name, arguments) => (name.as_str(), self.values(arguments)?),
        };
        let first = arguments.first().map(text_of);
        let found = |path: Option<&String>| {
            let path = path.map_or("$", String::as_str);
            json_path::find(self.body.as_ref()?, path)
        };
        Ok(match (name, first) {
            ("json", path) => match found(path.as_ref()) {
                Some(value) => value.to_string().into(),
                // API Gateway takes a missing body for an empty object, and a missing value for an empty text.
                None if path.is_none_or(|it| it == "$") => "{}".into(),
                None => "\"\"".into(),
            },
            ("path", path) => found(path.as_ref()).unwrap_or(Value::Null),
            ("params", None) => self.scope.params.clone(),
            ("params", Some(name)) => {
                let kinds = ["path", "querystring", "header"];
                let mut found = kinds.iter().filter_map(|it| {
                    let values = self.scope.params.get(it)?.as_object()?;
                    let mut values = values.iter();
                    let is_meant = |key: &str| match *it {
                        "header" => key.eq_ignore_ascii_case(&name),
                        _ => key == name,
                    };
                    values
                        .find(|(key, _)| is_meant(key))
                        .map(|(_, value)| value)
                });
                found.next().cloned().unwrap_or(Value::Null)
            }
            _ => Value::Null,
        })
    }

    fn values(&mut self, expressions: &[Expression]) -> Result<Vec<Value>, RenderError> {
        expressions.iter().map(|it| self.value(it)).collect()
    }

    fn value(&mut self, expression: &Expression) -> Result<Value, RenderError> {
        self.step()?;
        Ok(match expression {
            Expression::Literal(value) => value.clone(),
            Expression::Template(nodes) => {
                let mut text = String::new();
                self.nodes(nodes, &mut text)?;
                text.into()
            }
            Expression::Reference(reference) => self.reference(reference)?,
            Expression::List(items) => self.values(items)?.into(),
            Expression::Range(first, last) => {
                let first = self.value(first)?.as_i64().unwrap_or(0);
                let last = self.value(last)?.as_i64().unwrap_or(0);
                let count = first.abs_diff(last).saturating_add(1);
                if count > 1000 {
                    return Err(RenderError::TooMuch("1000 items in a range"));
                }
                match first <= last {
                    true => (first..=last).collect(),
                    false => (last..=first).rev().collect(),
                }
            }
            Expression::Map(entries) => {
                let mut map = serde_json::Map::new();
                for (key, value) in entries {
                    let key = text_of(&self.value(key)?);
                    map.insert(key, self.value(value)?);
                }
                map.into()
            }
            Expression::Not(inner) => (!is_true(&self.value(inner)?)).into(),
            Expression::Both(Operator::And, left, right) => {
                (is_true(&self.value(left)?) && is_true(&self.value(right)?)).into()
            }
            Expression::Both(Operator::Or, left, right) => {
                (is_true(&self.value(left)?) || is_true(&self.value(right)?)).into()
            }
            Expression::Both(operator, left, right) => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                compared(*operator, &left, &right).into()
            }
        })
    }
}

fn property(value: &Value, name: &str) -> Option<Value> {
    match value {
        Value::Array(items) if matches!(name, "size" | "length") => Some(items.len().into()),
        value => value.get(name).cloned(),
    }
}

fn element(value: &Value, index: &Value) -> Option<Value> {
    match index.as_u64() {
        Some(index) => value.get(usize::try_from(index).ok()?).cloned(),
        None => value.get(text_of(index)).cloned(),
    }
}

/// Compares numbers by size, other values as text; values that cannot be ordered are neither less nor more.
fn compared(operator: Operator, left: &Value, right: &Value) -> bool {
    let numbers = left.as_f64().zip(right.as_f64());
    let ordering = match numbers {
        Some((left, right)) => left.partial_cmp(&right),
        None if left.is_null() != right.is_null() => None,
        None => Some(text_of(left).cmp(&text_of(right))),
    };
    match operator {
        Operator::Equal => ordering == Some(Ordering::Equal),
        Operator::Unequal => ordering != Some(Ordering::Equal),
        Operator::Less => ordering == Some(Ordering::Less),
        Operator::More => ordering == Some(Ordering::Greater),
        Operator::LessOrEqual => matches!(ordering, Some(Ordering::Less | Ordering::Equal)),
        Operator::MoreOrEqual => matches!(ordering, Some(Ordering::Greater | Ordering::Equal)),
        Operator::And | Operator::Or => false,
    }
}

/// About how many bytes a value takes.
fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
        Value::String(text) => 8 + text.len(),
        Value::Array(items) => 8 + items.iter().map(size).sum::<usize>(),
        Value::Object(entries) => {
            let entries = entries.iter();
            8 + entries.map(|(key, it)| key.len() + size(it)).sum::<usize>()
        }
    }
}
