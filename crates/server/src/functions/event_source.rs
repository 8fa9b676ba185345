//! Event source mappings: which queue a function processes, and how far it has got.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::{FunctionName, Timestamp};
use serde::{Deserialize, Serialize};
use stack::EventSourceResource;
use store::{Catalogue, StoreFault};
use tokio::sync::Notify;

use super::Registry;

/// One mapping, as it is stored with its function. Members that an older server did not write have their
/// defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct EventSourceMapping {
    pub uuid: String,
    pub queue_arn: String,
    /// The alias or version; none: `$LATEST`.
    pub qualifier: Option<String>,
    pub enabled: bool,
    pub batch_size: u32,
    pub window_seconds: u32,
    /// Invocations at a time, where it says so.
    pub concurrency_max: Option<u32>,
    /// `ReportBatchItemFailures`.
    pub reports_failures: bool,
    /// Patterns, as they were written: one that matches is enough, and without any all do.
    pub filters: Vec<String>,
    /// Milliseconds since 1970.
    pub created_at: i64,
    pub modified_at: i64,
    /// Whether a template gave it: then it goes when the template no longer says so.
    pub from_template: bool,
    /// Deleted, and only waits for the batches at work.
    pub deleting: bool,
}

impl EventSourceMapping {
    /// Whether the two are read alike.
    pub fn is_read_as(&self, other: &Self) -> bool {
        let comparable = |it: &Self| Self {
            created_at: 0,
            modified_at: 0,
            from_template: false,
            ..it.clone()
        };
        comparable(self) == comparable(other)
    }

    fn from_resource(resource: &EventSourceResource, now: Timestamp) -> Self {
        Self {
            uuid: resource.uuid.clone(),
            queue_arn: resource.source_arn.clone(),
            qualifier: resource.qualifier.clone(),
            enabled: resource.enabled,
            batch_size: resource.batch_size,
            window_seconds: resource.window_seconds,
            concurrency_max: resource.concurrency_max,
            reports_failures: resource.reports_failures,
            filters: resource.filters.clone(),
            created_at: now.as_millis(),
            modified_at: now.as_millis(),
            from_template: true,
            deleting: false,
        }
    }
}

/// How the mappings fare that are read, by their ids. In memory: a restart reads them anew.
#[derive(Debug, Default)]
pub(crate) struct EventSourceStates {
    states: Mutex<BTreeMap<String, EventSourceState>>,
    changed: Notify,
}

/// How one mapping fares.
#[derive(Debug, Clone, Default)]
pub(crate) struct EventSourceState {
    /// What is read, while it is.
    pub reading: Option<EventSourceMapping>,
    /// What came of the last batch, in AWS's words.
    pub last_result: Option<String>,
}

impl EventSourceStates {
    pub fn of(&self, uuid: &str) -> EventSourceState {
        self.states().get(uuid).cloned().unwrap_or_default()
    }

    pub fn set_reading(&self, mapping: &EventSourceMapping) {
        let mut states = self.states();
        let state = states.entry(mapping.uuid.clone()).or_default();
        state.reading = Some(mapping.clone());
    }

    pub fn set_stopped(&self, uuid: &str) {
        if let Some(state) = self.states().get_mut(uuid) {
            state.reading = None;
        }
    }

    pub fn set_result(&self, uuid: &str, result: String) {
        if let Some(state) = self.states().get_mut(uuid) {
            state.last_result = Some(result);
        }
    }

    pub fn forget(&self, uuid: &str) {
        self.states().remove(uuid);
    }

    /// Makes the reader of the queues look again which queues there are.
    pub fn note_change(&self) {
        self.changed.notify_one();
    }

    pub async fn change(&self) {
        self.changed.notified().await;
    }

