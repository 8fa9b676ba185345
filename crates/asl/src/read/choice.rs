//! Choice states.

use serde_json::Value;

use super::fields::Fields;
use super::reader::kind;
use super::values::{expression, jsonata, path};
use crate::choice::{Comparison, Condition, Operator, Rule};
use crate::definition::{ProblemCode, StateKind};
use crate::language::Language;
use crate::position::below;
use crate::template::Template;

/// Deepest nesting of conditions.
const DEPTH_MAX: usize = 32;

pub(super) fn read(fields: &Fields<'_>, language: Language) -> StateKind {
    if fields.get("Choices").is_none() {
        fields.missing("Choices", "a Choice state");
    }
    let mut rules = Vec::new();
    let at = fields.at("Choices");
    for (index, value) in fields.list("Choices").into_iter().flatten().enumerate() {
        let at = below(&at, &index.to_string());
        if let Some(members) = fields.reader.object(&at, value, "a rule") {
            let fields = Fields::new(fields.reader, &at, members);
            rules.extend(rule(&fields, language));
        }
    }
    if fields.list("Choices").is_some_and(Vec::is_empty) {
        fields.wrong("Choices", "there is at least one rule");
    }
    StateKind::Choice {
        rules,
        default: fields.text("Default"),
    }
}

fn rule(fields: &Fields<'_>, language: Language) -> Option<Rule> {
    fields.text("Comment");
    let next = fields.required_text("Next", "a rule");
    let assign = fields.assign(language);
    let (condition, output) = match language {
        Language::JsonPath => (condition(fields, 0), None),
        Language::Jsonata => (query(fields), fields.template("Output", language)),
    };
    fields.finish("a rule");
    Some(Rule {
        condition: condition?,
        next: next?,
        assign,
        output,
    })
}

fn query(fields: &Fields<'_>) -> Option<Condition> {
    if fields.get("Condition").is_none() {
        fields.missing("Condition", "a rule in JSONata");
    }
    match fields.get("Condition")? {
        // A boolean is a constant condition.
        Value::Bool(true) => Some(Condition::And(Vec::new())),
        Value::Bool(false) => Some(Condition::Or(Vec::new())),
        Value::String(text) => match jsonata(fields.reader, &fields.at("Condition"), text) {
            Template::Query(query) => Some(Condition::Query(query)),
            _ => {
                fields.wrong("Condition", "`Condition` is an expression in `{% %}`");
                None
            }
        },
        other => {
            let message = format!(
                "`Condition` is an expression in `{{% %}}`, not {}",
                kind(other)
            );
            fields.wrong("Condition", message);
            None
        }
    }
}

fn condition(fields: &Fields<'_>, depth: usize) -> Option<Condition> {
    fields.text("Comment");
    if depth > DEPTH_MAX {
        fields.reader.wrong(
            &fields.pointer,
            format!("conditions nest deeper than {DEPTH_MAX}"),
        );
        return None;
    }
    let names = fields.members().map(|(name, _)| name.as_str());
    let operators: Vec<&str> = names
        .filter(|name| ["And", "Or", "Not"].contains(name) || Operator::parse(name).is_some())
        .collect();
    let [operator] = operators.as_slice() else {
        let message = format!(
            "a condition has exactly one comparison, `And`, `Or` or `Not`, and this one {}",
            operators.len()
        );
        fields.reader.wrong(&fields.pointer, message);
        return None;
    };
    match *operator {
        "And" => several(fields, "And", depth).map(Condition::And),
        "Or" => several(fields, "Or", depth).map(Condition::Or),
        "Not" => {
            let inner = fields.object("Not")?;
            let condition = condition(&inner, depth + 1);
            inner.finish("a condition");
            condition.map(|it| Condition::Not(Box::new(it)))
        }
        name => comparison(fields, name).map(Condition::Compare),
    }
}

fn several(fields: &Fields<'_>, name: &'static str, depth: usize) -> Option<Vec<Condition>> {
    let list = fields.list(name)?;
    if list.is_empty() {
        fields.wrong(name, format!("there is at least one condition in `{name}`"));
    }
    let mut conditions = Vec::new();
    for (index, value) in list.iter().enumerate() {
        let at = below(&fields.at(name), &index.to_string());
        if let Some(members) = fields.reader.object(&at, value, "a condition") {
            let inner = Fields::new(fields.reader, &at, members);
            conditions.extend(condition(&inner, depth + 1));
            if inner.has("Next") {
                inner.get("Next");
                inner.wrong(
                    "Next",
                    "only a whole rule has `Next`, not a condition within it",
                );
            }
            inner.finish("a condition");
        }
    }
    Some(conditions)
}

fn comparison(fields: &Fields<'_>, name: &str) -> Option<Comparison> {
    let (operator, is_path) = Operator::parse(name)?;
    let variable = fields.required_text("Variable", "a comparison");
    let (name, value) = fields.members().find(|(other, _)| *other == name)?;
    let at = fields.at(name);
    fields.ask(name);
    let operand = match (is_path, value) {
        (true, Value::String(text)) => expression(fields.reader, &at, text),
        (true, other) => {
            fields.wrong(name, format!("`{name}` is a path, not {}", kind(other)));
            return None;
        }
        (false, value) => {
            if let Err(wanted) = operator.check(value) {
                fields.wrong(
                    name,
                    format!("`{name}` is compared with {wanted}, not `{value}`"),
                );
            }
            Template::Value(value.clone())
        }
    };
    let variable = variable?;
    let at = fields.at("Variable");
    let variable = path(fields.reader, &at, &variable)?;
    if is_path && !operand.is_dynamic() {
        return None;
    }
    if matches!(variable.root(), crate::Root::Variable(name) if name == "states") {
        fields
            .reader
            .say(ProblemCode::InvalidPath, &at, "`$states` is JSONata");
    }
    Some(Comparison {
        variable,
        operator,
        operand,
    })
}
