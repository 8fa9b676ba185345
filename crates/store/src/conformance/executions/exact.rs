//! Stored data comes back exactly.

use engine::{ChainedOutcome, Input, InvocationOutcome, Output};
use model::{
    CallbackId, CallbackOptions, ChainedInvoke, ChainedTarget, ClientToken, ErrorObject,
    EventSource, EventSourceKind, ExecutionId, FunctionName, OperationDetails, OperationId,
    OperationType, OperationUpdate, ParentLink, Payload, Trigger, UpdateAction, Version,
};

use crate::Store;
use crate::conformance::subject::{Subject, spec, update};

fn id(text: &str) -> OperationId {
    OperationId::parse(text).expect("a valid id")
}

fn step(id: &str, action: UpdateAction) -> OperationUpdate {
    update(id, OperationType::Step, action)
}

fn full_error() -> ErrorObject {
    ErrorObject {
        message: Some("it said \"no\"\nand left".to_owned()),
        error_type: Some("Refused".to_owned()),
        data: Some("{\"code\":7}".to_owned()),
        stack_trace: Some(vec![
            "at a,b".to_owned(),
            String::new(),
            "line\nbreak".to_owned(),
        ]),
    }
}

/// The id that an outside party would present.
fn callback_id(subject: &Subject, operation: &str) -> CallbackId {
    let operation = subject.execution.operation(&id(operation));
    match &operation.expect("it was started").details {
        OperationDetails::Callback { callback_id, .. } => callback_id.clone(),
        other => panic!("{other:?}"),
    }
}

fn callback(id: &str, options: CallbackOptions) -> OperationUpdate {
    OperationUpdate {
        name: Some("approval create callback id".to_owned()),
        callback_options: Some(options),
        ..update(id, OperationType::Callback, UpdateAction::Start)
    }
}

fn chained(id: &str, target: Result<ChainedTarget, ErrorObject>) -> OperationUpdate {
    OperationUpdate {
        payload: Some(Payload::from("{\"to\":\"child\"}")),
        chained_invoke: Some(ChainedInvoke {
            function_name: "arn:aws:lambda:us-east-1:000000000000:function:Fraud:live".to_owned(),
            tenant_id: Some("tenant".to_owned()),
            trace_header: Some("Root=1-5759e988-bd862e3fe1be46a994272793".to_owned()),
            target,
        }),
        ..update(id, OperationType::ChainedInvoke, UpdateAction::Start)
    }
}

pub(super) async fn every_type_of_operation_survives(store: &dyn Store) {
    let mut subject = Subject::start(store, spec("Loan", "one", "id-1")).await;
    contexts_and_steps(store, &mut subject).await;
    waits_and_callbacks(store, &mut subject).await;
    chained_invokes(store, &mut subject).await;
    subject
        .end_invocation(store, Output::Succeeded(Some("{\"approved\":true}".into())))
        .await;
}

pub(super) async fn contexts_and_steps(store: &dyn Store, subject: &mut Subject) {
    let within = |parent: &str, update: OperationUpdate| OperationUpdate {
        parent_id: Some(id(parent)),
        ..update
    };
    let context = |id: &str, action| update(id, OperationType::Context, action);
    subject
        .apply_checkpoint(
            store,
            vec![
                OperationUpdate {
                    name: Some("bureaus".to_owned()),
                    sub_type: Some("Parallel".to_owned()),
                    ..context("parallel", UpdateAction::Start)
                },
                within("parallel", context("branch", UpdateAction::Start)),
                within("branch", step("at-once", UpdateAction::Start)),
                OperationUpdate {
                    payload: Some(Payload::from("720")),
                    ..within("branch", step("at-once", UpdateAction::Succeed))
                },
                step("slow", UpdateAction::Start),
            ],
        )
        .await;
    subject
        .apply_checkpoint(
            store,
            vec![
                OperationUpdate {
                    payload: Some(Payload::from("[720]")),
                    replay_children: Some(true),
                    ..context("branch", UpdateAction::Succeed)
                },
                OperationUpdate {
                    error: Some(full_error()),
                    ..context("parallel", UpdateAction::Fail)
                },
                OperationUpdate {
                    error: Some(full_error()),
                    next_attempt_delay_seconds: Some(5),
                    ..step("slow", UpdateAction::Retry)
                },
            ],
        )
        .await;
    subject.reach_deadline(store).await;
    subject
        .apply_checkpoint(store, vec![step("slow", UpdateAction::Start)])
        .await;
    subject
        .apply_checkpoint(
            store,
            vec![OperationUpdate {
                payload: Some(Payload::from("state of a poll")),
                next_attempt_delay_seconds: Some(1),
                ..step("slow", UpdateAction::Retry)
            }],
        )
        .await;
    subject.reach_deadline(store).await;
    subject
        .apply_checkpoint(store, vec![step("slow", UpdateAction::Fail)])
        .await;
}

