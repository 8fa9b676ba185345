//! Executions for tests.

#![allow(dead_code, reason = "no test uses all of it")]

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use engine::{Chance, Context, Transition};
use model::{
    ExecutionArn, ExecutionId, ExecutionName, ExecutionSpec, FunctionArn, FunctionName, Limits,
    OperationId, OperationType, OperationUpdate, Payload, Timestamp, Trigger, UpdateAction,
    Version,
};
use store::conformance::Subject;

/// Longer than the store itself waits for anything, several times over.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The output, or a panic after [`PATIENCE`].
pub async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("the store answers in time")
}

/// The start of an execution whose id is its name.
pub fn start(name: &str) -> Arc<Transition> {
    let started_at = Timestamp::from_millis(1_790_000_000_000);
    let function = FunctionArn {
        partition: "aws".into(),
        region: "us-east-1".into(),
        account_id: "000000000000".into(),
        name: FunctionName::parse("Loan").expect("a valid name"),
    };
    let spec = ExecutionSpec {
        arn: ExecutionArn {
            function,
            version: Version::Published(1),
            name: ExecutionName::parse(name).expect("a valid name"),
            id: ExecutionId::parse(name).expect("a valid id"),
        },
        started_at,
        input: None,
        execution_timeout_seconds: 36_000,
        retention_days: 7,
        result_bytes_max: 1024 * 1024,
        trace_header: None,
        tenant_id: None,
        trigger: Trigger::Invoke,
    };
    let context = Context {
        now: started_at,
        chance: Chance::new(name.len() as u64, 7),
        limits: &Limits::AWS,
        owner: model::Owner(1),
    };
    Arc::new(engine::start(spec, context))
}

/// The next step of an execution, begun and ended with this result; not absorbed.
pub fn step(subject: &mut Subject, result: Payload) -> Arc<Transition> {
    let id = format!("step-{}", subject.execution.state.operation_count);
    let update = |action, payload| OperationUpdate {
        name: Some(id.clone()),
        sub_type: Some("Step".to_owned()),
        payload,
        ..OperationUpdate::new(
            OperationId::parse(&id).expect("a valid id"),
            OperationType::Step,
            action,
        )
    };
    let updates = vec![
        update(UpdateAction::Start, None),
        update(UpdateAction::Succeed, Some(result)),
    ];
    let input = subject
        .checkpoint(updates)
        .expect("an invocation is active");
    subject.transition(input).expect("the step is accepted")
}
