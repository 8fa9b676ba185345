//! Words of instructions and commands: quotes taken off, variables replaced.
//!
//! Source: Dockerfile reference, "Environment replacement", read 2026-11-28.

use std::collections::BTreeMap;

/// The values of variables.
pub type Variables = BTreeMap<String, String>;

/// Splits a text at white space. A variable's value stays within its word.
///
/// # Errors
/// A quote that is not closed, and replacements other than `$NAME`, `${NAME}`, `${NAME:-word}` and `${NAME:+word}`.
pub fn words(text: &str, variables: &Variables) -> Result<Vec<String>, String> {
    let commands = Reader::new(text, variables, false).commands()?;
    Ok(commands.into_iter().flatten().collect())
}

/// The words of each command of a shell's line, whose commands are joined by `&&` or `;`.
///
/// # Errors
/// As [`words`], and anything but commands one after another: pipes, redirections, substitutions.
pub fn commands(text: &str, variables: &Variables) -> Result<Vec<Vec<String>>, String> {
    Reader::new(text, variables, true).commands()
}

struct Reader<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    variables: &'a Variables,
    is_shell: bool,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, variables: &'a Variables, is_shell: bool) -> Self {
        Self {
            rest: text.chars().peekable(),
            variables,
            is_shell,
        }
    }

    fn commands(mut self) -> Result<Vec<Vec<String>>, String> {
        let mut commands = vec![Vec::new()];
        let mut word: Option<String> = None;
        let mut quote = None;
        while let Some(next) = self.rest.next() {
            match (next, quote) {
                ('\'' | '"', None) => {
                    quote = Some(next);
                    word.get_or_insert_default();
                }
                (mark, Some(open)) if mark == open => quote = None,
                ('$', None | Some('"')) => {
                    let value = self.variable()?;
                    word.get_or_insert_default().push_str(&value);
                }
                ('\\', None) => {
                    let escaped = self.rest.next().unwrap_or('\\');
                    word.get_or_insert_default().push(escaped);
                }
                ('\\', Some('"')) if self.rest.peek().is_some_and(|it| "\"\\$`".contains(*it)) => {
                    word.get_or_insert_default().extend(self.rest.next());
                }
                (space, None) if space.is_whitespace() => {
                    last(&mut commands).extend(word.take());
                }
                ('&' | ';', None) if self.is_shell => {
                    if next == '&' && self.rest.next() != Some('&') {
                        return Err("a command in the background (`&`)".to_owned());
                    }
                    last(&mut commands).extend(word.take());
                    commands.push(Vec::new());
                }
                ('|' | '<' | '>' | '(' | ')' | '`' | '*' | '?' | '{' | '}', None)
                | ('`', Some('"'))
                    if self.is_shell =>
                {
                    return Err(format!("`{next}` in a command"));
                }
                (other, _) => word.get_or_insert_default().push(other),
            }
        }
        if quote.is_some() {
            return Err("a quote that is not closed".to_owned());
        }
        last(&mut commands).extend(word);
        commands.retain(|command| !command.is_empty());
        Ok(commands)
    }

    /// Reads the variable after a `$`.
    fn variable(&mut self) -> Result<String, String> {
        let is_braced = self.rest.next_if_eq(&'{').is_some();
        let mut name = String::new();
        while let Some(next) = self
            .rest
            .next_if(|it| it.is_ascii_alphanumeric() || *it == '_')
        {
            name.push(next);
        }
        if name.is_empty() {
            let next = self.rest.peek().copied().unwrap_or(' ');
            return Err(format!("`${next}`, which is no variable"));
        }
        let value = self.variables.get(&name).filter(|it| !it.is_empty());
        if !is_braced {
            return Ok(value.cloned().unwrap_or_default());
        }
        let mut modifier = String::new();
        loop {
            match self.rest.next() {
                Some('}') => break,
                Some('$') => modifier.push_str(&self.variable()?),
                Some(other) => modifier.push(other),
                None => return Err(format!("`${{{name}` without its `}}`")),
            }
        }
        if modifier.is_empty() {
            return Ok(value.cloned().unwrap_or_default());
        }
        match (modifier.get(..2), value) {
            (Some(":-"), Some(value)) => Ok(value.clone()),
            (Some(":-"), None) | (Some(":+"), Some(_)) => Ok(modifier[2..].to_owned()),
            (Some(":+"), None) => Ok(String::new()),
            _ => Err(format!("`${{{name}{modifier}}}`")),
        }
    }
}

fn last(commands: &mut [Vec<String>]) -> &mut Vec<String> {
    commands
        .last_mut()
        .expect("there is one from the beginning")
}
