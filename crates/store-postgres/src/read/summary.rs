//! Executions without their payloads.

use std::sync::Arc;

use model::{Operation, Outcome};
use store::columns::Cells as _;
use store::{ExecutionRecord, ExecutionSummary, cut_error, name_from_around};
use tokio_postgres::Row;

use super::read_record;
use crate::cells::Columns;
use crate::fault::ReadError;

/// Reads the columns of `summary_columns.sql`: the key, and the summary without the open operations.
pub(crate) fn read_summary(row: &Row) -> Result<(i64, ExecutionSummary), ReadError> {
    let (key, record, input_bytes, result_bytes) = read_record(row)?;
    let ExecutionRecord { spec, mut state } = record;
    if let Some(Outcome::Failed(error) | Outcome::TimedOut(error) | Outcome::Stopped(error)) =
        &mut state.outcome
    {
        cut_error(error);
    }
    let summary = ExecutionSummary {
        spec,
        state,
        input_bytes,
        result_bytes,
        open_operations: Vec::new(),
        invocation_error: None,
    };
    Ok((key, summary))
}

/// The operation, with the name of the context around it if it has none; that name is the next column.
pub(crate) fn named(
    operation: Operation,
    columns: &mut Columns<'_>,
) -> Result<Arc<Operation>, ReadError> {
    let around = columns.optional_text()?;
    let mut operation = operation;
    name_from_around(&mut operation, |_| Ok::<_, ReadError>(around))?;
    Ok(Arc::new(operation))
}
