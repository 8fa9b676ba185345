//! Callers that commit, also when the database fails meanwhile, and know which writes were acknowledged.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use engine::{Chance, Context, Transition};
use model::{
    ExecutionArn, ExecutionId, ExecutionName, ExecutionSpec, FunctionArn, FunctionName, Limits,
    OperationId, OperationType, OperationUpdate, Owner, Payload, RequestId, Shards, Timestamp,
    Trigger, UpdateAction, Version,
};
use store::conformance::Subject;
use store::{AsyncInvocation, AsyncInvocationId, CommitError, Store};

/// When every execution here starts.
pub const BEGINNING: Timestamp = Timestamp::from_millis(1_790_000_000_000);

/// The start of an execution.
pub fn start(function: &str, name: &str, id: &str) -> Arc<Transition> {
    let function = FunctionArn {
        partition: "aws".into(),
        region: "us-east-1".into(),
        account_id: "000000000000".into(),
        name: FunctionName::parse(function).expect("a valid name"),
    };
    let spec = ExecutionSpec {
        arn: ExecutionArn {
            function,
            version: Version::Published(1),
            name: ExecutionName::parse(name).expect("a valid name"),
            id: ExecutionId::parse(id).expect("a valid id"),
        },
        started_at: BEGINNING,
        input: Some(Payload::from("{\"amount\":1}")),
        execution_timeout_seconds: 3600,
        retention_days: 1,
        result_bytes_max: 1024 * 1024,
        trace_header: None,
        tenant_id: None,
        trigger: Trigger::Invoke,
    };
    let context = Context {
        now: BEGINNING,
        chance: Chance::new(7, 8),
        limits: &Limits::AWS,
        owner: Owner(7),
    };
    Arc::new(engine::start(spec, context))
}

/// A step that begins and ends.
pub fn step(subject: &mut Subject, number: usize) -> Arc<Transition> {
    let id = format!("step-{number}");
    let update = |action| OperationUpdate {
        name: Some(id.clone()),
        payload: (action == UpdateAction::Succeed).then(|| Payload::from("\"done\"")),
        ..OperationUpdate::new(
            OperationId::parse(&id).expect("a valid id"),
            OperationType::Step,
            action,
        )
    };
    let updates = vec![update(UpdateAction::Start), update(UpdateAction::Succeed)];
    let input = subject
        .checkpoint(updates)
        .expect("an invocation is active");
    subject
        .transition(input)
        .expect("the engine accepts a step")
}

/// One caller: an execution that is given one step after the other until `stop`. Returns what must be stored.
pub async fn steps(store: Arc<impl Store>, name: String, stop: Arc<AtomicBool>) -> Subject {
    let start = start("Loan", &name, &name);
    until_known(&*store, &start).await;
    let mut subject = Subject::of(&start);
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        let transition = step(&mut subject, number);
        until_known(&*store, &transition).await;
        subject.absorb(&transition);
        number += 1;
    }
    assert!(number > 0, "some steps were committed");
    subject
}

/// Commits, and asks again after an unknown outcome, until it is there.
async fn until_known(store: &impl Store, transition: &Arc<Transition>) {
    let id = &transition.spec.arn.id;
    let mut is_in_doubt = false;
    loop {
        match store.commit(Arc::clone(transition)).await {
            Ok(()) => return,
            Err(CommitError::Fault(fault)) => {
                assert!(fault.retryable, "{fault}: {}", fault.cause);
                is_in_doubt |= fault.outcome_unknown;
            }
            // No other caller changes it: it was there already.
            Err(CommitError::VersionConflict(_)) if is_in_doubt => {
                let head = store.record(id).await;
                let record = head.expect("the store works").expect("it is stored");
                assert_eq!(record.state.version, transition.state.version);
                return;
            }
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// One caller that accepts invocations until `stop`. Returns the acknowledged ones.
pub async fn enqueues(
    store: Arc<impl Store>,
    name: String,
    stop: Arc<AtomicBool>,
) -> Vec<(AsyncInvocationId, String)> {
    let mut accepted = Vec::new();
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        let request_id = format!("{name}-{number}");
        number += 1;
        match store.enqueue(invocation(&request_id)).await {
            Ok(id) => accepted.push((id, request_id)),
            Err(fault) => assert!(fault.retryable, "{fault}: {}", fault.cause),
        }
    }
    accepted
}

/// An invocation that is accepted.
pub fn invocation(request_id: &str) -> AsyncInvocation {
    AsyncInvocation {
        request_id: RequestId::parse(request_id).expect("a valid id"),
        function: FunctionName::parse("Fraud").expect("a valid name"),
        version: Version::Published(3),
        invoked_arn: "arn:aws:lambda:us-east-1:000000000000:function:Fraud:live".to_owned(),
        payload: b"{}".to_vec(),
        client_context: None,
        trace_header: None,
        tenant_id: None,
        accepted_at: BEGINNING,
        attempts: 0,
        not_before: BEGINNING,
    }
}

/// Checks that everything that was acknowledged is there, and nothing twice.
pub async fn check(
    store: &impl Store,
    subjects: Vec<Subject>,
    accepted: Vec<(AsyncInvocationId, String)>,
) {
    for subject in subjects {
        subject.check(store).await;
    }
    let queued = store.queued(Shards::ALL, None, usize::MAX);
    let mut found = std::collections::BTreeMap::new();
    for head in queued.await.expect("the store works") {
        let whole = store.queued_invocation(head.id).await;
        let whole = whole.expect("the store works").expect("it waits");
        let before = found.insert(whole.request_id.to_string(), head.id);
        assert_eq!(before, None, "`{}` is there twice", whole.request_id);
    }
    for (id, request_id) in accepted {
        assert_eq!(
            found.get(&request_id),
            Some(&id),
            "`{request_id}` was acknowledged"
        );
    }
}
