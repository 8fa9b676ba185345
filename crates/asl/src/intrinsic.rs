//! Intrinsic functions of JSONPath definitions: `States.Format('{}!', $.name)`.

mod call;

pub(crate) use call::{hash, range};

use std::fmt;

use serde_json::Value;

use crate::error::{INTRINSIC_FAILURE, PARAMETER_PATH_FAILURE, StateError};
use crate::path::Path;
use crate::scope::Scope;
use call::Function;

/// Deepest nesting of calls. Source: Step Functions developer guide, intrinsic functions: ten.
const NESTING_MAX: usize = 10;

/// The value of a field whose name ends in `.$`: a path or a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// A path.
    Path(Path),
    /// A call of an intrinsic function.
    Call(Call),
}

/// A call of an intrinsic function.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    text: String,
    function: Function,
    arguments: Vec<Argument>,
}

#[derive(Clone, Debug, PartialEq)]
enum Argument {
    /// Text in quotes, with its backslashes: `States.Format` reads them.
    Text(String),
    Value(Value),
    Path(Path),
    Call(Call),
}

impl Expression {
    /// Reads a path or a call.
    ///
    /// # Errors
    ///
    /// The problem, as a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        if !text.starts_with("States.") {
            return Path::parse(text)
                .map(Self::Path)
                .map_err(|error| error.to_string());
        }
        let mut reader = Reader {
            whole: text,
            rest: text,
        };
        let call = reader.call(1)?;
        if !reader.rest.trim().is_empty() {
            return Err(reader.wrong("nothing may follow the closing parenthesis"));
        }
        Ok(Self::Call(call))
    }

    /// The value in a scope. Errors name `field`.
    ///
    /// # Errors
    ///
    /// `States.ParameterPathFailure` when a path has no value; `States.IntrinsicFailure` when a function cannot be
    /// applied.
    pub fn evaluate(&self, scope: &Scope<'_>, field: &str) -> Result<Value, StateError> {
        match self {
            Self::Path(path) => path.find(scope).ok_or_else(|| missing(path, scope, field)),
            Self::Call(call) => call.evaluate(scope, field),
        }
    }

    /// The paths in it, so that their roots can be checked.
    pub(crate) fn paths(&self) -> Vec<&Path> {
        match self {
            Self::Path(path) => vec![path],
            Self::Call(call) => call.paths(),
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.fmt(formatter),
            Self::Call(call) => formatter.write_str(&call.text),
        }
    }
}

fn missing(path: &Path, scope: &Scope<'_>, field: &str) -> StateError {
    let input = crate::shortened(scope.input);
    let cause = format!(
        "The JSONPath '{path}' specified for the field '{field}' could not be found in the input '{input}'"
    );
    StateError::new(PARAMETER_PATH_FAILURE, cause)
}

impl Call {
    fn evaluate(&self, scope: &Scope<'_>, field: &str) -> Result<Value, StateError> {
        let arguments = self.arguments.iter().map(|argument| match argument {
            Argument::Text(raw) if self.function == Function::Format => {
                Ok(Value::from(raw.clone()))
            }
            Argument::Text(raw) => Ok(Value::from(unescaped(raw))),
            Argument::Value(value) => Ok(value.clone()),
            Argument::Path(path) => path.find(scope).ok_or_else(|| missing(path, scope, field)),
            Argument::Call(call) => call.evaluate(scope, field),
        });
        let arguments = arguments.collect::<Result<Vec<_>, _>>()?;
        let is_literal = matches!(self.arguments.first(), Some(Argument::Text(_)));
        let called = self.function.call(&arguments, is_literal, scope);
        called.map_err(|reason| {
            let cause = format!("{reason}, in `{}` of the field '{field}'", self.text);
            StateError::new(INTRINSIC_FAILURE, cause)
        })
    }

    fn paths(&self) -> Vec<&Path> {
        let paths = self.arguments.iter().flat_map(|argument| match argument {
            Argument::Path(path) => vec![path],
            Argument::Call(call) => call.paths(),
            Argument::Text(_) | Argument::Value(_) => Vec::new(),
        });
        paths.collect()
    }
}