    fn states(&self) -> MutexGuard<'_, BTreeMap<String, EventSourceState>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registry {
    /// All mappings of all functions.
    pub fn event_sources(&self) -> Vec<(FunctionName, EventSourceMapping)> {
        let names = self.names().into_iter();
        let of = |name: FunctionName| {
            let settings = self.settings(&name);
            let mappings = settings.event_sources.clone().into_iter();
            mappings
                .map(|mapping| (name.clone(), mapping))
                .collect::<Vec<_>>()
        };
        names.flat_map(of).collect()
    }

    /// Makes the mappings those of a template: `resources` are all of them, by function. What was made by
    /// other means stays, and so does a mapping that the template has not changed.
    pub async fn deploy_event_sources(
        &self,
        store: &dyn Catalogue,
        resources: &BTreeMap<FunctionName, Vec<&EventSourceResource>>,
        now: Timestamp,
    ) -> Result<(), StoreFault> {
        let _changing = self.changes.lock().await;
        for name in self.names() {
            let before = self.settings(&name);
            let mut settings = before.as_ref().clone();
            let given = resources.get(&name).map(Vec::as_slice).unwrap_or_default();
            settings.event_sources = replaced(&before.event_sources, given, now);
            if settings == *before {
                continue;
            }
            store
                .put_function_settings(settings.to_record(&name))
                .await?;
            self.insert_settings(&name, settings);
        }
        self.event_source_states.note_change();
        Ok(())
    }
}

fn replaced(
    before: &[EventSourceMapping],
    given: &[&EventSourceResource],
    now: Timestamp,
) -> Vec<EventSourceMapping> {
    let kept = before
        .iter()
        .filter(|it| !it.from_template && !given.iter().any(|resource| resource.uuid == it.uuid));
    let made = given.iter().map(|resource| {
        let fresh = EventSourceMapping::from_resource(resource, now);
        match before.iter().find(|it| it.uuid == fresh.uuid) {
            // So that a deployment that changes nothing writes nothing.
            Some(same) if same.is_read_as(&fresh) && same.from_template => same.clone(),
            Some(other) => EventSourceMapping {
                created_at: other.created_at,
                ..fresh
            },
            None => fresh,
        }
    });
    let gone = before
        .iter()
        .filter(|it| it.from_template && !given.iter().any(|resource| resource.uuid == it.uuid));
    // One that is gone ends as a deleted one does: behind the batches at work.
    let gone = gone.map(|it| EventSourceMapping {
        deleting: true,
        ..it.clone()
    });
    kept.cloned().chain(made).chain(gone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(uuid: &str, batch_size: u32) -> EventSourceResource {
        EventSourceResource {
            logical_id: "Jobs".to_owned(),
            function: "F".to_owned(),
            qualifier: None,
            uuid: uuid.to_owned(),
            source_arn: "arn:aws:sqs:us-east-1:000000000000:jobs".to_owned(),
            enabled: true,
            batch_size,
            window_seconds: 0,
            concurrency_max: None,
            reports_failures: false,
            filters: Vec::new(),
        }
    }

    #[test]
    fn a_template_gives_and_takes_its_own_mappings() {
        let at = Timestamp::from_millis;
        let by_hand = EventSourceMapping {
            uuid: "by-hand".to_owned(),
            ..EventSourceMapping::default()
        };
        let first = replaced(&[by_hand], &[&resource("own", 10)], at(1));
        let ids: Vec<&str> = first.iter().map(|it| it.uuid.as_str()).collect();
        assert_eq!(ids, ["by-hand", "own"]);
        let same = replaced(&first, &[&resource("own", 10)], at(2));
        assert_eq!(same, first, "what did not change is not written");
        let changed = replaced(&first, &[&resource("own", 5)], at(2));
        assert_eq!((changed[1].created_at, changed[1].modified_at), (1, 2));
        let gone = replaced(&first, &[], at(3));
        let deleting: Vec<bool> = gone.iter().map(|it| it.deleting).collect();
        assert_eq!(deleting, [false, true], "what was made by hand stays");
    }
}
