//! The places of a JSON document's values in its text.

use std::collections::BTreeMap;
use std::fmt;

/// A place in a text: line and column, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}, column {}", self.line, self.column)
    }
}

/// The places of a document's members and elements, by JSON pointer. A member's place is that of its name.
#[derive(Debug, Default)]
pub(crate) struct Positions {
    pub places: BTreeMap<String, Position>,
    /// Names that occur twice in an object; JSON parsers keep only the last member.
    pub twice: Vec<String>,
}

impl Positions {
    /// The places in `text`, which is valid JSON.
    pub(crate) fn of(text: &str) -> Self {
        let mut scanner = Scanner {
            text: text.chars().collect(),
            at: 0,
            position: Position { line: 1, column: 1 },
            found: Self::default(),
        };
        scanner.found.places.insert(String::new(), scanner.position);
        scanner.value("");
        scanner.found
    }

    /// The place of a pointer, or of its nearest known parent.
    pub(crate) fn find(&self, pointer: &str) -> Option<Position> {
        let mut pointer = pointer;
        loop {
            if let Some(position) = self.places.get(pointer) {
                return Some(*position);
            }
            pointer = &pointer[..pointer.rfind('/')?];
        }
    }
}

/// A pointer one level deeper. Source: RFC 6901.
pub(crate) fn below(pointer: &str, token: &str) -> String {
    format!("{pointer}/{}", token.replace('~', "~0").replace('/', "~1"))
}

struct Scanner {
    text: Vec<char>,
    at: usize,
    position: Position,
    found: Positions,
}

impl Scanner {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn step(&mut self) -> Option<char> {
        let letter = self.peek()?;
        self.at += 1;
        if letter == '\n' {
            self.position.line += 1;
            self.position.column = 1;
        } else {
            self.position.column += 1;
        }
        Some(letter)
    }

    fn spaces(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.step();
        }
    }

    /// Scans a value. The nesting is bounded, because the caller has parsed the text before.
    fn value(&mut self, pointer: &str) {
        self.spaces();
        match self.peek() {
            Some('{') => self.members(pointer),
            Some('[') => self.elements(pointer),
            Some('"') => drop(self.string()),
            _ => {
                while self
                    .peek()
                    .is_some_and(|letter| !",]}".contains(letter) && !letter.is_whitespace())
                {
                    self.step();
                }
            }
        }
    }

    fn members(&mut self, pointer: &str) {
        self.step();
        loop {
            self.spaces();
            if self.peek() != Some('"') {
                self.step();
                return;
            }
            let position = self.position;
            let name = self.string();
            let pointer = below(pointer, &name);
            if self
                .found
                .places
                .insert(pointer.clone(), position)
                .is_some()
            {
                self.found.twice.push(pointer.clone());
            }
            self.spaces();
            self.step();
            self.value(&pointer);
            self.spaces();
            if self.step() != Some(',') {
                return;
            }
        }
    }

    fn elements(&mut self, pointer: &str) {
        self.step();
        let mut index = 0;
        loop {
            self.spaces();
            if self.peek() == Some(']') || self.peek().is_none() {
                self.step();
                return;
            }
            let pointer = below(pointer, &index.to_string());
            self.found.places.insert(pointer.clone(), self.position);
            self.value(&pointer);
            index += 1;
            self.spaces();
            if self.step() != Some(',') {
                return;
            }
        }
    }

    fn string(&mut self) -> String {
        let start = self.at;
        self.step();
        while let Some(letter) = self.step() {
            match letter {
                '\\' => drop(self.step()),
                '"' => break,
                _ => {}
            }
        }
        let text: String = self.text[start..self.at].iter().collect();
        serde_json::from_str(&text).unwrap_or(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_elements_are_found_with_line_and_column() {
        let text =
            "{\n  \"a/b\": [1, {\"c\": \"x\\\"}\"}],\n  \"d\": {},\n  \"d\": [],\n \"é\" : null }";
        let positions = Positions::of(text);
        let at = |pointer: &str| {
            let position = positions.find(pointer).expect("it is there");
            (position.line, position.column)
        };
        assert_eq!(at(""), (1, 1));
        assert_eq!(at("/a~1b"), (2, 3));
        assert_eq!(at("/a~1b/0"), (2, 11));
        assert_eq!(at("/a~1b/1/c"), (2, 15));
        assert_eq!(at("/a~1b/1/nothing"), (2, 14));
        assert_eq!(at("/d"), (4, 3));
        assert_eq!(at("/é"), (5, 2));
        assert_eq!(positions.twice, ["/d"]);
    }
}