pub(super) async fn waits_and_callbacks(store: &dyn Store, subject: &mut Subject) {
    let wait = |id: &str, seconds| OperationUpdate {
        wait_seconds: Some(seconds),
        ..update(id, OperationType::Wait, UpdateAction::Start)
    };
    let timed = CallbackOptions {
        timeout_seconds: Some(300),
        heartbeat_timeout_seconds: Some(60),
    };
    subject
        .apply_checkpoint(
            store,
            vec![
                wait("short", 20),
                wait("called-off", 900),
                callback("answered", CallbackOptions::default()),
                callback("refused", timed),
                callback("forgotten", timed),
            ],
        )
        .await;
    subject
        .apply_checkpoint(
            store,
            vec![update(
                "called-off",
                OperationType::Wait,
                UpdateAction::Cancel,
            )],
        )
        .await;
    subject.end_invocation(store, Output::Pending).await;
    subject.reach_deadline(store).await;
    let answered = Input::CallbackSucceeded {
        operation_id: id("answered"),
        callback_id: callback_id(subject, "answered"),
        result: Some(Payload::from("yes")),
    };
    subject.apply(store, answered).await;
    let heartbeat = Input::CallbackHeartbeat {
        operation_id: id("refused"),
        callback_id: callback_id(subject, "refused"),
    };
    subject.apply(store, heartbeat).await;
    let refused = Input::CallbackFailed {
        operation_id: id("refused"),
        callback_id: callback_id(subject, "refused"),
        error: full_error(),
    };
    subject.apply(store, refused).await;
    subject.reach_deadline(store).await;
}

pub(super) async fn chained_invokes(store: &dyn Store, subject: &mut Subject) {
    let function = FunctionName::parse("Fraud").expect("a valid name");
    let plain = || ChainedTarget::Plain {
        function: function.clone(),
        version: Version::Latest,
    };
    let durable = ChainedTarget::Durable {
        function: function.clone(),
        version: Version::Published(12),
        execution_id: ExecutionId::parse("child-1").expect("a valid id"),
    };
    subject
        .apply_checkpoint(
            store,
            vec![
                chained("durable", Ok(durable)),
                chained("plain", Ok(plain())),
                chained("slow-plain", Ok(plain())),
                chained("stopped-plain", Ok(plain())),
                chained("nobody", Err(full_error())),
            ],
        )
        .await;
    let outcomes = [
        (
            "durable",
            ChainedOutcome::Succeeded(Some("\"child\"".into())),
        ),
        ("plain", ChainedOutcome::Failed(full_error())),
        ("slow-plain", ChainedOutcome::TimedOut(full_error())),
        (
            "stopped-plain",
            ChainedOutcome::Stopped(ErrorObject::default()),
        ),
    ];
    for (operation, outcome) in outcomes {
        let ended = Input::ChainedInvokeEnded {
            operation_id: id(operation),
            outcome,
        };
        subject.apply(store, ended).await;
    }
}

pub(super) async fn every_way_to_end_survives(store: &dyn Store) {
    let start = |name: &'static str| Subject::start(store, spec("Loan", name, name));
    let mut succeeded = start("succeeded").await;
    succeeded
        .end_invocation(store, Output::Succeeded(None))
        .await;
    let mut failed = start("failed").await;
    failed
        .end_invocation(store, Output::Failed(full_error()))
        .await;
    let mut stopped = start("stopped").await;
    let stop = Input::Stop {
        error: ErrorObject::default(),
    };
    stopped.apply(store, stop).await;
    let mut paused = start("paused").await;
    let pause = Input::Pause {
        reason: Some("inventory".to_owned()),
        execution_timeout_paused: true,
        client_token: ClientToken::parse("pause").ok(),
    };
    paused.apply(store, pause).await;
    paused.end_invocation(store, Output::Pending).await;
    let resume = Input::Resume {
        reason: None,
        client_token: ClientToken::parse("resume").ok(),
    };
    paused.apply(store, resume).await;
    let mut timed_out = start("timed-out").await;
    timed_out.reach_deadline(store).await;
    let mut backing_off = start("backing-off").await;
    let crash = backing_off.invocation_ended(InvocationOutcome::FunctionError(full_error()));
    backing_off.apply(store, crash.expect("active")).await;
    backing_off.reach_deadline(store).await;
    let mut checkpointed = start("checkpointed").await;
    checkpointed
        .apply_checkpoint(
            store,
            vec![OperationUpdate {
                payload: Some(Payload::from("x".repeat(2000))),
                ..update("end", OperationType::Execution, UpdateAction::Succeed)
            }],
        )
        .await;
    checkpointed.end_invocation(store, Output::Pending).await;
}

