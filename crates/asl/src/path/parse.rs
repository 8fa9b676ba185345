//! Parser of paths.

use serde_json::Value;

use super::filter::{Comparison, Filter, Operand};
use super::{Path, Root, Segment, Selector};

/// Deepest nesting of filters; definitions come from outside.
const FILTER_DEPTH_MAX: usize = 16;

/// Why a text is not a path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a valid JSONPath: {reason} at character {at}", at = .at + 1)]
pub struct PathError {
    text: String,
    reason: String,
    at: usize,
}

impl Path {
    /// Reads a path: `$.order.items[0]`, `$$.Execution.Id`, `$total`.
    ///
    /// # Errors
    ///
    /// When it is not a path; the error says at which character.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let (root, segments) = path(text).map_err(|(reason, at)| PathError {
            text: text.to_owned(),
            reason,
            at,
        })?;
        Ok(Self {
            text: text.to_owned(),
            root,
            segments,
        })
    }
}

/// The problem, and the character's index.
type Wrong = (String, usize);

fn path(text: &str) -> Result<(Root, Vec<Segment>), Wrong> {
    let mut reader = Reader::new(text);
    reader.expect('$', "a path begins with `$`")?;
    let root = match reader.peek() {
        Some('$') => {
            reader.at += 1;
            Root::Context
        }
        Some(letter) if is_name_start(letter) => Root::Variable(reader.name()?),
        _ => Root::Input,
    };
    let segments = reader.segments(0)?;
    match reader.peek() {
        None => Ok((root, segments)),
        Some(other) => Err(reader.wrong(format!("unexpected `{other}`"))),
    }
}

fn is_name_start(letter: char) -> bool {
    letter.is_alphabetic() || letter == '_'
}

struct Reader {
    text: Vec<char>,
    at: usize,
}

