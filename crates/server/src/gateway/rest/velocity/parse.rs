//! Parses a template's text into a tree.

use super::error::RenderError;

/// The deepest nesting of directives and expressions. Ours: the recursion must fit a thread's stack.
const DEPTH_MAX: usize = 32;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Text(String),
    Reference(Reference),
    Set(Reference, Expression),
    /// The conditions with their blocks, and the block for when none of them holds.
    If(Vec<(Expression, Vec<Node>)>, Vec<Node>),
    ForEach(String, Expression, Vec<Node>),
    Stop,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reference {
    /// The text as written, which stands for an unknown variable.
    pub written: String,
    /// `$!name`: an unknown variable is rendered as nothing.
    pub quiet: bool,
    pub name: String,
    pub steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    Property(String),
    Call(String, Vec<Expression>),
    Index(Expression),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    /// Between single quotation marks, or a number, a boolean, null.
    Literal(serde_json::Value),
    /// Between double quotation marks: a template of its own.
    Template(Vec<Node>),
    Reference(Reference),
    List(Vec<Expression>),
    Range(Box<Expression>, Box<Expression>),
    Map(Vec<(Expression, Expression)>),
    Not(Box<Expression>),
    Both(Operator, Box<Expression>, Box<Expression>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    And,
    Or,
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
}

pub(super) fn parse(template: &str) -> Result<Vec<Node>, RenderError> {
    let mut parser = Parser {
        text: template,
        at: 0,
        depth: 0,
    };
    let (nodes, end) = parser.block()?;
    match end {
        End::Template => Ok(nodes),
        _ => Err(parser.wrong("`#else` or `#end` without `#if` or `#foreach`")),
    }
}

/// The end of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Template,
    Closed,
    Else,
    ElseIf,
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn wrong(&self, problem: impl Into<String>) -> RenderError {
        RenderError::Syntax {
            line: self.text[..self.at].matches('\n').count() + 1,
            problem: problem.into(),
        }
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self, text: &str) -> bool {
        let is_next = self.rest().starts_with(text);
        if is_next {
            self.at += text.len();
        }
        is_next
    }

    fn expect(&mut self, text: &str) -> Result<(), RenderError> {
        self.space();
        match self.take(text) {
            true => Ok(()),
            false => Err(self.wrong(format!("`{text}` is missing"))),
        }
    }

    fn space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, RenderError>,
    ) -> Result<T, RenderError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.wrong("it nests too deep"));
        }
        let read = read(self);
        self.depth -= 1;
        read
    }

    /// Parses up to the end of the block.
    fn block(&mut self) -> Result<(Vec<Node>, End), RenderError> {
        let mut nodes = Vec::new();
        let mut text = String::new();
        loop {
            let Some(next) = self.peek() else {
                push_text(&mut nodes, &mut text);
                return Ok((nodes, End::Template));
            };
            let node = match next {
                '#' if self.comment() => continue,
                '#' => match self.directive()? {
                    Some(Directive::End(end)) => {
                        push_text(&mut nodes, &mut text);
                        return Ok((nodes, end));
                    }
                    Some(Directive::Node(node)) => node,
                    None => {
                        text.push(next);
                        self.at += 1;
                        continue;
                    }
                },
                '$' => match self.reference()? {
                    Some(reference) => Node::Reference(reference),
                    None => {
                        text.push(next);
                        self.at += 1;
                        continue;
                    }
                },
                '\\' if self.rest()[1..].starts_with(['$', '#']) => {
                    // An escaped `$` or `#` is text.
                    text.extend(self.rest()[1..].chars().next());
                    self.at += 2;
                    continue;
                }
                other => {
                    text.push(other);
                    self.at += other.len_utf8();
                    continue;
                }
            };
            push_text(&mut nodes, &mut text);
            nodes.push(node);
        }
    }

    /// Skips a comment, with the end of its line.
    fn comment(&mut self) -> bool {
        let rest = self.rest();
        let len = if rest.starts_with("##") {
            rest.find('\n').map_or(rest.len(), |end| end + 1)
        } else if rest.starts_with("#*") {
            rest.find("*#").map_or(rest.len(), |end| end + 2)
        } else {
            return false;
        };
        self.at += len;
        true
    }

    fn directive(&mut self) -> Result<Option<Directive>, RenderError> {
        let start = self.at;
        self.at += 1;
        let is_braced = self.take("{");
        let name = self.word();
        if is_braced && !self.take("}") {
            self.at = start;
            return Ok(None);
        }
        let directive = match name {
            "set" => Directive::Node(self.set()?),
            "if" => Directive::Node(self.deeper(Self::condition)?),
            "foreach" => Directive::Node(self.deeper(Self::for_each)?),
            "stop" => Directive::Node(Node::Stop),
            "else" => Directive::End(End::Else),
            "elseif" => Directive::End(End::ElseIf),
            "end" => Directive::End(End::Closed),
            _ => {
                self.at = start;
                return Ok(None);
            }
        };
        if matches!(
            directive,
            Directive::Node(Node::Set(..)) | Directive::End(End::Closed | End::Else)
        ) {
            self.line_end();
        }
        Ok(Some(directive))
    }

    /// A directive at the end of a line consumes the line's end too.
    fn line_end(&mut self) {
        let rest = self.rest();
        let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\r']).len();
        if rest[blank..].starts_with('\n') {
            self.at += blank + 1;
        }
    }

    fn set(&mut self) -> Result<Node, RenderError> {
        self.expect("(")?;
        self.space();
        let target = self.reference()?;
        let target = target.ok_or_else(|| self.wrong("`#set` needs a variable"))?;
        self.expect("=")?;
        let value = self.expression()?;
        self.expect(")")?;
        Ok(Node::Set(target, value))
    }

    fn condition(&mut self) -> Result<Node, RenderError> {
        let mut branches = Vec::new();
        loop {
            self.expect("(")?;
            let condition = self.expression()?;
            self.expect(")")?;
            self.line_end();
            let (nodes, end) = self.block()?;
            branches.push((condition, nodes));
            match end {
                End::ElseIf => {}
                End::Closed => return Ok(Node::If(branches, Vec::new())),
                End::Else => {
                    let (otherwise, end) = self.block()?;
                    return match end {
                        End::Closed => Ok(Node::If(branches, otherwise)),
                        _ => Err(self.wrong("`#if` without `#end`")),
                    };
                }
                End::Template => return Err(self.wrong("`#if` without `#end`")),
            }
        }
    }

    fn for_each(&mut self) -> Result<Node, RenderError> {
        self.expect("(")?;
        self.space();
        let variable = self.reference()?;
        let variable = variable.ok_or_else(|| self.wrong("`#foreach` needs a variable"))?;
        self.expect("in")?;
        let items = self.expression()?;
        self.expect(")")?;
        self.line_end();
        match self.block()? {
            (nodes, End::Closed) => Ok(Node::ForEach(variable.name, items, nodes)),
            _ => Err(self.wrong("`#foreach` without `#end`")),
        }
    }

    fn word(&mut self) -> &'t str {
        let rest = self.rest();
        let is_part = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '-');
        let end = rest.find(|it| !is_part(it)).unwrap_or(rest.len());
        // A hyphen at the end belongs to the text after the name.
        let word = rest[..end].trim_end_matches('-');
        self.at += word.len();
        word
    }

    /// A reference, unless the dollar sign is text.
    fn reference(&mut self) -> Result<Option<Reference>, RenderError> {
        let start = self.at;
        if !self.take("$") {
            return Ok(None);
        }
        let quiet = self.take("!");
        let is_braced = self.take("{");
        let begins = |it: char| it.is_ascii_alphabetic() || it == '_';
        if !self.peek().is_some_and(begins) {
            self.at = start;
            return Ok(None);
        }
        let name = self.word().to_owned();
        let steps = self.deeper(Self::steps)?;
        if is_braced && !self.take("}") {
            self.at = start;
            return Ok(None);
        }
        let written = self.text[start..self.at].to_owned();
        Ok(Some(Reference {
            written,
            quiet,
            name,
            steps,
        }))
    }

    fn steps(&mut self) -> Result<Vec<Step>, RenderError> {
        let mut steps = Vec::new();
        loop {
            let rest = self.rest();
            if rest.starts_with('[') {
                self.at += 1;
                let index = self.expression()?;
                self.expect("]")?;
                steps.push(Step::Index(index));
                continue;
            }
            let begins = |it: char| it.is_ascii_alphabetic() || it == '_';
            if !rest.starts_with('.') || !rest[1..].starts_with(begins) {
                return Ok(steps);
            }
            self.at += 1;
            let name = self.word().to_owned();
            if !self.take("(") {
                steps.push(Step::Property(name));
                continue;
            }
            let arguments = self.items(")")?;
            steps.push(Step::Call(name, arguments));
        }
    }

    /// Parses expressions with commas in between, up to `end`.
    fn items(&mut self, end: &str) -> Result<Vec<Expression>, RenderError> {
        let mut items = Vec::new();
        self.space();
        if self.take(end) {
            return Ok(items);
        }
        loop {
            items.push(self.expression()?);
            self.space();
            if self.take(end) {
                return Ok(items);
            }
            self.expect(",")?;
        }
    }

    fn expression(&mut self) -> Result<Expression, RenderError> {
        self.deeper(|parser| parser.binary(0))
    }

    /// Parses binary operators, the loosest first.
    fn binary(&mut self, level: usize) -> Result<Expression, RenderError> {
        const LEVELS: [&[(&str, Operator)]; 4] = [
            &[("||", Operator::Or), ("or ", Operator::Or)],
            &[("&&", Operator::And), ("and ", Operator::And)],
            &[("==", Operator::Equal), ("!=", Operator::Unequal)],
            &[
                ("<=", Operator::LessOrEqual),
                (">=", Operator::MoreOrEqual),
                ("<", Operator::Less),
                (">", Operator::More),
            ],
        ];
        let Some(operators) = LEVELS.get(level) else {
            return self.deeper(Self::operand);
        };
        let mut left = self.binary(level + 1)?;
        loop {
            self.space();
            let operator = operators
                .iter()
                .find(|(text, _)| self.rest().starts_with(text));
            let Some((text, operator)) = operator else {
                return Ok(left);
            };
            self.at += text.len();
            let right = self.binary(level + 1)?;
            left = Expression::Both(*operator, Box::new(left), Box::new(right));
        }
    }

    fn operand(&mut self) -> Result<Expression, RenderError> {
        self.space();
        match self.peek() {
            Some('$') => {
                let reference = self.reference()?;
                let reference = reference.ok_or_else(|| self.wrong("`$` without a name"))?;
                Ok(Expression::Reference(reference))
            }
            Some('!') => {
                self.at += 1;
                Ok(Expression::Not(Box::new(self.deeper(Self::operand)?)))
            }
            Some('(') => {
                self.at += 1;
                let inner = self.expression()?;
                self.expect(")")?;
                Ok(inner)
            }
            Some('\'') => Ok(Expression::Literal(self.quoted('\'')?.into())),
            Some('"') => {
                let inner = self.quoted('"')?;
                let nodes = self.deeper(|parser| {
                    let mut inner = Parser {
                        text: &inner,
                        at: 0,
                        depth: parser.depth,
                    };
                    inner.block()
                })?;
                Ok(Expression::Template(nodes.0))
            }
            Some('[') => self.list(),
            Some('{') => self.map(),
            Some(_) => self.plain(),
            None => Err(self.wrong("a value is missing")),
        }
    }

    fn list(&mut self) -> Result<Expression, RenderError> {
        self.at += 1;
        self.space();
        if self.take("]") {
            return Ok(Expression::List(Vec::new()));
        }
        let first = self.expression()?;
        self.space();
        if self.take("..") {
            let last = self.expression()?;
            self.expect("]")?;
            return Ok(Expression::Range(Box::new(first), Box::new(last)));
        }
        let mut items = vec![first];
        if !self.take("]") {
            self.expect(",")?;
            items.extend(self.items("]")?);
        }
        Ok(Expression::List(items))
    }

    fn map(&mut self) -> Result<Expression, RenderError> {
        self.at += 1;
        let mut entries = Vec::new();
        loop {
            self.space();
            if self.take("}") {
                return Ok(Expression::Map(entries));
            }
            let key = self.expression()?;
            self.expect(":")?;
            entries.push((key, self.expression()?));
            self.space();
            if !self.take(",") && self.peek() != Some('}') {
                return Err(self.wrong("`}` is missing"));
            }
        }
    }

    /// The text between quotation marks; two marks in it stand for one.
    fn quoted(&mut self, mark: char) -> Result<String, RenderError> {
        let mut text = String::new();
        let mut rest = self.rest()[1..].char_indices().peekable();
        while let Some((at, next)) = rest.next() {
            match next {
                _ if next != mark => text.push(next),
                _ if rest.peek().is_some_and(|(_, after)| *after == mark) => {
                    text.push(mark);
                    rest.next();
                }
                _ => {
                    self.at += at + 2;
                    return Ok(text);
                }
            }
        }
        Err(self.wrong("a quotation mark is missing"))
    }

    /// A number, a boolean or null.
    fn plain(&mut self) -> Result<Expression, RenderError> {
        let rest = self.rest();
        let is_part = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '.');
        let end = rest.find(|it| !is_part(it)).unwrap_or(rest.len());
        // `[1..3]` has two numbers.
        let end = rest[..end].find("..").unwrap_or(end);
        let word = &rest[..end];
        let value: Result<serde_json::Value, _> = serde_json::from_str(word);
        match value {
            Ok(value) => {
                self.at += end;
                Ok(Expression::Literal(value))
            }
            Err(_) => Err(self.wrong("a value is expected: text, a number, a reference or a list")),
        }
    }
}

enum Directive {
    Node(Node),
    End(End),
}

fn push_text(nodes: &mut Vec<Node>, text: &mut String) {
    if !text.is_empty() {
        nodes.push(Node::Text(std::mem::take(text)));
    }
}
