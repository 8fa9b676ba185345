//! Executions: the record with the sizes of its payloads, and the whole of its parts.

use std::sync::Arc;

use engine::Execution;
use model::Operation;
use store::ExecutionRecord;
use store::columns::{self, Cells as _};
use tokio_postgres::Row;

use crate::cells::Columns;
use crate::fault::ReadError;

/// A whole execution of its parts.
pub(crate) fn load(
    record: ExecutionRecord,
    operations: Vec<Arc<Operation>>,
) -> Result<Execution, ReadError> {
    let whole = columns::whole(record, operations);
    whole.map_err(|contradiction| ReadError::undecodable("version", contradiction))
}

/// Reads the columns of `record_columns.sql` or `summary_columns.sql`, in their order: the key, the record, and the
/// sizes of input and result.
pub(crate) fn read_record(
    row: &Row,
) -> Result<(i64, ExecutionRecord, Option<u64>, Option<u64>), ReadError> {
    let mut columns = Columns::of(row);
    let (key, record) = columns::read_record(&mut columns)?;
    let input_bytes = columns.optional_bits()?;
    let result_bytes = columns.optional_bits()?;
    Ok((key, record, input_bytes, result_bytes))
}