impl Reader {
    fn new(text: &str) -> Self {
        Self {
            text: text.chars().collect(),
            at: 0,
        }
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn wrong(&self, reason: impl Into<String>) -> Wrong {
        (reason.into(), self.at)
    }

    fn eat(&mut self, letter: char) -> bool {
        let is_there = self.peek() == Some(letter);
        self.at += usize::from(is_there);
        is_there
    }

    fn eat_text(&mut self, text: &str) -> bool {
        let is_there = text
            .chars()
            .enumerate()
            .all(|(offset, letter)| self.text.get(self.at + offset) == Some(&letter));
        if is_there {
            self.at += text.chars().count();
        }
        is_there
    }

    fn expect(&mut self, letter: char, otherwise: &str) -> Result<(), Wrong> {
        if self.eat(letter) {
            return Ok(());
        }
        Err(self.wrong(otherwise))
    }

    fn spaces(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    fn segments(&mut self, depth: usize) -> Result<Vec<Segment>, Wrong> {
        let mut segments = Vec::new();
        loop {
            let segment = match self.peek() {
                Some('[') => Segment::Child(self.bracket(depth)?),
                Some('.') if self.eat_text("..") => match self.peek() {
                    Some('[') => Segment::Descend(self.bracket(depth)?),
                    Some('*') => {
                        self.at += 1;
                        Segment::Descend(vec![Selector::Wildcard])
                    }
                    _ => Segment::Descend(vec![Selector::Name(self.name()?)]),
                },
                Some('.') => {
                    self.at += 1;
                    if self.eat('*') {
                        Segment::Child(vec![Selector::Wildcard])
                    } else if self.peek() == Some('[') {
                        Segment::Child(self.bracket(depth)?)
                    } else {
                        let name = self.name()?;
                        if self.eat_text("()") {
                            if name != "length" {
                                return Err(self.wrong(format!("`{name}()` is not supported")));
                            }
                            segments.push(Segment::Length);
                            return Ok(segments);
                        }
                        Segment::Child(vec![Selector::Name(name)])
                    }
                }
                _ => return Ok(segments),
            };
            segments.push(segment);
        }
    }

    /// A name without quotes.
    fn name(&mut self) -> Result<String, Wrong> {
        let start = self.at;
        let is_name = |letter: char| letter.is_alphanumeric() || "_-@:".contains(letter);
        while self.peek().is_some_and(is_name) {
            self.at += 1;
        }
        if self.at == start {
            return Err(self.wrong("a name is missing"));
        }
        Ok(self.text[start..self.at].iter().collect())
    }

    fn bracket(&mut self, depth: usize) -> Result<Vec<Selector>, Wrong> {
        self.expect('[', "`[` is missing")?;
        let mut selectors = Vec::new();
        loop {
            self.spaces();
            selectors.push(self.selector(depth)?);
            self.spaces();
            if self.eat(']') {
                return Ok(selectors);
            }
            self.expect(',', "`,` or `]` is missing")?;
        }
    }

    fn selector(&mut self, depth: usize) -> Result<Selector, Wrong> {
        match self.peek() {
            Some('*') => {
                self.at += 1;
                Ok(Selector::Wildcard)
            }
            Some(quote @ ('\'' | '"')) => Ok(Selector::Name(self.quoted(quote)?)),
            Some('?') => {
                self.at += 1;
                self.spaces();
                Ok(Selector::Filter(self.or(depth + 1)?))
            }
            _ => {
                let start = self.integer()?;
                if !self.eat(':') {
                    let index = start.ok_or_else(|| {
                        self.wrong("a name in quotes, an index, a slice, `*` or `?` is missing")
                    })?;
                    return Ok(Selector::Index(index));
                }
                let end = self.integer()?;
                let step = if self.eat(':') { self.integer()? } else { None };
                let step = step.unwrap_or(1);
                if step < 1 {
                    return Err(self.wrong("a step is at least 1"));
                }
                Ok(Selector::Slice(start, end, step))
            }
        }
    }

    fn integer(&mut self) -> Result<Option<i64>, Wrong> {
        let start = self.at;
        self.eat('-');
        while self.peek().is_some_and(|letter| letter.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start {
            return Ok(None);
        }
        let text: String = self.text[start..self.at].iter().collect();
        let number = text.parse();
        number
            .map(Some)
            .map_err(|_| (format!("`{text}` is not an index"), start))
    }

    fn quoted(&mut self, quote: char) -> Result<String, Wrong> {
        let start = self.at;
        self.at += 1;
        let mut name = String::new();
        while let Some(letter) = self.peek() {
            self.at += 1;
            if letter == quote {
                return Ok(name);
            }
            if letter == '\\' {
                let Some(escaped) = self.peek() else { break };
                self.at += 1;
                name.push(escaped);
            } else {
                name.push(letter);
            }
        }
        Err((format!("the quote {quote} is not closed"), start))
    }

    fn or(&mut self, depth: usize) -> Result<Filter, Wrong> {
        if depth > FILTER_DEPTH_MAX {
            return Err(self.wrong(format!("filters nest deeper than {FILTER_DEPTH_MAX}")));
        }
        let mut any = vec![self.and(depth)?];
        while self.operator("||") {
            any.push(self.and(depth)?);
        }
        Ok(one_or(any, Filter::Or))
    }

    fn and(&mut self, depth: usize) -> Result<Filter, Wrong> {
        let mut all = vec![self.basic(depth)?];
        while self.operator("&&") {
            all.push(self.basic(depth)?);
        }
        Ok(one_or(all, Filter::And))
    }

    fn operator(&mut self, operator: &str) -> bool {
        self.spaces();
        let is_there = self.eat_text(operator);
        self.spaces();
        is_there
    }

    fn basic(&mut self, depth: usize) -> Result<Filter, Wrong> {
        self.spaces();
        if depth > FILTER_DEPTH_MAX {
            return Err(self.wrong(format!("filters nest deeper than {FILTER_DEPTH_MAX}")));
        }
        if self.eat('!') {
            return Ok(Filter::Not(Box::new(self.basic(depth + 1)?)));
        }
        if self.eat('(') {
            let inner = self.or(depth + 1)?;
            self.spaces();
            self.expect(')', "`)` is missing")?;
            return Ok(inner);
        }
        let left = self.operand(depth)?;
        self.spaces();
        let Some(comparison) = self.comparison() else {
            return Ok(Filter::Exists(left));
        };
        self.spaces();
        Ok(Filter::Compare(left, comparison, self.operand(depth)?))
    }

    fn comparison(&mut self) -> Option<Comparison> {
        const SIGNS: [(&str, Comparison); 8] = [
            ("==", Comparison::Equal),
            ("!=", Comparison::NotEqual),
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
            ("in ", Comparison::In),
            ("nin ", Comparison::NotIn),
        ];
        SIGNS
            .iter()
            .find(|(sign, _)| self.eat_text(sign))
            .map(|(_, comparison)| *comparison)
    }

    fn operand(&mut self, depth: usize) -> Result<Operand, Wrong> {
        let start = self.at;
        match self.peek() {
            Some(mark @ ('@' | '$')) => {
                self.at += 1;
                let segments = self.segments(depth + 1)?;
                let path = Path {
                    text: self.text[start..self.at].iter().collect(),
                    root: Root::Input,
                    segments,
                };
                Ok(if mark == '@' {
                    Operand::Element(path)
                } else {
                    Operand::Root(path)
                })
            }
            Some(quote @ ('\'' | '"')) => Ok(Operand::Literal(Value::from(self.quoted(quote)?))),
            Some('[') => {
                self.at += 1;
                let mut items = Vec::new();
                loop {
                    self.spaces();
                    if self.eat(']') {
                        return Ok(Operand::Literal(Value::Array(items)));
                    }
                    match self.operand(depth)? {
                        Operand::Literal(value) if !value.is_array() => items.push(value),
                        _ => return Err((String::from("a list has only plain values"), start)),
                    }
                    self.spaces();
                    if self.peek() != Some(']') {
                        self.expect(',', "`,` or `]` is missing")?;
                    }
                }
            }
            _ => {
                let is_literal = |letter: char| letter.is_alphanumeric() || "+-._".contains(letter);
                while self.peek().is_some_and(is_literal) {
                    self.at += 1;
                }
                let text: String = self.text[start..self.at].iter().collect();
                // Jayway's JsonPath accepts a word without quotes as a text, and public definitions have some.
                let is_word =
                    |text: &str| text.starts_with(is_name_start) && !matches!(text, "in" | "nin");
                match serde_json::from_str(&text) {
                    Ok(value) => Ok(Operand::Literal(value)),
                    Err(_) if is_word(&text) => Ok(Operand::Literal(Value::from(text))),
                    Err(_) => Err((String::from("a path or a value is missing"), start)),
                }
            }
        }
    }
}

fn one_or(mut filters: Vec<Filter>, many: impl FnOnce(Vec<Filter>) -> Filter) -> Filter {
    if filters.len() == 1 {
        return filters.remove(0);
    }
    many(filters)
}
