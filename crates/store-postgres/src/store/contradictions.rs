//! What contradicts itself in the tables and shows in no execution that is read.

use model::ExecutionId;
use store::StoreFault;

use super::PostgresStore;
use crate::cells::Columns;
use store::columns::Cells as _;

impl PostgresStore {
    /// What is wrong with executions that cannot be seen by reading them, by their ids.
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
