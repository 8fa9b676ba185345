//! Policy documents.

use serde_json::{Map, Value};

use super::actions;
use super::condition::{self, Condition};
use super::strict::read_once;

/// Longest document, in bytes. Source: IAM quotas: a managed policy has 6,144 characters without white space; white
/// space counts here.
const BYTES_MAX: usize = 32 * 1024;

/// Most statements of a document, and values of one element.
const ITEMS_MAX: usize = 512;

/// A policy document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    pub(super) statements: Vec<Statement>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    pub effect: Effect,
    pub actions: Those,
    pub resources: Those,
    pub conditions: Vec<Condition>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Allow,
    Deny,
}

/// The actions or resources of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Those {
    /// `Action`, `Resource`.
    Named(Vec<String>),
    /// `NotAction`, `NotResource`.
    Others(Vec<String>),
}

/// The problem with a policy document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PolicyError(String);

impl PolicyError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    fn of_statement(number: usize, cause: &Self) -> Self {
        Self(format!("statement {}: {cause}", number + 1))
    }
}

impl Policy {
    /// Reads a document. Unsupported elements are rejected, and named.
    ///
    /// # Errors
    /// When it is not a policy, or contains an unsupported element.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        if text.len() > BYTES_MAX {
            let message = format!("a policy has at most {BYTES_MAX} bytes");
            return Err(PolicyError::new(message));
        }
        let value = read_once(text.as_bytes())
            .map_err(|error| PolicyError::new(format!("it is not JSON: {error}")))?;
        Self::from_value(&value)
    }

    /// Like [`Policy::parse`], for a document that is already parsed.
    ///
    /// # Errors
    /// When it is not a policy, or contains an unsupported element.
    pub fn from_value(value: &Value) -> Result<Self, PolicyError> {
        let statements = statements(value)?.into_iter().enumerate();
        let read = statements.map(|(number, statement)| {
            Statement::read(statement).map_err(|cause| PolicyError::of_statement(number, &cause))
        });
        let statements = read.collect::<Result<_, _>>()?;
        Ok(Self { statements })
    }

    /// Its actions that do not exist, of the services that are known here.
    pub fn unknown_actions(&self) -> impl Iterator<Item = &str> {
        let named = self.statements.iter().flat_map(|it| it.actions.items());
        named
            .map(String::as_str)
            .filter(|action| actions::is_unknown(action))
    }

    /// Reads the document of a template, which was written for AWS and may contain unsupported elements. An unsupported
    /// statement that allows is dropped; one that denies applies without its conditions. Returns the policy and the
    /// problems.
    pub fn from_template(value: &Value) -> (Self, Vec<String>) {
        let mut policy = Self {
            statements: Vec::new(),
        };
        let mut left_out = Vec::new();
        let found = statements(value).unwrap_or_else(|error| {
            left_out.push(error.to_string());
            denials(value)
        });
        for (number, statement) in found.into_iter().enumerate() {
            match Statement::read(statement) {
                Ok(statement) => policy.statements.push(statement),
                Err(cause) => {
                    let is_deny = statement.get("Effect").and_then(Value::as_str) == Some("Deny");
                    if is_deny {
                        let mut bare = statement.clone();
                        if let Some(members) = bare.as_object_mut() {
                            members.remove("Condition");
                        }
                        // If even its actions and resources are unreadable, it denies everything.
                        policy
                            .statements
                            .push(Statement::read(&bare).unwrap_or_else(|_| Statement::deny_all()));
                    }
                    left_out.push(PolicyError::of_statement(number, &cause).to_string());
                }
            }
        }
        (policy, left_out)
    }
}

/// The statements that deny, of a document that is not one: what it forbids is forbidden.
fn denials(value: &Value) -> Vec<&Value> {
    let listed = match value.get("Statement") {
        Some(Value::Array(statements)) => statements.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    };
    let denies = |it: &&Value| it.get("Effect").and_then(Value::as_str) == Some("Deny");
    listed.into_iter().filter(denies).collect()
}

/// The statements of a document.
fn statements(value: &Value) -> Result<Vec<&Value>, PolicyError> {
    let document = value
        .as_object()
        .ok_or_else(|| PolicyError::new("a policy is a JSON object"))?;
    for name in document.keys() {
        if !["Version", "Id", "Statement"].contains(&name.as_str()) {
            let message =
                format!("`{name}` is not an element of a policy: use Version, Id and Statement");
            return Err(PolicyError::new(message));
        }
    }
    match document.get("Version").map(|version| version.as_str()) {
        // Templates may write the version unquoted, which is a date in YAML.
        None | Some(Some("2012-10-17" | "2008-10-17")) => {}
        Some(_) => {
            return Err(PolicyError::new(
                "`Version` must be `2012-10-17`, the version of the policy language",
            ));
        }
    }
    let statements = match document.get("Statement") {
        Some(Value::Array(statements)) => statements.iter().collect(),
        Some(one @ Value::Object(_)) => vec![one],
        Some(_) | None => {
            return Err(PolicyError::new(
                "`Statement` must be a statement or a list of statements",
            ));
        }
    };
    if statements.len() > ITEMS_MAX {
        return Err(PolicyError::new(format!(
            "a policy has at most {ITEMS_MAX} statements"
        )));
    }
    Ok(statements)
}

