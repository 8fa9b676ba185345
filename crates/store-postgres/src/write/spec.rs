//! The fixed part of an execution, as a row.

use engine::Transition;
use model::{OperationDetails, Trigger};
use store::columns::{Code as _, version_text};

use crate::rows::{Column, Rows, number, text};

/// Of the arrays of starts.
pub(super) const COLUMNS: &[Column] = &[
    text("execution_id", 0),
    text("execution_name", 0),
    text("partition", 0),
    text("region", 0),
    text("arn_account_id", 0),
    text("function_name", 0),
    text("function_version", 0),
    number("started_at", 0),
    number("execution_timeout_seconds", 0),
    number("retention_days", 0),
    number("result_bytes_max", 0),
    text("trace_header", 1),
    text("tenant_id", 1),
    text("parent_execution_id", 2),
    text("parent_operation_id", 2),
    text("event_source", 3),
    text("event_source_name", 3),
    number("input_bytes", 0),
    text("input", 0),
];

pub(super) fn add<'a>(rows: &mut Rows<'a>, transition: &'a Transition) {
    let spec = &transition.spec;
    for operation in &transition.operations {
        if let OperationDetails::Execution { input } = &operation.details {
            assert!(
                *input == spec.input,
                "the EXECUTION operation carries the input of its execution"
            );
        }
    }
    let arn = &spec.arn;
    rows.id(arn.id.as_str());
    rows.id(arn.name.as_str());
    rows.id(&arn.function.partition);
    rows.id(&arn.function.region);
    rows.id(&arn.function.account_id);
    rows.id(arn.function.name.as_str());
    rows.word(Some(version_text(&arn.version)));
    rows.instant(Some(spec.started_at));
    rows.count(spec.execution_timeout_seconds);
    rows.count(spec.retention_days);
    rows.bits(spec.result_bytes_max as u64);
    rows.string(spec.trace_header.as_ref());
    rows.string(spec.tenant_id.as_ref());
    match &spec.trigger {
        Trigger::Invoke => rows.nulls(4),
        Trigger::ChainedInvoke(parent) => {
            rows.id(parent.execution_id.as_str());
            rows.id(parent.operation_id.as_str());
            rows.nulls(2);
        }
        Trigger::EventSource(source) => {
            rows.nulls(2);
            rows.id(source.kind.code());
            rows.string(Some(&source.name));
        }
    }
    let input = spec.input.as_ref();
    rows.number(input.map(|input| (input.len() as u64).cast_signed()));
    rows.payload(input);
    rows.end_row();
}
