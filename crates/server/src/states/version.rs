//! `PublishStateMachineVersion`, `ListStateMachineVersions`, `DeleteStateMachineVersion`.

use std::sync::Arc;

use model::{
    EventSource, EventSourceKind, ExecutionArn, FunctionName, Timestamp, Trigger, Version,
};
use serde_json::{Value, json};

use super::error::{StatesError, optional, required};
use super::machine::{Machine, check_stays, find_whole, newest, seconds};
use super::name::{function, invalid, machine};
use super::page::page;
use crate::app::App;
use crate::functions::{CatalogueChanges, MachineVersion};

/// Versions of one machine. Source: Step Functions service quotas.
const VERSIONS_MAX: usize = 1_000;
/// Characters of a description. Source: service model, `VersionDescription` and `AliasDescription`.
pub(super) const DESCRIPTION_MAX: usize = 256;

pub(super) async fn publish(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    let arn = required(input, "stateMachineArn")?.to_owned();
    find_whole(app, &arn)?;
    let description = optional(input, "description")?.unwrap_or_default();
    check_description(description)?;
    let (description, revision) = (
        description.to_owned(),
        optional(input, "revisionId")?.map(str::to_owned),
    );
    app.change(move |app, changes| {
        Box::pin(async move {
            let machine = find_whole(app, &arn)?;
            check_stays(&machine, &arn)?;
            if revision.is_some() && revision != machine.version.configuration.revision_id {
                return Err(StatesError::conflict(format!(
                    "Failed to publish the State Machine version for revision {}: it is not the current one.",
                    revision.unwrap_or_default()
                )));
            }
            let number = publish_in(app, changes, &machine.name, Some(description)).await?;
            let missing = || StatesError::no_machine(&arn);
            let machine = newest(app, machine.name).ok_or_else(missing)?;
            let number = number.ok_or_else(missing)?;
            let kept = machine.kept();
            let version = kept.versions.get(&number).ok_or_else(missing)?;
            Ok(json!({
                "stateMachineVersionArn": format!("{arn}:{number}"),
                "creationDate": seconds(Timestamp::from_millis(version.created_at)),
            }))
        })
    })
    .await
}

pub(super) fn check_description(description: &str) -> Result<(), StatesError> {
    if description.chars().count() <= DESCRIPTION_MAX {
        return Ok(());
    }
    Err(StatesError::validation(format!(
        "The description has more than {DESCRIPTION_MAX} characters."
    )))
}

/// Publishes the newest revision if there is a `description`: returns its version number, which it may have already.
pub(super) async fn publish_in(
    app: &App,
    changes: &CatalogueChanges<'_>,
    name: &FunctionName,
    description: Option<String>,
) -> Result<Option<u64>, StatesError> {
    let Some(description) = description else {
        return Ok(None);
    };
    let machine = newest(app, name.clone());
    let machine = machine.ok_or_else(|| StatesError::no_machine(name.as_str()))?;
    if let Some(number) = machine.published() {
        return Ok(Some(number));
    }
    let Version::Published(function_version) = machine.version.version else {
        return Err(StatesError::no_machine(name.as_str()));
    };
    let mut settings = machine.settings.as_ref().clone();
    let kept = settings.machine.get_or_insert_default();
    if kept.versions.len() >= VERSIONS_MAX {
        let message = format!("A state machine has {VERSIONS_MAX} versions at the most.");
        return Err(StatesError::new("ServiceQuotaExceededException", message));
    }
    let number = kept.last_version + 1;
    kept.last_version = number;
    kept.versions.insert(
        number,
        MachineVersion {
            function_version,
            description,
            created_at: changes.now().as_millis(),
        },
    );
    changes.put_settings(name, settings).await?;
    Ok(Some(number))
}

pub(super) fn list(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    let machine = find_whole(app, required(input, "stateMachineArn")?)?;
    let arn = machine.arn(app);
    let kept = machine.kept();
    let newest_first = kept.versions.iter().rev().map(|(number, version)| {
        json!({
            "stateMachineVersionArn": format!("{arn}:{number}"),
            "creationDate": seconds(Timestamp::from_millis(version.created_at)),
        })
    });
    page(input, "stateMachineVersions", newest_first.collect())
}

pub(super) async fn delete(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    let arn = required(input, "stateMachineVersionArn")?.to_owned();
    let reference = machine(&arn)?;
    let number = reference.qualifier.and_then(|it| it.parse().ok());
    let number: u64 = number.ok_or_else(|| invalid(&arn))?;
    let name = function(reference.name);
    // A missing version counts as deleted.
    let Some(name) = name.filter(|name| newest(app, name.clone()).is_some()) else {
        return Ok(json!({}));
    };
    app.change(move |app, changes| {
        Box::pin(async move {
            let mut settings = app.registry.settings(&name).as_ref().clone();
            let kept = settings.machine.get_or_insert_default();
            let leads_there = |routes: &[crate::functions::MachineRoute]| {
                routes.iter().any(|route| route.version == number)
            };
            let alias = kept.aliases.iter().find(|it| leads_there(&it.1.routes));
            if let Some((alias, _)) = alias {
                return Err(StatesError::conflict(format!(
                    "Version to be deleted must not be referenced by an alias. Current list of aliases referencing this \
                     version: [{alias}]"
                )));
            }
            kept.versions.remove(&number);
            changes.put_settings(&name, settings).await?;
            Ok(json!({}))
        })
    })
    .await
}

/// Shows the version or alias that an execution was started by, and the version that the alias led to. An execution
/// that was started without either shows neither. Source: API reference, `DescribeExecution`.
pub(super) async fn started_by(
    app: &App,
    machine: &Machine,
    durable: &str,
    shown: &mut Value,
) -> Result<(), StatesError> {
    // Most machines have no versions.
    if machine.kept().last_version == 0 {
        return Ok(());
    }
    let Ok(arn) = durable.parse::<ExecutionArn>() else {
        return Ok(());
    };
    let execution = app.driver.store().summary(&arn.id).await?;
    let Some(Trigger::EventSource(EventSource {
        kind: EventSourceKind::StateMachine,
        name,
    })) = execution.map(|it| it.spec.trigger.clone())
    else {
        return Ok(());
    };
    let whole = machine.arn(app);
    let qualifier = name.rsplit(':').next().unwrap_or_default();
    let mut version = qualifier.parse::<u64>().ok();
    if version.is_none() {
        shown["stateMachineAliasArn"] = json!(format!("{whole}:{qualifier}"));
        version = machine.at(app, &arn.version).and_then(|it| it.published());
    }
    if let Some(version) = version {
        shown["stateMachineVersionArn"] = json!(format!("{whole}:{version}"));
    }
    Ok(())
}