impl Statement {
    fn read(value: &Value) -> Result<Self, PolicyError> {
        let members = value
            .as_object()
            .ok_or_else(|| PolicyError::new("a statement is a JSON object"))?;
        for name in members.keys() {
            match name.as_str() {
                "Sid" | "Effect" | "Action" | "NotAction" | "Resource" | "NotResource"
                | "Condition" => {}
                "Principal" | "NotPrincipal" => {
                    return Err(PolicyError::new(format!(
                        "`{name}` belongs to policies of resources, and this is one of who acts"
                    )));
                }
                _ => {
                    let message = format!("`{name}` is not supported in a statement");
                    return Err(PolicyError::new(message));
                }
            }
        }
        let effect = match members.get("Effect").and_then(Value::as_str) {
            Some("Allow") => Effect::Allow,
            Some("Deny") => Effect::Deny,
            Some(_) | None => {
                return Err(PolicyError::new("`Effect` must be `Allow` or `Deny`"));
            }
        };
        let actions = Those::read(members, "Action", "NotAction")?;
        for action in actions.items() {
            let named = action.split_once(':');
            let is_action = *action == "*"
                || named.is_some_and(|(service, name)| !service.is_empty() && !name.is_empty());
            if !is_action {
                let message = format!(
                    "`{action}` is not an action: `*` and `lambda:InvokeFunction`, with a service before the colon, are"
                );
                return Err(PolicyError::new(message));
            }
        }
        let resources = Those::read(members, "Resource", "NotResource")?;
        for text in actions.items().chain(resources.items()) {
            if text.contains("${") {
                let message = format!("the policy variable in `{text}` is not supported");
                return Err(PolicyError::new(message));
            }
        }
        let conditions = members.get("Condition").map(condition::read).transpose()?;
        Ok(Self {
            effect,
            actions,
            resources,
            conditions: conditions.unwrap_or_default(),
        })
    }

    fn deny_all() -> Self {
        Self {
            effect: Effect::Deny,
            actions: Those::Named(vec!["*".to_owned()]),
            resources: Those::Named(vec!["*".to_owned()]),
            conditions: Vec::new(),
        }
    }
}

impl Those {
    fn read(members: &Map<String, Value>, named: &str, others: &str) -> Result<Self, PolicyError> {
        match (members.get(named), members.get(others)) {
            (Some(value), None) => texts(named, value).map(Self::Named),
            (None, Some(value)) => texts(others, value).map(Self::Others),
            (Some(_), Some(_)) | (None, None) => Err(PolicyError::new(format!(
                "a statement needs either `{named}` or `{others}`"
            ))),
        }
    }

    pub fn items(&self) -> impl Iterator<Item = &String> {
        match self {
            Self::Named(items) | Self::Others(items) => items.iter(),
        }
    }

    /// Whether these are all actions or resources.
    pub fn are_all(&self) -> bool {
        let is_all = |item: &String| !item.is_empty() && item.bytes().all(|byte| byte == b'*');
        match self {
            Self::Named(items) => items.iter().any(is_all),
            Self::Others(_) => false,
        }
    }

    /// Whether the statement applies; `fits` says whether a pattern matches.
    pub fn are_about(&self, fits: impl Fn(&str) -> bool) -> bool {
        match self {
            Self::Named(items) => items.iter().any(|item| fits(item)),
            Self::Others(items) => !items.iter().any(|item| fits(item)),
        }
    }
}

/// A text, or a list of texts.
pub(super) fn texts(name: &str, value: &Value) -> Result<Vec<String>, PolicyError> {
    let wrong = || PolicyError::new(format!("`{name}` must be a text or a list of texts"));
    let items = match value {
        Value::Array(items) if items.len() > ITEMS_MAX => {
            let message = format!("`{name}` has at most {ITEMS_MAX} values");
            return Err(PolicyError::new(message));
        }
        Value::Array(items) if !items.is_empty() => items.as_slice(),
        one @ Value::String(_) => std::slice::from_ref(one),
        _ => return Err(wrong()),
    };
    let texts = items.iter().map(|item| item.as_str().map(str::to_owned));
    texts.collect::<Option<_>>().ok_or_else(wrong)
}
