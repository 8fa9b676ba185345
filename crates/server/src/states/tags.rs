//! Tags of machines and activities.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::FunctionName;
use serde_json::{Value, json};

use super::error::{StatesError, required};
use super::machine::newest;
use super::name::{activity, function, invalid, machine};
use crate::app::App;

/// Tags of one machine or activity, and characters of a key and a value. Source: Step Functions service quotas.
const TAGS_MAX: usize = 50;
const KEY_MAX: usize = 128;
const VALUE_MAX: usize = 256;

/// The tags in a request.
pub(super) fn tags(input: &Value) -> Result<BTreeMap<String, String>, StatesError> {
    let mut tags = BTreeMap::new();
    let given = input.get("tags").and_then(Value::as_array);
    for tag in given.into_iter().flatten() {
        let key = required(tag, "key")?;
        let value = tag.get("value").and_then(Value::as_str).unwrap_or_default();
        let fits =
            (1..=KEY_MAX).contains(&key.chars().count()) && value.chars().count() <= VALUE_MAX;
        if !fits {
            return Err(StatesError::validation(format!(
                "The tag '{key}' is too long: keys have 1 to {KEY_MAX} characters, values up to {VALUE_MAX}."
            )));
        }
        tags.insert(key.to_owned(), value.to_owned());
    }
    check_number(&tags).map(|()| tags)
}

fn check_number(tags: &BTreeMap<String, String>) -> Result<(), StatesError> {
    if tags.len() <= TAGS_MAX {
        return Ok(());
    }
    let message =
        format!("Too many tags: a state machine or activity can have {TAGS_MAX} of them.");
    Err(StatesError::new("TooManyTags", message))
}

/// A resource with tags: a machine, whose versions share its tags, or an activity.
enum Tagged {
    Machine(FunctionName),
    Activity(String),
}

fn tagged(app: &App, input: &Value) -> Result<Tagged, StatesError> {
    let arn = required(input, "resourceArn")?;
    let missing = || {
        let message = format!("Resource not found: '{arn}'");
        StatesError::new("ResourceNotFound", message)
    };
    if let Ok(name) = activity(arn) {
        let found = app.registry.activity(name).map(|_| name.to_owned());
        return found.map(Tagged::Activity).ok_or_else(missing);
    }
    let reference = machine(arn)?;
    if reference.qualifier.is_some() {
        return Err(invalid(arn));
    }
    let name = function(reference.name);
    let name = name.filter(|name| newest(app, name.clone()).is_some());
    name.map(Tagged::Machine).ok_or_else(missing)
}

pub(super) fn list(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    let tags = match tagged(app, input)? {
        Tagged::Machine(name) => app.registry.settings(&name).tags.clone(),
        Tagged::Activity(name) => app.registry.activity(&name).unwrap_or_default().tags,
    };
    let tags = tags.iter();
    let tags = tags.map(|(key, value)| json!({ "key": key, "value": value }));
    Ok(json!({ "tags": tags.collect::<Vec<_>>() }))
}

pub(super) async fn tag(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    let new = tags(input)?;
    change(app, input, move |tags| tags.extend(new)).await
}

pub(super) async fn untag(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    let keys = input.get("tagKeys").and_then(Value::as_array);
    let Some(keys) = keys else {
        return Err(StatesError::validation("The list 'tagKeys' is missing."));
    };
    let keys: Vec<String> = keys
        .iter()
        .filter_map(|key| key.as_str().map(str::to_owned))
        .collect();
    change(app, input, move |tags| {
        tags.retain(|key, _| !keys.contains(key))
    })
    .await
}

async fn change(
    app: &Arc<App>,
    input: &Value,
    change: impl FnOnce(&mut BTreeMap<String, String>) + Send + 'static,
) -> Result<Value, StatesError> {
    let tagged = tagged(app, input)?;
    app.change(move |app, changes| {
        Box::pin(async move {
            match tagged {
                Tagged::Machine(name) => {
                    let mut settings = app.registry.settings(&name).as_ref().clone();
                    change(&mut settings.tags);
                    check_number(&settings.tags)?;
                    changes.put_settings(&name, settings).await?;
                }
                Tagged::Activity(name) => {
                    let mut all = app.registry.activities();
                    if let Some(activity) = all.get_mut(&name) {
                        change(&mut activity.tags);
                        check_number(&activity.tags)?;
                        changes.put_activities(all).await?;
                    }
                }
            }
            Ok(json!({}))
        })
    })
    .await
}
