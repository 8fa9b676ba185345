//! Event source mappings of a template: those that the template no longer has are deleted.

use std::collections::BTreeMap;

use model::{FunctionName, Timestamp};
use stack::EventSourceResource;
use store::{Catalogue, StoreFault};

use super::{EventSourceMapping, Registry};

impl Registry {
    /// Makes the mappings those of a template: `resources` are all of them, by function. A mapping that was made by
    /// other means stays, and so does one that the template has not changed.
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
        let fresh = mapping_of(resource, now);
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
    // A removed mapping ends as a deleted one does: after the batches at work.
    let gone = gone.map(|it| EventSourceMapping {
        deleting: true,
        ..it.clone()
    });
    kept.cloned().chain(made).chain(gone).collect()
}

/// A mapping as its template describes it.
fn mapping_of(resource: &EventSourceResource, now: Timestamp) -> EventSourceMapping {
    EventSourceMapping {
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
