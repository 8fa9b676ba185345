//! Statements with their parameters, and the prepared form of each on a connection.

use std::collections::HashMap;

use futures_util::future;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row, Statement};

use crate::rows::{Column, Rows, present};

/// Different statements that are kept prepared on a connection. There are a few of each kind, for the groups of columns
/// that come together; should there be more, all are prepared anew.
const STATEMENTS_MAX: usize = 256;

/// Begins a transaction that writes. A server that stalls half way through sending it (a stopped process, a machine
/// that is cut off) loses it after this time, and with it the locks that others wait for: sooner than a lease ends.
/// Local to the transaction, so that it also holds where a pooler lends the connection for each.
pub(crate) const BEGIN: &str = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = 2000";

/// A statement in the making: its text with the parameters that the text names.
pub(crate) struct Sql<'p> {
    pub text: String,
    pub types: Vec<Type>,
    pub parameters: Vec<&'p (dyn ToSql + Sync)>,
    /// Whether tables of few rows are written out. Each number of rows is another statement then, so that this is for
    /// batches of which there are few kinds.
    pub writes_out: bool,
}

/// Rows of a table that are written out, at the most: as many as one checkpoint brings.
const WRITTEN_OUT_MAX: usize = 4;

impl<'p> Sql<'p> {
    pub fn new() -> Self {
        Self {
            text: String::new(),
            types: Vec::new(),
            parameters: Vec::new(),
            writes_out: false,
        }
    }

    /// A statement whose text is written out.
    pub fn fixed(text: &str, parameters: Vec<(&'p (dyn ToSql + Sync), Type)>) -> Self {
        let (parameters, types) = parameters.into_iter().unzip();
        Self {
            text: text.to_owned(),
            types,
            parameters,
            writes_out: false,
        }
    }

    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Adds a parameter, and returns the name that the text has to call it by.
    pub fn parameter(&mut self, value: &'p (dyn ToSql + Sync), of: Type) -> String {
        self.parameters.push(value);
        self.types.push(of);
        format!("${}", self.types.len())
    }

    /// The rows as a table: `unnest($1, …) AS name (column, …)`, of the groups that are there; or `(VALUES …)`.
    pub fn table(&mut self, name: &str, columns: &'static [Column], rows: &'p Rows<'_>) -> String {
        let columns: Vec<_> = present(columns, rows.groups()).collect();
        let table = if self.writes_out && rows.len() <= WRITTEN_OUT_MAX {
            let mut written = Vec::new();
            for row in 0..rows.len() {
                rows.add_row_to(row, &mut self.parameters);
                let cells = self.places(columns.iter().map(|column| column.cell_type()));
                written.push(format!("({cells})"));
            }
            format!("(VALUES {})", written.join(", "))
        } else {
            rows.add_to(&mut self.parameters);
            let arrays = self.places(columns.iter().map(|column| column.array_type()));
            format!("unnest({arrays})")
        };
        assert_eq!(
            self.types.len(),
            self.parameters.len(),
            "each parameter has a type"
        );
        let names: Vec<_> = columns.iter().map(|column| column.name).collect();
        format!("{table} AS {name} ({})", names.join(", "))
    }

    /// The text's names for the next parameters.
    fn places(&mut self, types: impl Iterator<Item = Type>) -> String {
        let first = self.types.len() + 1;
        self.types.extend(types);
        let places = (first..=self.types.len()).map(|number| format!("${number}"));
        places.collect::<Vec<_>>().join(", ")
    }
}

/// The statements prepared on one connection.
#[derive(Default)]
pub(crate) struct Statements {
    prepared: HashMap<String, Statement>,
}

impl std::fmt::Debug for Statements {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Statements")
            .field("prepared", &self.prepared.len())
            .finish()
    }
}

/// A statement that can be sent.
pub(crate) struct Prepared<'p> {
    statement: Statement,
    parameters: Vec<&'p (dyn ToSql + Sync)>,
}

impl Statements {
    /// Prepares the statements that are not prepared yet.
    pub async fn prepare<'p>(
        &mut self,
        client: &Client,
        sql: &Sql<'p>,
    ) -> Result<Prepared<'p>, tokio_postgres::Error> {
        let statement = match self.prepared.get(&sql.text) {
            Some(statement) => statement.clone(),
            None => {
                let statement = client.prepare_typed(&sql.text, &sql.types).await?;
                if self.prepared.len() >= STATEMENTS_MAX {
                    self.prepared.clear();
                }
                self.prepared.insert(sql.text.clone(), statement.clone());
                statement
            }
        };
        Ok(Prepared {
            statement,
            parameters: sql.parameters.clone(),
        })
    }

    pub fn forget_all(&mut self) {
        self.prepared.clear();
    }
}

impl Prepared<'_> {
    /// Runs it. It is sent when the future is polled for the first time.
    pub async fn rows(&self, client: &Client) -> Result<Vec<Row>, tokio_postgres::Error> {
        client.query(&self.statement, &self.parameters).await
    }
}

/// Runs statements in one transaction; all of them are sent before the first answer comes.
pub(crate) async fn transact(
    client: &Client,
    statements: &[Prepared<'_>],
) -> Result<Vec<Vec<Row>>, tokio_postgres::Error> {
    if let [only] = statements {
        return Ok(vec![only.rows(client).await?]);
    }
    let begin = client.batch_execute(BEGIN);
    let all = future::join_all(statements.iter().map(|statement| statement.rows(client)));
    let commit = client.batch_execute("COMMIT");
    // `join` polls in this order, and each is sent when it is polled first.
    let (begun, answers, committed) = future::join3(begin, all, commit).await;
    begun?;
    // The first error is the reason of those after it. COMMIT of a transaction that has failed is not an error by
    // itself.
    let answers = answers.into_iter().collect::<Result<Vec<_>, _>>()?;
    committed?;
    Ok(answers)
}