pub(super) async fn payloads_survive_byte_by_byte(store: &dyn Store) {
    let payloads = [
        String::new(),
        "null".to_owned(),
        "nul \0 in the middle".to_owned(),
        "quotes ' \" and \\ and ; -- DROP TABLE".to_owned(),
        "Žluťoučký 🐎 \u{fffd} \u{10ffff}".to_owned(),
        "x".repeat(512),
        "y".repeat(513),
        "é".repeat(100 * 1024),
    ];
    for (number, text) in payloads.into_iter().enumerate() {
        let name = format!("payload-{number}");
        let mut spec = spec("Loan", &name, &name);
        let payload = Payload::from(text);
        spec.input = Some(payload.clone());
        let mut subject = Subject::start(store, spec).await;
        let given = |update: OperationUpdate| OperationUpdate {
            payload: Some(payload.clone()),
            ..update
        };
        let poll = OperationUpdate {
            next_attempt_delay_seconds: Some(1),
            ..given(step("poll", UpdateAction::Retry))
        };
        let updates = vec![
            given(step("step", UpdateAction::Succeed)),
            poll,
            callback("callback", CallbackOptions::default()),
        ];
        subject.apply_checkpoint(store, updates).await;
        // The poll's payload is replaced by its end; the history keeps both.
        subject.reach_deadline(store).await;
        subject
            .apply_checkpoint(store, vec![step("poll", UpdateAction::Succeed)])
            .await;
        let answered = Input::CallbackSucceeded {
            operation_id: id("callback"),
            callback_id: callback_id(&subject, "callback"),
            result: Some(payload.clone()),
        };
        subject.apply(store, answered).await;
        subject
            .end_invocation(store, Output::Succeeded(Some(payload)))
            .await;
    }
}

pub(super) async fn errors_survive_member_by_member(store: &dyn Store) {
    let with = |change: fn(&mut ErrorObject)| {
        let mut error = ErrorObject::default();
        change(&mut error);
        error
    };
    let errors = [
        ErrorObject::default(),
        full_error(),
        with(|error| error.message = Some(String::new())),
        with(|error| error.error_type = Some("OnlyAType".to_owned())),
        with(|error| error.data = Some("only data".to_owned())),
        with(|error| error.stack_trace = Some(Vec::new())),
    ];
    let mut subject = Subject::start(store, spec("Loan", "one", "id-1")).await;
    for (number, error) in errors.iter().enumerate() {
        let name = format!("step-{number}");
        let failed = OperationUpdate {
            error: Some(error.clone()),
            ..step(&name, UpdateAction::Fail)
        };
        subject.apply_checkpoint(store, vec![failed]).await;
    }
    for (number, error) in errors.into_iter().enumerate() {
        let name = format!("failed-{number}");
        let mut subject = Subject::start(store, spec("Loan", &name, &name)).await;
        subject.end_invocation(store, Output::Failed(error)).await;
    }
}

pub(super) async fn everything_that_is_optional_survives(store: &dyn Store) {
    let mut full = spec("Loan", "full", "full");
    full.arn.version = Version::Latest;
    full.trace_header = Some("Root=1-5759e988-bd862e3fe1be46a994272793".to_owned());
    full.tenant_id = Some("tenant".to_owned());
    full.trigger = Trigger::ChainedInvoke(ParentLink {
        execution_id: ExecutionId::parse("parent").expect("a valid id"),
        operation_id: id("invoke"),
    });
    let mut full = Subject::start(store, full).await;
    full.check(store).await;
    let kinds = [
        EventSourceKind::HttpApi,
        EventSourceKind::RestApi,
        EventSourceKind::FunctionUrl,
        EventSourceKind::Schedule,
        EventSourceKind::Queue,
        EventSourceKind::StateMachine,
    ];
    for (number, kind) in kinds.into_iter().enumerate() {
        let name = format!("source-{number}");
        let mut sourced = spec("Loan", &name, &name);
        sourced.trigger = Trigger::EventSource(EventSource { kind, name });
        Subject::start(store, sourced).await.check(store).await;
    }
    let mut empty = spec("Loan", "empty", "empty");
    empty.input = None;
    Subject::start(store, empty).await.check(store).await;

    // The record that answers a repeated request.
    let token = engine::checkpoint_token(&full.execution.spec, &full.execution.state);
    let request = Input::Checkpoint {
        token: token.expect("active"),
        client_token: Some(ClientToken::parse("a!b~c").expect("visible ASCII")),
        updates: vec![
            step("one", UpdateAction::Start),
            step("two", UpdateAction::Start),
        ],
    };
    full.apply(store, request).await;
    let last = full.execution.state.last_checkpoint.as_ref();
    assert_eq!(last.expect("it had a client token").answered.len(), 2);
}
