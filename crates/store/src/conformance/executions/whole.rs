//! Executions that are written whole, as a restore does.

use std::sync::Arc;

use engine::{Input, Transition};
use model::ErrorObject;

use super::exact;
use crate::conformance::subject::{Subject, spec};
use crate::{CommitError, MemoryStore, Store};

/// Everything that happened to it so far in one transition, and the next input in another.
pub(super) async fn a_whole_execution_is_written_as_it_stands(store: &dyn Store) {
    let elsewhere = MemoryStore::new();
    let mut subject = Subject::start(&elsewhere, spec("Loan", "moved", "id-moved")).await;
    exact::contexts_and_steps(&elsewhere, &mut subject).await;
    exact::waits_and_callbacks(&elsewhere, &mut subject).await;
    exact::chained_invokes(&elsewhere, &mut subject).await;
    let version = subject.execution.state.version;
    assert!(version > 10, "it has come some way: {version}");

    let whole = Arc::new(Transition::whole(
        &subject.execution,
        subject.events.clone(),
    ));
    store.commit(Arc::clone(&whole)).await.expect("it is new");
    subject.check(store).await;
    let again = store.commit(whole).await;
    assert!(
        matches!(again, Err(CommitError::VersionConflict(_))),
        "{again:?}"
    );
    let owed = store.deadlines(model::Shards::ALL, 10).await;
    let next = subject.execution.state.next_deadline.as_ref();
    let next = next.map(|next| (next.at, subject.execution.spec.arn.id.clone()));
    assert_eq!(owed.expect("works").first(), next.as_ref());

    let error = ErrorObject::new("Stopped", "by a person");
    subject.apply(store, Input::Stop { error }).await;
}
