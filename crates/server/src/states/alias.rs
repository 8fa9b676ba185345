//! Aliases of machines: names for one or two of their versions.

use std::sync::Arc;

use model::{FunctionName, Timestamp};
use serde_json::{Value, json};

use super::error::{StatesError, optional, required};
use super::machine::{check_stays, find_whole, newest, seconds};
use super::name::{function, invalid, machine, machine_arn};
use super::page::page;
use super::version::check_description;
use crate::app::App;
use crate::functions::{MachineAlias, MachineRoute, StateMachineSettings};

/// Aliases of one machine. Source: Step Functions service quotas.
const ALIASES_MAX: usize = 100;
/// Characters of an alias's name. Source: service model, `CharacterRestrictedName`.
const NAME_MAX: usize = 80;

/// The names of a machine and of its alias.
struct AliasReference {
    machine: FunctionName,
    alias: String,
}

fn reference(arn: &str) -> Result<AliasReference, StatesError> {
    let read = machine(arn)?;
    let machine = function(read.name).ok_or_else(|| invalid(arn))?;
    let alias = read.qualifier.filter(|it| is_name(it));
    let alias = alias.ok_or_else(|| invalid(arn))?.to_owned();
    Ok(AliasReference { machine, alias })
}

/// Whether it is a valid name of an alias: a number would be a version.
fn is_name(name: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    (1..=NAME_MAX).contains(&name.len())
        && name.bytes().all(is_word)
        && !name.bytes().all(|byte| byte.is_ascii_digit())
}

fn missing(arn: &str) -> StatesError {
    StatesError::new(
        "ResourceNotFound",
        format!("Request references a resource that does not exist: '{arn}'"),
    )
}

/// The machine and the parts of a routing configuration.
fn routing(input: &Value) -> Result<Option<(FunctionName, Vec<MachineRoute>)>, StatesError> {
    let Some(given) = input.get("routingConfiguration").filter(|it| !it.is_null()) else {
        return Ok(None);
    };
    let given = given.as_array().map(Vec::as_slice).unwrap_or_default();
    if !(1..=2).contains(&given.len()) {
        return Err(StatesError::validation(
            "The routing configuration of an alias has one or two versions.",
        ));
    }
    let mut names: Vec<FunctionName> = Vec::new();
    let mut routes: Vec<MachineRoute> = Vec::new();
    for route in given {
        let arn = required(route, "stateMachineVersionArn")?;
        let read = machine(arn)?;
        let version = read.qualifier.and_then(|it| it.parse().ok());
        let version: u64 = version.ok_or_else(|| invalid(arn))?;
        names.push(function(read.name).ok_or_else(|| invalid(arn))?);
        let weight = route.get("weight").and_then(Value::as_u64);
        let Some(weight) = weight.filter(|weight| *weight <= 100) else {
            return Err(StatesError::validation(format!(
                "The weight of '{arn}' must be a whole number from 0 to 100."
            )));
        };
        routes.push(MachineRoute { version, weight });
    }
    if routes.iter().map(|route| route.weight).sum::<u64>() != 100 {
        return Err(StatesError::validation(
            "Sum of weights in the routing configuration must be 100.",
        ));
    }
    let same_machine = names.iter().all(|name| *name == names[0]);
    let same_version = routes.len() == 2 && routes[0].version == routes[1].version;
    if !same_machine || same_version {
        return Err(StatesError::validation(
            "The versions of a routing configuration must be different ones of the same state machine.",
        ));
    }
    Ok(Some((names.swap_remove(0), routes)))
}

fn check_versions(
    kept: &StateMachineSettings,
    machine_arn: &str,
    routes: &[MachineRoute],
) -> Result<(), StatesError> {
    let unknown = routes
        .iter()
        .find(|it| !kept.versions.contains_key(&it.version));
    match unknown {
        Some(route) => Err(missing(&format!("{machine_arn}:{}", route.version))),
        None => Ok(()),
    }
}

pub(super) async fn create(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    let name = required(input, "name")?.to_owned();
    if !is_name(&name) {
        let message = format!("Invalid Name: '{name}'");
        return Err(StatesError::new("InvalidName", message));
    }
    let description = optional(input, "description")?
        .unwrap_or_default()
        .to_owned();
    check_description(&description)?;
    let Some((machine, routes)) = routing(input)? else {
        return Err(required(input, "routingConfiguration")
            .err()
            .unwrap_or_else(|| StatesError::validation("The routing configuration is missing.")));
    };
    app.change(move |app, changes| {
        Box::pin(async move {
            let arn = machine_arn(&app.registry.home, machine.as_str());
            let found = newest(app, machine.clone()).ok_or_else(|| missing(&arn))?;
            check_stays(&found, &arn)?;
            let mut settings = found.settings.as_ref().clone();
            let kept = settings.machine.get_or_insert_default();
            check_versions(kept, &arn, &routes)?;
            let now = changes.now();
            let alias = match kept.aliases.get(&name) {
                // The same alias again: a repeated request.
                Some(known) if known.routes == routes && known.description == description => {
                    known.clone()
                }
                Some(_) => {
                    return Err(StatesError::conflict(format!(
                        "Failed to create alias because an alias with the same name and a different routing \
                         configuration already exists: '{name}'"
                    )));
                }
                None if kept.aliases.len() >= ALIASES_MAX => {
                    let message = format!("A state machine has {ALIASES_MAX} aliases at the most.");
                    return Err(StatesError::new("ServiceQuotaExceededException", message));
                }
                None => MachineAlias {
                    description,
                    created_at: now.as_millis(),
                    updated_at: now.as_millis(),
                    routes,
                },
            };
            kept.aliases.insert(name.clone(), alias.clone());
            changes.put_settings(&machine, settings).await?;
            Ok(json!({
                "stateMachineAliasArn": format!("{arn}:{name}"),
                "creationDate": seconds(Timestamp::from_millis(alias.created_at)),
            }))
        })
    })
    .await
}

