//! `Conditions`: whether each of them holds.

use serde_json::Value;

use crate::limits::CONDITION_DEPTH_MAX;

use super::expand::Expander;
use super::reference::references;
use super::words::{did_you_mean, shorten};
use super::{Entry, Function, Node, Reported};

/// What is known about a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// Under evaluation. Reaching it again means that the conditions are cyclic.
    Open,
    Holds(bool),
    /// A problem stands in the way.
    Reported,
}

impl<'a> Expander<'a> {
    /// Decides every condition, also those that nothing asks for: a wrong one is a problem.
    pub fn decide_all(&self, resources: &[Entry]) {
        for entry in self.conditions {
            let reference = references(&entry.value).into_iter().find(|reference| {
                let name = reference.name.split('.').next().unwrap_or_default();
                resources.iter().any(|resource| &*resource.key == name)
            });
            if let Some(reference) = reference {
                self.report.problem(
                    reference.span(self.report),
                    format!(
                        "condition `{}` refers to resource `{}`",
                        shorten(&entry.key),
                        shorten(reference.name)
                    ),
                    "a resource",
                    "conditions are decided before there is any resource: use parameters",
                );
                self.decided
                    .borrow_mut()
                    .insert(&entry.key, Decision::Reported);
            }
        }
        for entry in self.conditions {
            // What is wrong is in the report.
            let _decided = self.decide(entry);
        }
    }

    /// Whether the condition that a node names holds.
    pub fn named(&self, node: &Node) -> Result<bool, Reported> {
        let Some(name) = node.text() else {
            return Err(self.report.problem(
                node.span,
                "a condition must be given by its name",
                node.describe(),
                "write the condition under `Conditions`, and its name here",
            ));
        };
        let found = self.conditions.iter().find(|entry| &*entry.key == name);
        let Some(entry) = found else {
            let names = self.conditions.iter().map(|entry| &*entry.key);
            return Err(self.report.problem(
                node.span,
                format!("`{}` is not among `Conditions`", shorten(name)),
                "no such condition",
                did_you_mean(name, names, "add it there"),
            ));
        };
        self.decide(entry)
    }

    fn decide(&self, entry: &'a Entry) -> Result<bool, Reported> {
        let known = self.decided.borrow().get(&*entry.key).copied();
        match known {
            Some(Decision::Holds(holds)) => return Ok(holds),
            Some(Decision::Reported) => return Err(Reported),
            Some(Decision::Open) => {
                return Err(self.report.problem(
                    entry.key_span,
                    format!("condition `{}` depends on itself", shorten(&entry.key)),
                    "goes in a circle",
                    "decide it by parameters",
                ));
            }
            None => {}
        }
        if self.depth.get() >= CONDITION_DEPTH_MAX {
            return Err(self.report.problem(
                entry.key_span,
                format!("conditions depend on each other more than {CONDITION_DEPTH_MAX} deep"),
                "the limit is passed here",
                "decide some of them by parameters",
            ));
        }
        let set = |decision| self.decided.borrow_mut().insert(&entry.key, decision);
        set(Decision::Open);
        let outer = self.current.replace(entry.key.clone());
        self.depth.set(self.depth.get() + 1);
        let holds = self.holds(&entry.value);
        self.depth.set(self.depth.get() - 1);
        self.current.replace(outer);
        set(holds.map_or(Decision::Reported, Decision::Holds));
        holds
    }

    fn holds(&self, node: &Node) -> Result<bool, Reported> {
        if let Some([entry]) = node.entries()
            && &*entry.key == "Condition"
        {
            return self.named(&entry.value);
        }
        let Some(call) = node.call() else {
            return Err(self.no_condition(node));
        };
        let (function, argument) = (call.function, &*call.argument);
        match function {
            Function::Condition => self.named(argument),
            Function::Equals => {
                let [left, right] = self.resolver.arguments(argument, function)?;
                Ok(self.operand(left)? == self.operand(right)?)
            }
            Function::Not => {
                let [condition] = self.resolver.arguments(argument, function)?;
                Ok(!self.holds(condition)?)
            }
            Function::And | Function::Or => {
                let items = argument.items().filter(|it| (2..=10).contains(&it.len()));
                let items = items.ok_or_else(|| self.resolver.malformed(argument, function))?;
                // All of them are looked at, so that all that is wrong is reported.
                let holds: Vec<_> = items.iter().map(|item| self.holds(item)).collect();
                let holds: Vec<bool> = holds.into_iter().collect::<Result<_, _>>()?;
                Ok(match function {
                    Function::And => holds.iter().all(|it| *it),
                    _ => holds.contains(&true),
                })
            }
            _ => Err(self.no_condition(node)),
        }
    }

    fn no_condition(&self, node: &Node) -> Reported {
        let current = self.current.borrow();
        self.report.problem(
            node.span,
            format!("condition `{}` cannot be decided", shorten(&current)),
            node.describe(),
            "a condition is made of `!Equals`, `!And`, `!Or`, `!Not` and `!Condition`",
        )
    }

    /// A side of `!Equals`. Numbers and booleans are compared as the texts that parameters are.
    fn operand(&self, node: &Node) -> Result<Value, Reported> {
        if node.text().is_some() {
            return self.text(node, "Fn::Equals").map(Value::String);
        }
        let current = self.current.borrow().clone();
        let place = self.place(&current, "Fn::Equals");
        let value = self.resolver.value(&self.node(node), place)?;
        Ok(match value.unwrap_or(Value::Null) {
            Value::Bool(boolean) => Value::String(boolean.to_string()),
            Value::Number(number) => Value::String(number.to_string()),
            other => other,
        })
    }
}
