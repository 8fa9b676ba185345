//! Checks submitted stacks before anything is deployed: other parts assume the rules that the template reader
//! guarantees.

use std::collections::BTreeMap;

use model::FunctionName;
use stack::{AuthorizerKind, Route, Stack};
use wire::ApiError;

use super::document::{Deployed, Submitted};
use super::rollout::conflict;
use crate::functions::Home;

/// Longest name of a stack. Source: CloudFormation API reference, `StackName`, read 2026-11.
const NAME_LENGTH_MAX: usize = 128;

/// Checks rules that do not involve other stacks.
pub(super) fn check(name: &str, submitted: &Submitted, home: &Home) -> Result<(), ApiError> {
    check_name(name)?;
    let Submitted { stack, code } = submitted;
    if stack.name != name {
        return Err(refused(format!(
            "The template was read for stack '{}', and the path names '{name}'.",
            stack.name
        )));
    }
    if (stack.region.as_str(), stack.account_id.as_str()) != (&*home.region, &*home.account_id) {
        return Err(refused(format!(
            "The template was read for region {} and account {}, and this server is in {} and {}.",
            stack.region, stack.account_id, home.region, home.account_id
        )));
    }
    let mut names = std::collections::BTreeSet::new();
    for function in &stack.functions {
        let id = &function.logical_id;
        FunctionName::parse(&function.name)
            .map_err(|error| refused(format!("The name of function '{id}': {error}")))?;
        if function.arn
            != home
                .arn(&FunctionName::parse(&function.name).expect("just parsed"))
                .to_string()
        {
            return Err(refused(format!(
                "Function '{id}' has an ARN of another place: {}",
                function.arn
            )));
        }
        if !names.insert(&function.name) {
            return Err(refused(format!(
                "Two functions are called '{}'.",
                function.name
            )));
        }
        let Some(code) = code.get(id) else {
            return Err(refused(format!("Function '{id}' has no code.")));
        };
        let is_hash = code.sha256.len() == 64
            && code
                .sha256
                .bytes()
                .all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'));
        if !is_hash {
            return Err(refused(format!(
                "The code of '{id}' is not named by a SHA-256."
            )));
        }
    }
    check_references(stack)
}

/// Checks that all references are to functions of the stack.
fn check_references(stack: &Stack) -> Result<(), ApiError> {
    let is_there = |who: &str, function: &str| match stack.function(function) {
        Some(_) => Ok(()),
        None => Err(refused(format!(
            "'{who}' leads to '{function}', which is not a function of the stack."
        ))),
    };
    let routes =
        |who: &str, routes: &[Route]| routes.iter().try_for_each(|it| is_there(who, &it.function));
    for api in &stack.http_apis {
        routes(&api.logical_id, &api.routes)?;
    }
    for api in &stack.rest_apis {
        routes(&api.logical_id, &api.routes)?;
    }
    let http = stack.http_apis.iter().flat_map(|it| it.authorizers.iter());
    let rest = stack.rest_apis.iter().flat_map(|it| it.authorizers.iter());
    for (name, authorizer) in http.chain(rest) {
        if let AuthorizerKind::Lambda { function, .. } = &authorizer.kind {
            is_there(name, function)?;
        }
    }
    for url in &stack.function_urls {
        is_there(&url.logical_id, &url.function)?;
    }
    for schedule in &stack.schedules {
        is_there(&schedule.logical_id, &schedule.function)?;
    }
    for source in &stack.event_sources {
        is_there(&source.logical_id, &source.function)?;
    }
    Ok(())
}

/// Checks that no other stack has one of the names of this one.
pub(super) fn check_names<'a>(
    name: &str,
    stack: &Stack,
    others: impl Iterator<Item = &'a Deployed>,
) -> Result<(), ApiError> {
    let mut owners = BTreeMap::new();
    for other in others.filter(|it| it.name != name) {
        for (kind, named) in names(&other.document.stack) {
            owners.insert((kind, named), other.name.as_str());
        }
    }
    for (kind, named) in names(stack) {
        if let Some(owner) = owners.get(&(kind, named)) {
            return Err(conflict(format!(
                "{kind} '{named}' belongs to stack '{owner}'. Give it another name, or leave the name out of the template."
            )));
        }
    }
    Ok(())
}

fn names(stack: &Stack) -> impl Iterator<Item = (&'static str, &str)> {
    let functions = stack
        .functions
        .iter()
        .map(|it| ("Function", it.name.as_str()));
    let tables = stack.tables.iter().map(|it| ("Table", it.name.as_str()));
    let schedules = stack
        .schedules
        .iter()
        .map(|it| ("Schedule", it.arn.as_str()));
    functions.chain(tables).chain(schedules)
}

/// Checks the name of a stack, by CloudFormation's rules.
pub(super) fn check_name(name: &str) -> Result<(), ApiError> {
    let is_name = name.len() <= NAME_LENGTH_MAX
        && name
            .bytes()
            .next()
            .is_some_and(|it| it.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|it| it.is_ascii_alphanumeric() || it == b'-');
    match is_name {
        true => Ok(()),
        false => Err(refused(format!(
            "'{name}' is not a name of a stack: up to {NAME_LENGTH_MAX} letters, digits and hyphens, a letter first."
        ))),
    }
}

fn refused(message: String) -> ApiError {
    ApiError::invalid_parameter(message)
}