pub(super) async fn update(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    let arn = required(input, "stateMachineAliasArn")?.to_owned();
    let named = reference(&arn)?;
    let description = optional(input, "description")?.map(str::to_owned);
    check_description(description.as_deref().unwrap_or_default())?;
    let routes = match routing(input)? {
        Some((machine, _)) if machine != named.machine => {
            return Err(StatesError::validation(
                "The versions of the routing configuration are those of another state machine.",
            ));
        }
        routes => routes.map(|(_, routes)| routes),
    };
    if description.is_none() && routes.is_none() {
        return Err(StatesError::validation(
            "Either the description or the routing configuration must be specified.",
        ));
    }
    app.change(move |app, changes| {
        Box::pin(async move {
            let found = newest(app, named.machine.clone()).ok_or_else(|| missing(&arn))?;
            check_stays(&found, &arn)?;
            let mut settings = found.settings.as_ref().clone();
            let kept = settings.machine.get_or_insert_default();
            if let Some(routes) = &routes {
                check_versions(kept, &found.arn(app), routes)?;
            }
            let now = changes.now();
            let alias = kept.aliases.get_mut(&named.alias);
            let alias = alias.ok_or_else(|| missing(&arn))?;
            alias.updated_at = now.as_millis();
            if let Some(description) = description {
                alias.description = description;
            }
            if let Some(routes) = routes {
                alias.routes = routes;
            }
            changes.put_settings(&named.machine, settings).await?;
            Ok(json!({ "updateDate": seconds(now) }))
        })
    })
    .await
}

pub(super) fn describe(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    let arn = required(input, "stateMachineAliasArn")?;
    let named = reference(arn)?;
    let found = newest(app, named.machine).ok_or_else(|| missing(arn))?;
    let kept = found.kept();
    let alias = kept.aliases.get(&named.alias).ok_or_else(|| missing(arn))?;
    let machine_arn = found.arn(app);
    let routes = alias.routes.iter().map(|route| {
        json!({
            "stateMachineVersionArn": format!("{machine_arn}:{}", route.version), "weight": route.weight,
        })
    });
    Ok(json!({
        "stateMachineAliasArn": arn,
        "name": named.alias,
        "description": alias.description,
        "routingConfiguration": routes.collect::<Vec<_>>(),
        "creationDate": seconds(Timestamp::from_millis(alias.created_at)),
        "updateDate": seconds(Timestamp::from_millis(alias.updated_at)),
    }))
}

/// All aliases of a machine, or those that lead to a version.
pub(super) fn list(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    let arn = required(input, "stateMachineArn")?;
    let read = machine(arn)?;
    let version: Option<u64> = match read.qualifier {
        None => None,
        Some(qualifier) => Some(qualifier.parse().map_err(|_| invalid(arn))?),
    };
    let whole = machine_arn(&app.registry.home, read.name);
    let found = find_whole(app, &whole)?;
    let kept = found.kept();
    let leads_there = |alias: &MachineAlias| {
        version.is_none_or(|version| alias.routes.iter().any(|it| it.version == version))
    };
    let aliases = kept.aliases.iter().filter(|(_, alias)| leads_there(alias));
    let aliases = aliases.map(|(name, alias)| {
        json!({
            "stateMachineAliasArn": format!("{whole}:{name}"),
            "creationDate": seconds(Timestamp::from_millis(alias.created_at)),
        })
    });
    page(input, "stateMachineAliases", aliases.collect())
}

pub(super) async fn delete(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    let arn = required(input, "stateMachineAliasArn")?.to_owned();
    let named = reference(&arn)?;
    app.change(move |app, changes| {
        Box::pin(async move {
            let found = newest(app, named.machine.clone()).ok_or_else(|| missing(&arn))?;
            let mut settings = found.settings.as_ref().clone();
            let kept = settings.machine.get_or_insert_default();
            if kept.aliases.remove(&named.alias).is_none() {
                return Err(missing(&arn));
            }
            changes.put_settings(&named.machine, settings).await?;
            Ok(json!({}))
        })
    })
    .await
}
