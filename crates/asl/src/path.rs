//! JSONPath, in the dialect of Step Functions.
//!
//! It differs from RFC 9535: names may contain hyphens, a path that can only mean one value *is* that value and not a
//! list of it, and `.length()` may end a path. Reference paths are the paths that name one place.

mod filter;
mod parse;

use std::fmt;

use serde_json::Value;

use crate::scope::Scope;
use filter::Filter;
pub use parse::PathError;

/// The start of a path.
#[derive(Clone, Debug, PartialEq)]
pub enum Root {
    /// `$`: the input.
    Input,
    /// `$$`: the context object.
    Context,
    /// `$name`: a variable.
    Variable(String),
}

/// A JSONPath expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    text: String,
    root: Root,
    segments: Vec<Segment>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Segment {
    Child(Vec<Selector>),
    Descend(Vec<Selector>),
    Length,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Selector {
    Name(String),
    Index(i64),
    Slice(Option<i64>, Option<i64>, i64),
    Wildcard,
    Filter(Filter),
}

impl Path {
    /// The start of the path.
    #[must_use]
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// Whether the path names one place: only names and non-negative indices.
    #[must_use]
    pub fn is_reference(&self) -> bool {
        self.segments.iter().all(|segment| match segment {
            Segment::Child(selectors) => matches!(
                selectors.as_slice(),
                [Selector::Name(_) | Selector::Index(0..)]
            ),
            Segment::Descend(_) | Segment::Length => false,
        })
    }

    /// Whether the path is a reference path in the sense of the specification: it can only mean one value, and that
    /// value is a part of the root.
    pub(crate) fn is_single(&self) -> bool {
        self.is_definite() && !matches!(self.segments.last(), Some(Segment::Length))
    }

    /// Whether the path can mean one value only.
    fn is_definite(&self) -> bool {
        self.segments.iter().all(|segment| match segment {
            Segment::Child(selectors) => {
                matches!(
                    selectors.as_slice(),
                    [Selector::Name(_) | Selector::Index(_)]
                )
            }
            Segment::Length => true,
            Segment::Descend(_) => false,
        })
    }

    /// The value that the path means in a scope: one value, or a list for paths that may mean several.
    ///
    /// `None` when a path to one value does not find it.
    #[must_use]
    pub fn find(&self, scope: &Scope<'_>) -> Option<Value> {
        let root = match &self.root {
            Root::Input => scope.input,
            Root::Context => scope.context,
            Root::Variable(name) => scope.variables.get(name)?,
        };
        self.find_in(root)
    }

    pub(crate) fn find_in(&self, root: &Value) -> Option<Value> {
        // The parser allows a length only as the last segment.
        let (segments, length) = match self.segments.split_last() {
            Some((Segment::Length, before)) => (before, true),
            _ => (self.segments.as_slice(), false),
        };
        let mut found = vec![root];
        for segment in segments {
            found = follow(segment, &found, root);
        }
        let value = if self.is_definite() {
            found.first().map(|value| (*value).clone())?
        } else {
            Value::Array(found.into_iter().cloned().collect())
        };
        if !length {
            return Some(value);
        }
        let length = match &value {
            Value::Array(items) => items.len(),
            Value::Object(members) => members.len(),
            Value::String(text) => text.chars().count(),
            Value::Null | Value::Bool(_) | Value::Number(_) => return None,
        };
        Some(Value::from(length))
    }

    /// Puts `value` at this place of `target`, and creates missing objects.
    ///
    /// # Errors
    ///
    /// When a value on the path is not an object, or an element does not exist.
    pub fn put(&self, target: Value, value: Value) -> Result<Value, String> {
        let mut target = target;
        let mut place = &mut target;
        for segment in &self.segments {
            let Segment::Child(selectors) = segment else {
                return Err(format!("`{self}` is not a reference path"));
            };
            place = match selectors.as_slice() {
                [Selector::Name(name)] => {
                    if place.is_null() {
                        *place = Value::Object(serde_json::Map::new());
                    }
                    let Value::Object(members) = place else {
                        return Err(format!(
                            "`{self}` cannot be applied: there is no object to put `{name}` into"
                        ));
                    };
                    members.entry(name.clone()).or_insert(Value::Null)
                }
                [Selector::Index(index)] => {
                    let element = usize::try_from(*index)
                        .ok()
                        .and_then(|index| place.get_mut(index));
                    element.ok_or_else(|| {
                        format!("`{self}` cannot be applied: there is no element {index}")
                    })?
                }
                _ => return Err(format!("`{self}` is not a reference path")),
            };
        }
        *place = value;
        Ok(target)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

fn follow<'v>(segment: &Segment, from: &[&'v Value], root: &'v Value) -> Vec<&'v Value> {
    let mut found = Vec::new();
    match segment {
        Segment::Child(selectors) => {
            for value in from {
                select(selectors, value, root, &mut found);
            }
        }
        Segment::Descend(selectors) => {
            for value in from {
                descend(selectors, value, root, &mut found);
            }
        }
        Segment::Length => {}
    }
    found
}

fn descend<'v>(
    selectors: &[Selector],
    value: &'v Value,
    root: &'v Value,
    found: &mut Vec<&'v Value>,
) {
    select(selectors, value, root, found);
    let children: Box<dyn Iterator<Item = &'v Value>> = match value {
        Value::Array(items) => Box::new(items.iter()),
        Value::Object(members) => Box::new(members.values()),
        _ => return,
    };
    for child in children {
        descend(selectors, child, root, found);
    }
}

fn select<'v>(
    selectors: &[Selector],
    value: &'v Value,
    root: &'v Value,
    found: &mut Vec<&'v Value>,
) {
    for selector in selectors {
        match (selector, value) {
            (Selector::Name(name), Value::Object(members)) => found.extend(members.get(name)),
            (Selector::Index(index), Value::Array(items)) => {
                found.extend(position(*index, items.len()).and_then(|at| items.get(at)));
            }
            (Selector::Wildcard, Value::Array(items)) => found.extend(items),
            (Selector::Wildcard, Value::Object(members)) => found.extend(members.values()),
            (Selector::Slice(start, end, step), Value::Array(items)) => {
                let length = items.len();
                let start = start.map_or(0, |start| clamp(start, length));
                let end = end.map_or(length, |end| clamp(end, length));
                let step = usize::try_from(*step).unwrap_or(1).max(1);
                if start < end {
                    found.extend(items[start..end].iter().step_by(step));
                }
            }
            (Selector::Filter(filter), Value::Array(items)) => {
                found.extend(items.iter().filter(|item| filter.holds(item, root)));
            }
            (Selector::Filter(filter), Value::Object(_)) if filter.holds(value, root) => {
                found.push(value);
            }
            _ => {}
        }
    }
}

/// An index from the start, or from the end if it is negative.
fn position(index: i64, length: usize) -> Option<usize> {
    if index < 0 {
        length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?)
    } else {
        usize::try_from(index).ok()
    }
}

fn clamp(index: i64, length: usize) -> usize {
    if index < 0 {
        position(index, length).unwrap_or(0)
    } else {
        usize::try_from(index).unwrap_or(length).min(length)
    }
}

#[cfg(test)]
mod tests;
