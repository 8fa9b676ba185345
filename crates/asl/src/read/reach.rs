//! Checks that every transition has a target, and that every state is reachable.

use std::collections::{BTreeMap, BTreeSet};

use super::fields::Fields;
use crate::definition::{ProblemCode, State, StateKind, Transition};

/// Checks the transitions between states. `object` has all of them, `states` only those that could be read.
pub(super) fn check(
    fields: &Fields<'_>,
    object: &Fields<'_>,
    start_at: Option<&str>,
    states: &BTreeMap<String, State>,
) {
    let is_there = |name: &str| object.has(name);
    if let Some(start_at) = start_at
        && !is_there(start_at)
    {
        no_target(fields, &fields.at("StartAt"), start_at);
    }
    for (name, state) in states {
        for (location, next) in targets(&object.at(name), state) {
            if !is_there(&next) {
                no_target(fields, &location, &next);
            }
        }
    }
    let is_whole = object.members().count() == states.len();
    let Some(start_at) = start_at.filter(|it| is_there(it) && is_whole) else {
        return;
    };
    let mut reached = BTreeSet::from([start_at]);
    let mut todo = vec![start_at.to_owned()];
    while let Some(name) = todo.pop() {
        let Some(state) = states.get(&name) else {
            continue;
        };
        for (_, next) in targets("", state) {
            if let Some((next, _)) = states.get_key_value(&next)
                && reached.insert(next)
            {
                todo.push(next.clone());
            }
        }
    }
    for name in states.keys() {
        if !reached.contains(name.as_str()) {
            let message = format!("no way leads to the state `{name}`");
            fields
                .reader
                .say(ProblemCode::UnreachableState, &object.at(name), message);
        }
    }
    let ends = |state: &State| match &state.kind {
        StateKind::Succeed | StateKind::Fail { .. } => true,
        StateKind::Choice { .. } => false,
        _ => state.next == Transition::End,
    };
    if !states.values().any(ends) {
        let message = "no state ends: one has `\"End\": true` or is a Succeed or Fail state";
        fields
            .reader
            .say(ProblemCode::NoTerminalState, &fields.at("States"), message);
    }
}

/// The names of a state's next states, with their places.
fn targets(at: &str, state: &State) -> Vec<(String, String)> {
    let below = crate::position::below;
    let mut targets = Vec::new();
    if let Transition::Next(next) = &state.next {
        targets.push((below(at, "Next"), next.clone()));
    }
    if let StateKind::Choice { rules, default } = &state.kind {
        for (index, rule) in rules.iter().enumerate() {
            targets.push((format!("{at}/Choices/{index}/Next"), rule.next.clone()));
        }
        targets.extend(
            default
                .iter()
                .map(|next| (below(at, "Default"), next.clone())),
        );
    }
    for (index, catcher) in state.catch.iter().enumerate() {
        targets.push((format!("{at}/Catch/{index}/Next"), catcher.next.clone()));
    }
    targets
}

/// Reports that a state's next state does not exist.
fn no_target(fields: &Fields<'_>, location: &str, next: &str) {
    let message = format!("there is no state `{next}` here");
    fields
        .reader
        .say(ProblemCode::MissingTransitionTarget, location, message);
}