/// The meaning of a text in quotes: a backslash is dropped, the character after it stays.
fn unescaped(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut letters = raw.chars();
    while let Some(letter) = letters.next() {
        text.extend(match letter {
            '\\' => letters.next(),
            other => Some(other),
        });
    }
    text
}

struct Reader<'t> {
    whole: &'t str,
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn wrong(&self, reason: &str) -> String {
        let at = self.whole[..self.whole.len() - self.rest.len()]
            .chars()
            .count()
            + 1;
        format!(
            "`{}` is not a valid intrinsic function: {reason} (character {at})",
            self.whole
        )
    }

    fn call(&mut self, depth: usize) -> Result<Call, String> {
        if depth > NESTING_MAX {
            return Err(self.wrong(&format!("calls nest deeper than {NESTING_MAX}")));
        }
        let start = self.rest;
        let Some(end) = self.rest.find('(') else {
            return Err(self.wrong("`(` is missing"));
        };
        let name = self.rest[..end].trim_end();
        let Some(function) = Function::parse(name) else {
            return Err(self.wrong(&format!("there is no function `{name}`")));
        };
        self.rest = &self.rest[end + 1..];
        let mut arguments = Vec::new();
        self.spaces();
        if !self.rest.starts_with(')') {
            loop {
                arguments.push(self.argument(depth)?);
                self.spaces();
                match self.rest.strip_prefix(',') {
                    Some(rest) => self.rest = rest,
                    None => break,
                }
            }
        }
        let Some(rest) = self.rest.strip_prefix(')') else {
            return Err(self.wrong("`,` or `)` is missing"));
        };
        self.rest = rest;
        function
            .check_count(arguments.len())
            .map_err(|reason| self.wrong(&reason))?;
        Ok(Call {
            text: start[..start.len() - rest.len()].to_owned(),
            function,
            arguments,
        })
    }

    fn spaces(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn argument(&mut self, depth: usize) -> Result<Argument, String> {
        self.spaces();
        match self.rest.chars().next() {
            Some('\'') => self.text(),
            Some('$') => {
                let text = self.until_comma();
                let path = Path::parse(text.trim_end());
                path.map(Argument::Path).map_err(|error| error.to_string())
            }
            Some('S') => self.call(depth + 1).map(Argument::Call),
            _ => {
                let text = self.until_comma().trim_end();
                let value: Value = serde_json::from_str(text).unwrap_or(Value::Array(Vec::new()));
                if value.is_array() || value.is_object() || value.is_string() {
                    let reason = format!(
                        "`{text}` is not a path, a call, a text in single quotes, a number, a boolean or null"
                    );
                    return Err(self.wrong(&reason));
                }
                Ok(Argument::Value(value))
            }
        }
    }

    fn text(&mut self) -> Result<Argument, String> {
        let inner = &self.rest[1..];
        let mut letters = inner.char_indices();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '\\' => drop(letters.next()),
                '\'' => {
                    self.rest = &inner[at + 1..];
                    return Ok(Argument::Text(inner[..at].to_owned()));
                }
                _ => {}
            }
        }
        Err(self.wrong("the text is not closed"))
    }

    /// The text up to the next comma or parenthesis outside of quotes and brackets.
    fn until_comma(&mut self) -> &'t str {
        let (mut depth, mut quote) = (0_usize, None);
        let end = self.rest.char_indices().find(|(_, letter)| {
            if let Some(open) = quote {
                if *letter == open {
                    quote = None;
                }
                return false;
            }
            match letter {
                '\'' | '"' => quote = Some(*letter),
                '[' | '(' => depth += 1,
                ']' => depth = depth.saturating_sub(1),
                ')' if depth > 0 => depth -= 1,
                ',' | ')' if depth == 0 => return true,
                _ => {}
            }
            false
        });
        let (text, rest) = self
            .rest
            .split_at(end.map_or(self.rest.len(), |(at, _)| at));
        self.rest = rest;
        text
    }
}

#[cfg(test)]
mod tests;
