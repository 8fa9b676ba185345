//! The names in the text of a Rust file, above its tests.

use std::collections::BTreeSet;

/// The names in a file.
#[derive(Debug)]
pub struct Source {
    pub file: String,
    pub imports: Vec<Import>,
    /// Paths of more than one part, beside the imports.
    pub paths: BTreeSet<Vec<String>>,
    /// Every word beside the imports.
    pub words: BTreeSet<String>,
    /// Items that stand in it.
    pub defines: BTreeSet<String>,
}

/// One name of a `use`.
#[derive(Debug, PartialEq, Eq)]
pub struct Import {
    pub path: Vec<String>,
    /// As it is called here; `*` for all names.
    pub name: String,
    pub is_public: bool,
}

/// Words before the name of an item.
const ITEMS: [&str; 9] = [
    "const",
    "enum",
    "fn",
    "macro_rules",
    "static",
    "struct",
    "trait",
    "type",
    "union",
];

/// The text up to its tests, without other items that are for tests alone.
fn without_tests(text: &str) -> String {
    let mut kept = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            kept.push_str(line);
            kept.push('\n');
            continue;
        }
        // A module that begins here is at the end of its file; anything else is one line.
        let item = lines.next().unwrap_or_default();
        if item.contains("mod ") && item.ends_with('{') {
            break;
        }
    }
    kept
}

impl Source {
    pub fn read(file: &str, text: &str) -> Self {
        let tokens = tokens(&without_tests(text));
        let mut source = Self {
            file: file.to_owned(),
            imports: Vec::new(),
            paths: BTreeSet::new(),
            words: BTreeSet::new(),
            defines: BTreeSet::new(),
        };
        let mut at = 0;
        while at < tokens.len() {
            // `use<…>` is no import: it names the captures of a type.
            let is_import = tokens[at] == "use" && tokens.get(at + 1).is_some_and(|it| it != "<");
            if is_import {
                let is_public = at > 0 && ["pub", ")"].contains(&tokens[at - 1].as_str());
                let end = tokens[at..].iter().position(|it| it == ";");
                let end = end.map_or(tokens.len(), |end| at + end);
                source.import(&tokens[at + 1..end], &[], is_public);
                at = end + 1;
                continue;
            }
            at += source.take(&tokens[at..]);
        }
        source
    }

    /// Takes a word with the path that it begins; returns how many tokens that were.
    fn take(&mut self, tokens: &[String]) -> usize {
        let is_word = |token: Option<&String>| {
            token.is_some_and(|it| {
                it.starts_with(|first: char| first.is_alphabetic() || first == '_')
            })
        };
        if !is_word(tokens.first()) {
            return 1;
        }
        if ITEMS.contains(&tokens[0].as_str()) {
            let name = tokens[1..].iter().find(|it| *it != "!");
            self.defines
                .extend(name.filter(|name| is_word(Some(name))).cloned());
        }
        let mut path = vec![tokens[0].clone()];
        let mut taken = 1;
        while tokens.get(taken).is_some_and(|it| it == "::") && is_word(tokens.get(taken + 1)) {
            path.push(tokens[taken + 1].clone());
            taken += 2;
        }
        self.words.extend(path.iter().cloned());
        if path.len() > 1 {
            self.paths.insert(path);
        }
        taken
    }

    /// Takes a tree of imports.
    fn import(&mut self, tree: &[String], before: &[String], is_public: bool) {
        let mut path = before.to_vec();
        let mut rest = tree;
        loop {
            match rest {
                [] => return,
                [open, within @ .., _] if open == "{" => {
                    for branch in branches(within) {
                        self.import(branch, &path, is_public);
                    }
                    return;
                }
                [separator, more @ ..] if separator == "::" => rest = more,
                [name, more @ ..] => {
                    let alias = match more {
                        [it, alias, ..] if it == "as" => Some(alias),
                        [it, ..] if it == "::" => {
                            path.push(name.clone());
                            rest = more;
                            continue;
                        }
                        _ => None,
                    };
                    if !["self", "*"].contains(&name.as_str()) {
                        path.push(name.clone());
                    }
                    let last = if name == "*" { Some(name) } else { path.last() };
                    if let Some(name) = alias.or(last).cloned() {
                        self.imports.push(Import {
                            path,
                            name,
                            is_public,
                        });
                    }
                    return;
                }
            }
        }
    }
}

/// The parts of a list that commas separate.
fn branches(list: &[String]) -> Vec<&[String]> {
    let mut depth = 0;
    let separates = |token: &String| {
        match token.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        depth == 0 && token == ","
    };
    list.split(separates).filter(|it| !it.is_empty()).collect()
}

/// Words, `::`, and single signs. Comments, strings, characters and lifetimes are left out.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = raw_string(rest) {
            length
        } else if first == '"' {
            string(rest)
        } else if first == '\'' {
            quote(rest)
        } else if rest.starts_with("::") {
            tokens.push("::".to_owned());
            2
        } else if first.is_alphanumeric() || first == '_' {
            let is_end = |it: char| !it.is_alphanumeric() && it != '_';
            let length = rest.find(is_end).unwrap_or(rest.len());
            tokens.push(rest[..length].to_owned());
            length
        } else {
            if !first.is_whitespace() {
                tokens.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    tokens
}

/// The length of a raw string, if there is one.
fn raw_string(text: &str) -> Option<usize> {
    let after = text.strip_prefix("br").or_else(|| text.strip_prefix('r'))?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let content = after[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let begin = text.len() - content.len();
    Some(
        content
            .find(&end)
            .map_or(text.len(), |at| begin + at + end.len()),
    )
}

/// The length of a string.
fn string(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, it) in text.char_indices().skip(1) {
        match it {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a character, or of the sign before a lifetime's name.
fn quote(text: &str) -> usize {
    let mut characters = text.char_indices().skip(1);
    match characters.next() {
        Some((_, '\\')) => text[2..].find('\'').map_or(text.len(), |end| {
            // `'\''` has one more.
            if end == 0 { 4 } else { end + 3 }
        }),
        Some(_) => match characters.next() {
            Some((at, '\'')) => at + 1,
            _ => {
                let is_end = |it: char| !it.is_alphanumeric() && it != '_';
                text[1..].find(is_end).map_or(text.len(), |end| end + 1)
            }
        },
        None => text.len(),
    }
}
