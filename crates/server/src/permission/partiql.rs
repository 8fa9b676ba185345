//! Finds the table of a PartiQL statement: reads only as much as the decision needs.
//!
//! The parser that answers statements is another one. So this one accepts only text that every parser reads alike, and
//! gives up at the rest: comments, odd names, anything after the beginning that it does not recognize.

/// The kind of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Select,
    Insert,
    Update,
    Delete,
}

/// All kinds.
pub(super) const VERBS: [Verb; 4] = [Verb::Select, Verb::Insert, Verb::Update, Verb::Delete];

impl Verb {
    pub fn action(self) -> &'static str {
        match self {
            Self::Select => "dynamodb:PartiQLSelect",
            Self::Insert => "dynamodb:PartiQLInsert",
            Self::Update => "dynamodb:PartiQLUpdate",
            Self::Delete => "dynamodb:PartiQLDelete",
        }
    }
}

/// The parts of a statement that are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    pub verb: Verb,
    pub table: String,
    pub index: Option<String>,
}

/// Reads a statement; `None` when its table is not certain.
pub(super) fn read(text: &str) -> Option<Statement> {
    let (word, rest) = word(text)?;
    let (verb, rest) = match word.to_ascii_uppercase().as_str() {
        "SELECT" => (Verb::Select, after_projection(rest)?),
        "INSERT" => (Verb::Insert, after(rest, "INTO")?),
        "UPDATE" => (Verb::Update, rest),
        "DELETE" => (Verb::Delete, after(rest, "FROM")?),
        _ => return None,
    };
    let (table, rest) = name(rest.trim_start_matches(is_space))?;
    let (index, rest) = match rest.strip_prefix('.') {
        Some(rest) => {
            let (index, rest) = name(rest)?;
            (Some(index.to_owned()), rest)
        }
        None => (None, rest),
    };
    (rest.is_empty() || rest.starts_with(is_space)).then_some(())?;
    // With another clause after it, as in `"a" . "b"`, the name may be another one.
    let clause = rest.trim_start_matches(is_space);
    let end = clause.find(|letter: char| !letter.is_ascii_alphabetic());
    let clause = clause[..end.unwrap_or(clause.len())].to_ascii_uppercase();
    let follows: &[&str] = match verb {
        Verb::Select => &["WHERE", "ORDER"],
        Verb::Insert => &["VALUE"],
        Verb::Update => &["SET", "REMOVE"],
        Verb::Delete => &["WHERE", "RETURNING"],
    };
    let ends = verb == Verb::Select && rest.trim_matches(is_space).is_empty();
    (ends || follows.contains(&clause.as_str())).then(|| Statement {
        verb,
        table: table.to_owned(),
        index,
    })
}

fn is_space(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n' | '\r')
}

/// The first word, and the text after it; `None` unless a space, a quote or `*` follows.
fn word(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start_matches(is_space);
    let end = text
        .find(|letter: char| !letter.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let ends = rest.starts_with(|letter| is_space(letter) || letter == '"' || letter == '*');
    (!word.is_empty() && ends).then_some((word, rest))
}

/// The text after a keyword.
fn after<'t>(text: &'t str, keyword: &str) -> Option<&'t str> {
    let (word, rest) = word(text)?;
    word.eq_ignore_ascii_case(keyword).then_some(rest)
}

/// The text after the `FROM` of a `SELECT`.
fn after_projection(text: &str) -> Option<&str> {
    let mut rest = text;
    loop {
        let first = rest.chars().next()?;
        if first == '"' {
            // Two quotes in a row stand for one; no attribute here needs that.
            let inner = &rest[1..];
            let end = inner.find('"')?;
            rest = &inner[end + 1..];
            if rest.starts_with('"') {
                return None;
            }
        } else if first.is_ascii_alphanumeric() || first == '_' {
            let end = rest
                .find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
                .unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            if word.eq_ignore_ascii_case("FROM") {
                let ends = after.starts_with(|letter| is_space(letter) || letter == '"');
                return ends.then_some(after);
            }
            rest = after;
        } else if is_space(first) || matches!(first, '*' | ',' | '.' | '[' | ']') {
            rest = &rest[1..];
        } else {
            return None;
        }
    }
}

/// A name, in quotes or bare, and the text after it.
fn name(text: &str) -> Option<(&str, &str)> {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    if let Some(inner) = text.strip_prefix('"') {
        let (name, rest) = inner.split_once('"')?;
        let fits = |letter: char| is_letter(letter) || matches!(letter, '-' | '.');
        return (!name.is_empty() && name.chars().all(fits) && !rest.starts_with('"'))
            .then_some((name, rest));
    }
    let end = text
        .find(|letter: char| !is_letter(letter))
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    (!name.is_empty()).then_some((name, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_statements_are_told_or_nothing_is() {
        let found = |text: &str| {
            let read = read(text)?;
            let index = read.index.map(|index| format!(".{index}"));
            Some(format!(
                "{:?} {}{}",
                read.verb,
                read.table,
                index.unwrap_or_default()
            ))
        };
        for (text, expected) in [
            ("SELECT * FROM Loans", "Select Loans"),
            ("select * from \"Loans\"", "Select Loans"),
            ("SELECT*FROM \"Loans\" WHERE a=?", "Select Loans"),
            (
                "SELECT \"from\", a.b[0] FROM Loans.ByDay",
                "Select Loans.ByDay",
            ),
            (
                " \n SELECT \"x FROM Other\" FROM\"a-b.c\".\"ByDay\"",
                "Select a-b.c.ByDay",
            ),
            ("INSERT INTO \"Loans\" VALUE {'id': 1}", "Insert Loans"),
            (
                "UPDATE Loans SET a = 1 WHERE id = 'FROM Other'",
                "Update Loans",
            ),
            ("DELETE FROM Loans WHERE id = 1", "Delete Loans"),
        ] {
            assert_eq!(found(text).as_deref(), Some(expected), "{text}");
        }
        for text in [
            "",
            "SELECT",
            "SELECT * FROM",
            "SELECT -- FROM Loans\n * FROM Other",
            "SELECT /* FROM Loans */ * FROM Other",
            "SELECT 'FROM Loans' FROM Other",
            "SELECT \"a\"\"\" FROM Other",
            "SELECT COUNT(*) FROM Loans",
            "SELECT * FROM \"Lo\"\"ans\"",
            "SELECT * FROM Loans . ByDay",
            "SELECT * FROM Loans, Other",
            "SELECT * FROM Loans-2",
            "SELECT * FROM /**/Loans",
            "EXISTS(SELECT * FROM Loans)",
            "UPDATE \"Löans\" SET a = 1",
            "INSERT Loans",
            "SELECT a.from FROM Other",
            "DELETE FROM Loans",
            "DROP TABLE Loans",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
