//! Activities: creates, shows and deletes them. Their tasks are in [`super::activity_task`].

use std::sync::Arc;

use model::Timestamp;
use serde_json::{Value, json};
use state_machine::is_activity_name;

use super::error::{StatesError, required};
use super::machine::seconds;
use super::name::{activity, activity_arn};
use super::page::page;
use super::tags::tags;
use crate::app::App;
use crate::functions::Activity;

/// Activities of an account. Source: Step Functions service quotas.
const ACTIVITIES_MAX: usize = 10_000;

/// The name in an activity's ARN, with the activity; an error when it does not exist.
pub(super) fn find<'i>(app: &App, arn: &'i str) -> Result<(&'i str, Activity), StatesError> {
    let name = activity(arn)?;
    let missing = || {
        StatesError::new(
            "ActivityDoesNotExist",
            format!("Activity does not exist: '{arn}'"),
        )
    };
    let found = app.registry.activity(name).ok_or_else(missing)?;
    Ok((name, found))
}

fn at(activity: &Activity) -> f64 {
    seconds(Timestamp::from_millis(activity.created_at))
}

pub(super) async fn create(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    let name = required(input, "name")?.to_owned();
    if !is_activity_name(&name) {
        let message = format!(
            "Invalid Name: '{name}': 1 to 80 letters, digits and -_.!'()+=@ are taken here"
        );
        return Err(StatesError::new("InvalidName", message));
    }
    let tags = tags(input)?;
    app.change(move |app, changes| {
        Box::pin(async move {
            let mut all = app.registry.activities();
            let is_new = !all.contains_key(&name);
            if is_new && all.len() >= ACTIVITIES_MAX {
                let message = format!(
                    "The maximum number of activities has been reached: {ACTIVITIES_MAX}. Delete one."
                );
                return Err(StatesError::new("ActivityLimitExceeded", message));
            }
            let now = changes.now();
            // A second creation leaves it as it is, with its tags. Source: API reference, "CreateActivity".
            let made = all.entry(name.clone()).or_insert_with(|| Activity {
                created_at: now.as_millis(),
                tags,
            });
            let created = at(made);
            changes.put_activities(all).await?;
            let arn = activity_arn(&app.registry.home, &name);
            Ok(json!({ "activityArn": arn, "creationDate": created }))
        })
    })
    .await
}

pub(super) async fn delete(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    let name = activity(required(input, "activityArn")?)?.to_owned();
    app.change(move |app, changes| {
        Box::pin(async move {
            let mut all = app.registry.activities();
            // A missing activity counts as deleted.
            all.remove(&name);
            changes.put_activities(all).await?;
            app.activity_turns.forget(&name);
            Ok(json!({}))
        })
    })
    .await
}

pub(super) fn describe(app: &App, input: &Value) -> Result<Value, StatesError> {
    let arn = required(input, "activityArn")?;
    let (name, found) = find(app, arn)?;
    Ok(json!({ "activityArn": arn, "name": name, "creationDate": at(&found) }))
}

pub(super) fn list(app: &App, input: &Value) -> Result<Value, StatesError> {
    let home = &app.registry.home;
    let all = app.registry.activities();
    let all = all.iter().map(|(name, activity)| {
        json!({ "activityArn": activity_arn(home, name), "name": name, "creationDate": at(activity) })
    });
    page(input, "activities", all.collect())
}
