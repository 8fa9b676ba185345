//! The damage of a store: everything that the engine never leaves behind.

mod execution;
mod told;

use std::collections::BTreeSet;

use model::{ChainedTarget, ExecutionId, FunctionName, OperationDetails, OperationStatus, Version};
use serde::Serialize;
use store::AuditRecord;

use crate::{Item, Sink, TransferError, Whole};

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// The item, with its id.
    pub of: String,
    /// The damage.
    pub problem: String,
}

/// The findings of a check.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Findings {
    /// The first of them.
    pub first: Vec<Finding>,
    /// How many there are.
    pub count: u64,
}

/// Findings that are kept.
const FINDINGS_MAX: usize = 1000;

/// Checks the items that are put into it, and keeps only its findings.
#[derive(Debug, Default)]
pub struct Examine {
    findings: Findings,
    versions: BTreeSet<(FunctionName, Version)>,
    aliases: Vec<(FunctionName, String, Version)>,
    /// Versions that something open needs, and the first that does.
    needed: std::collections::BTreeMap<(FunctionName, Version), String>,
    /// Executions that are set aside and have not come by.
    set_aside: BTreeSet<ExecutionId>,
}

impl Examine {
    /// Notes something else that is wrong.
    pub fn note(&mut self, of: impl Into<String>, problem: impl Into<String>) {
        self.findings.count += 1;
        if self.findings.first.len() < FINDINGS_MAX {
            self.findings.first.push(Finding {
                of: of.into(),
                problem: problem.into(),
            });
        }
    }

    /// Runs the checks that need all items.
    pub fn finish(mut self) -> Findings {
        for (function, version) in std::mem::take(&mut self.needed) {
            if self.versions.contains(&function) {
                continue;
            }
            let (function, number) = function;
            self.note(
                format!("version {number} of function `{function}`"),
                format!("it is not there, and {version} needs it"),
            );
        }
        for (function, alias, version) in std::mem::take(&mut self.aliases) {
            if !self.versions.contains(&(function.clone(), version.clone())) {
                self.note(
                    format!("alias `{alias}` of function `{function}`"),
                    format!("it points to version {version}, which is not there"),
                );
            }
        }
        for id in std::mem::take(&mut self.set_aside) {
            self.note(
                format!("execution `{id}`"),
                "it is set aside, and it is not there or cannot be read",
            );
        }
        self.findings
    }

    /// Checks a text that is kept as a JSON object.
    fn document(&mut self, of: impl FnOnce() -> String, what: &str, text: &str) {
        let problem = match serde_json::from_str::<serde_json::Value>(text) {
            Ok(serde_json::Value::Object(_)) => return,
            Ok(_) => "it is not an object".to_owned(),
            Err(error) => error.to_string(),
        };
        self.note(of(), format!("its {what} cannot be read: {problem}"));
    }

    fn need(&mut self, function: &FunctionName, version: &Version, by: impl FnOnce() -> String) {
        let key = (function.clone(), version.clone());
        self.needed.entry(key).or_insert_with(by);
    }

    fn execution(&mut self, whole: &Whole) {
        let execution = whole.execution();
        let arn = &execution.spec.arn;
        self.set_aside.remove(&arn.id);
        let of = || format!("execution `{arn}`");
        for problem in execution::problems(whole) {
            self.note(of(), problem);
        }
        if execution.state.outcome.is_some() {
            return;
        }
        self.need(&arn.function.name, &arn.version, of);
        for operation in execution.operations() {
            if let OperationDetails::ChainedInvoke {
                target:
                    ChainedTarget::Durable {
                        function, version, ..
                    }
                    | ChainedTarget::Plain { function, version },
                ..
            } = &operation.details
                && operation.status == OperationStatus::Started
            {
                self.need(function, version, of);
            }
        }
    }
}

impl Sink for Examine {
    async fn put(&mut self, item: Item) -> Result<(), TransferError> {
        match item {
            Item::FunctionVersion(record) => {
                let what = || {
                    format!(
                        "version {} of function `{}`",
                        record.version, record.function
                    )
                };
                self.document(what, "configuration", &record.configuration);
                self.versions.insert((record.function, record.version));
            }
            Item::FunctionSettings(record) => {
                let what = || format!("function `{}`", record.function);
                self.document(what, "settings", &record.settings);
            }
            Item::Stack(record) => {
                let what = || format!("stack `{}`", record.name);
                self.document(what, "document", &record.document);
            }
            Item::Audit(record) => {
                // It is listed by the time in its id.
                if !record.id.starts_with(&AuditRecord::id_at(record.at)) {
                    let what = format!("record of a change `{}`", record.id);
                    self.note(what, "its id is not of the time that it has");
                }
            }
            Item::Alias(alias) => {
                let alias = (alias.function, alias.name, alias.version);
                self.aliases.push(alias);
            }
            Item::Accepted(accepted) => {
                let by = || format!("accepted invocation `{}`", accepted.request_id);
                self.need(&accepted.function, &accepted.version, by);
            }
            Item::SetAside(record) => {
                self.set_aside.insert(record.execution_id);
            }
            Item::Execution(whole) => self.execution(&whole),
            Item::Code { .. }
            | Item::AccessKey(_)
            | Item::ScheduleMark(_)
            | Item::DeadLetter(_)
            | Item::File { .. }
            | Item::FileBytes(_) => {}
        }
        Ok(())
    }
}
