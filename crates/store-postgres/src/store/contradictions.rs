//! Contradictions in the tables that no read of an execution shows.

use model::ExecutionId;
use store::StoreFault;

use super::PostgresStore;
use crate::cells::Columns;
use store::columns::Cells as _;

impl PostgresStore {
    /// Damage of executions that reading them does not show, by their ids.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn contradictions(&self) -> Result<Vec<(ExecutionId, String)>, StoreFault> {
        let reading = self.read("look for contradictions".to_owned(), async move {
            let sql = include_str!("../sql/read/contradictions.sql");
            let rows = self.searchers.rows(sql, &[&&*self.account]).await?;
            let read = |row| {
                let mut columns = Columns::of(row);
                Ok((columns.parsed(ExecutionId::parse)?, columns.text()?))
            };
            rows.iter().map(read).collect()
        });
        reading.await
    }
}
