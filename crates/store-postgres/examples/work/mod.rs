//! The executions that are measured, and the database's processor time meanwhile.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use engine::Transition;
use model::{
    ExecutionArn, ExecutionId, ExecutionName, ExecutionSpec, FunctionArn, FunctionName, Limits,
    OperationId, OperationType, OperationUpdate, Payload, Timestamp, Trigger, UpdateAction,
    Version,
};
use store::conformance::Subject;

/// The process that started this one: the server, of a backend.
pub fn parent(process: i32) -> Result<i32, Box<dyn std::error::Error>> {
    Ok(fields(process)?.get(1).ok_or("no parent")?.parse()?)
}

/// The fields of `/proc` for a process, after its name.
fn fields(process: i32) -> std::io::Result<Vec<String>> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, rest) = stat.rsplit_once(')').unwrap_or(("", &stat));
    Ok(rest.split_whitespace().map(str::to_owned).collect())
}

/// The processor time of a server and its processes so far, including ended ones.
pub fn processor_time(server: i32) -> Result<Duration, Box<dyn std::error::Error>> {
    let mut ticks = 0_u64;
    for entry in std::fs::read_dir("/proc")? {
        let Ok(process) = entry?.file_name().to_string_lossy().parse::<i32>() else {
            continue;
        };
        // It may have ended meanwhile.
        let Ok(fields) = fields(process) else {
            continue;
        };
        let is_of_server = process == server || fields.get(1) == Some(&server.to_string());
        if !is_of_server {
            continue;
        }
        // User and system time; of the server that of its children that have ended, too.
        let places = if process == server { 11..15 } else { 11..13 };
        for field in &fields[places] {
            ticks += field.parse::<u64>()?;
        }
    }
    // A hundred ticks a second, on every Linux there is.
    Ok(Duration::from_millis(ticks * 10))
}

/// A start, and the execution after it.
pub fn started(number: u64) -> (Arc<Transition>, Subject) {
    let mut chance = engine::Chance::new(number, !number);
    let now = Timestamp::from(SystemTime::now());
    let id = chance.execution_id(now);
    let start = Arc::new(engine::start(
        spec(id, now),
        engine::Context {
            now,
            chance,
            limits: &Limits::AWS,
            owner: model::Owner(1),
        },
    ));
    let subject = Subject::of(&start);
    (start, subject)
}

fn spec(id: ExecutionId, now: Timestamp) -> ExecutionSpec {
    let function = FunctionArn {
        partition: "aws".into(),
        region: "us-east-1".into(),
        account_id: "000000000000".into(),
        name: FunctionName::parse("LoanWorkflowFunction").expect("a valid name"),
    };
    ExecutionSpec {
        arn: ExecutionArn {
            function,
            version: Version::Published(1),
            name: ExecutionName::parse(id.as_str()).expect("a UUID is a valid name"),
            id,
        },
        started_at: now,
        input: Some(Payload::from("{\"amount\":150000,\"sin\":\"123456789\"}")),
        execution_timeout_seconds: 3600,
        retention_days: 7,
        result_bytes_max: 1024 * 1024,
        trace_header: None,
        tenant_id: None,
        trigger: Trigger::Invoke,
    }
}

/// The checkpoint that begins and ends a step with a small result: one operation, two events.
pub fn step(number: usize) -> Vec<OperationUpdate> {
    let name = format!("step_number_{number}");
    let update = |action| update(number, &name, OperationType::Step, action);
    let result = "{\"bureau\":\"equifax\",\"score\":720,\"report_date\":\"2026-11-23\"}";
    vec![
        update(UpdateAction::Start),
        OperationUpdate {
            payload: Some(Payload::from(result)),
            ..update(UpdateAction::Succeed)
        },
    ]
}

/// An update of the operation of this number.
pub fn update(
    number: usize,
    name: &str,
    operation_type: OperationType,
    action: UpdateAction,
) -> OperationUpdate {
    // Ids as the SDKs make them: a digest in hexadecimal.
    let id = format!(
        "{:064x}",
        (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    );
    let id = OperationId::parse(&id).expect("hexadecimal digits");
    OperationUpdate {
        name: Some(name.to_owned()),
        sub_type: Some(format!("{operation_type:?}")),
        ..OperationUpdate::new(id, operation_type, action)
    }
}
