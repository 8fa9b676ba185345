//! All transitions of a batch, as one statement.
//!
//! It changes the states whose versions are as the chains have them, inserts the executions that start where id and name
//! are free, and adds operations and events of those alone. What it returns are the chains that came through.

use engine::Transition;
use model::OperationId;
use std::collections::HashMap;
use tokio_postgres::types::Type;

use super::statement::Sql;
use super::{event, operation, spec, state};
use crate::batch::{Batch, Chain};
use crate::lane::Fence;
use crate::rows::{Column, Rows, number, present, text};

/// Of the arrays of chains that remove their executions, or only ask for their versions.
const ASKED: &[Column] = &[
    number("chain", 0),
    text("execution_id", 0),
    number("from_version", 0),
];

/// The rows of a batch.
#[derive(Debug)]
pub(crate) struct Transitions<'a> {
    specs: Rows<'a>,
    states: Rows<'a>,
    operations: Rows<'a>,
    events: Rows<'a>,
    removed: Rows<'a>,
    asked: Rows<'a>,
    advances: bool,
}

impl<'a> Transitions<'a> {
    /// The rows of these chains; `transition` gives that of a job.
    pub fn of(batch: &Batch, transition: impl Fn(usize) -> &'a Transition) -> Self {
        let mut rows = Self {
            specs: Rows::of(spec::COLUMNS),
            states: Rows::of(state::COLUMNS),
            operations: Rows::of(operation::COLUMNS),
            events: Rows::of(event::COLUMNS),
            removed: Rows::of(ASKED),
            asked: Rows::of(ASKED),
            advances: false,
        };
        for (number, chain) in batch.chains.iter().enumerate() {
            let transitions: Vec<_> = chain.jobs.iter().map(|job| transition(*job)).collect();
            rows.add(number, chain, &transitions);
        }
        rows
    }

    fn add(&mut self, number: usize, chain: &Chain, transitions: &[&'a Transition]) {
        let [first, .., last] = transitions else {
            if let [only] = transitions {
                self.add_links(number, chain, only, only, transitions);
            }
            return;
        };
        self.add_links(number, chain, first, last, transitions);
    }

    fn add_links(
        &mut self,
        number: usize,
        chain: &Chain,
        first: &'a Transition,
        last: &'a Transition,
        transitions: &[&'a Transition],
    ) {
        let id = first.spec.arn.id.as_str();
        if chain.removes || chain.changes_nothing() {
            let rows = if chain.removes {
                &mut self.removed
            } else {
                &mut self.asked
            };
            rows.bits(number as u64);
            rows.id(id);
            rows.bits(chain.from);
            rows.end_row();
            return;
        }
        if chain.from == 0 {
            spec::add(&mut self.specs, first);
        } else {
            self.advances = true;
        }
        self.states.bits(number as u64);
        self.states.id(id);
        self.states.bits(chain.from);
        self.states
            .number(Some(i64::from(first.spec.arn.id.shard().0)));
        state::add(&mut self.states, &last.state);
        self.add_operations(number, transitions);
        for transition in transitions {
            for event in &transition.events {
                event::add(&mut self.events, number, transition, event);
            }
        }
    }

    /// Each operation once: as the last link leaves it, in the place that the first one gives it.
    fn add_operations(&mut self, number: usize, transitions: &[&'a Transition]) {
        let mut places: HashMap<&OperationId, usize> = HashMap::new();
        let mut found = Vec::new();
        for transition in transitions {
            for (index, it) in transition.operations.iter().enumerate() {
                match places.get(&it.id) {
                    Some(place) => {
                        let (_, latest): &mut (i64, _) = &mut found[*place];
                        *latest = it;
                    }
                    None => {
                        places.insert(&it.id, found.len());
                        let position = operation::position(transition.state.version, index);
                        found.push((position, it));
                    }
                }
            }
        }
        let [first, ..] = transitions else { return };
        for (position, it) in found {
            operation::add(&mut self.operations, number, position, &first.spec, it);
        }
    }

    /// The statement. It returns the number of each chain that came through, and -1 for the fence.
    pub fn sql<'p>(&'p self, account: &'p &str, fence: &'p Fence) -> Sql<'p> {
        let mut sql = Sql::new();
        sql.writes_out = self.states.len() + self.removed.len() + self.asked.len() == 1;
        let account = sql.parameter(account, Type::TEXT);
        fence.put(&mut sql, &account);
        let mut written = Vec::new();
        let mut counted = Vec::new();
        if !self.states.is_empty() {
            let table = sql.table("state", state::COLUMNS, &self.states);
            // Without the fence nothing is written.
            sql.push(&format!(
                ",\nstate AS MATERIALIZED (SELECT state.*, fence.writer_id, fence.batch FROM fence CROSS JOIN {table})"
            ));
        }
        if !self.specs.is_empty() {
            self.put_starts(&mut sql, &account);
            written.push(
                "SELECT spec.execution_key, state.chain FROM started AS spec JOIN state USING (execution_id)",
            );
            counted.push(
                "SELECT spec.function_name, spec.function_version, state.status, 1 AS change \
                 FROM started AS spec JOIN state USING (execution_id)",
            );
        }
        if self.advances {
            self.put_advances(&mut sql, &account);
            written.push("SELECT execution_key, chain FROM advanced");
            counted.push(
                "SELECT function_name, function_version, status_before AS status, -1 AS change FROM advanced \
                 WHERE status <> status_before",
            );
            counted.push(
                "SELECT function_name, function_version, status, 1 FROM advanced \
                 WHERE status <> status_before",
            );
        }
        let removes = !self.removed.is_empty();
        if removes {
            self.put_removals(&mut sql, &account);
            counted
                .push("SELECT function_name, function_version, status, -1 AS change FROM removed");
        }
        if !written.is_empty() {
            sql.push(&format!(
                ",\nwritten AS (\n    {}\n)",
                written.join("\n    UNION ALL\n    ")
            ));
            self.put_operations(&mut sql);
            self.put_events(&mut sql);
        }
        if !counted.is_empty() {
            put_counts(&mut sql, &account, &counted);
        }
        let mut answers = vec!["SELECT -1::bigint AS chain FROM fence".to_owned()];
        if !written.is_empty() {
            answers.push("SELECT chain FROM written".to_owned());
        }
        if removes {
            answers.push("SELECT chain FROM removed".to_owned());
        }
        if !self.asked.is_empty() {
            answers.push(self.asked(&mut sql, &account));
        }
        sql.push("\n");
        sql.push(&answers.join("\nUNION ALL\n"));
        sql
    }

    fn put_starts<'p>(&'p self, sql: &mut Sql<'p>, account: &str) {
        let table = sql.table("spec", spec::COLUMNS, &self.specs);
        let names = names(spec::COLUMNS, &self.specs, 0);
        // Two to the power of 21 and of 42: see the comment on the table.
        sql.push(&format!(
            ",
started AS (
    INSERT INTO lambdura.execution_specs (execution_key, account_id, {names})
    SELECT
        least(greatest(started_at, 0), 4398046511103) * 2097152
        + nextval('lambdura.execution_keys') % 2097152,
        {account}, {names}
    FROM fence CROSS JOIN {table}
    ON CONFLICT DO NOTHING
    RETURNING execution_key, execution_id, function_name, function_version
),
started_states AS (
    INSERT INTO lambdura.execution_states (
        execution_key, account_id, execution_id, writer_id, batch, {columns}
    )
    SELECT spec.execution_key, {account}, state.execution_id, state.writer_id, state.batch, {columns}
    FROM started AS spec JOIN state USING (execution_id)
)",
            columns = self::names(state::COLUMNS, &self.states, state::CHAIN_COLUMNS),
        ));
    }

    fn put_advances(&self, sql: &mut Sql<'_>, account: &str) {
        let mut changes = String::new();
        for column in &state::COLUMNS[state::CHAIN_COLUMNS + 1..] {
            let name = column.name;
            let is_there = self.states.groups() & (1 << column.group) != 0;
            let is_of_outcome = column.group == state::OUTCOME;
            let change = match (is_there, is_of_outcome) {
                // An outcome does not change: what is large stays where it lies.
                (true, true) => format!(
                    ", {name} = CASE WHEN stored.ended_at IS NULL THEN state.{name} ELSE stored.{name} END"
                ),
                (true, false) => format!(", {name} = state.{name}"),
                (false, true) => continue,
                (false, false) => format!(", {name} = NULL"),
            };
            changes.push_str(&change);
        }
        let spec = spec_of(account, "state");
        sql.push(&format!(
            ",
located AS MATERIALIZED (
    SELECT state.*, spec.execution_key, spec.function_name, spec.function_version
    FROM state CROSS JOIN {spec}
    WHERE state.from_version > 0
),
advanced AS (
    UPDATE lambdura.execution_states AS stored
    SET status_before = stored.status, writer_id = state.writer_id, batch = state.batch{changes}
    FROM located AS state
    WHERE stored.execution_key = ANY (ARRAY(SELECT execution_key FROM located))
        AND stored.execution_key = state.execution_key
        AND stored.version = state.from_version
    RETURNING
        stored.execution_key, state.chain, state.function_name, state.function_version,
        stored.status, stored.status_before
)"
        ));
    }

    fn put_removals<'p>(&'p self, sql: &mut Sql<'p>, account: &str) {
        let table = sql.table("removal", ASKED, &self.removed);
        let spec = spec_of(account, "removal");
        sql.push(&format!(
            ",
leaving AS MATERIALIZED (
    SELECT removal.chain, removal.from_version, spec.*
    FROM fence CROSS JOIN {table} CROSS JOIN {spec}
),
removed AS (
    DELETE FROM lambdura.execution_states AS stored
    USING leaving
    WHERE stored.execution_key = ANY (ARRAY(SELECT execution_key FROM leaving))
        AND stored.execution_key = leaving.execution_key
        AND stored.version = leaving.from_version
    RETURNING
        stored.execution_key, leaving.chain, leaving.function_name, leaving.function_version, stored.status
),
removed_specs AS (
    DELETE FROM lambdura.execution_specs
    WHERE execution_key = ANY (ARRAY(SELECT execution_key FROM removed))
),
removed_operations AS (
    DELETE FROM lambdura.operations
    WHERE execution_key = ANY (ARRAY(SELECT execution_key FROM removed))
),
removed_events AS (
    DELETE FROM lambdura.events
    WHERE execution_key = ANY (ARRAY(SELECT execution_key FROM removed))
)"
        ));
    }

    fn put_operations<'p>(&'p self, sql: &mut Sql<'p>) {
        if self.operations.is_empty() {
            return;
        }
        let table = sql.table("operation", operation::COLUMNS, &self.operations);
        let names = names(operation::COLUMNS, &self.operations, 1);
        let changes: Vec<_> = operation::CHANGING
            .iter()
            .map(|name| format!("{name} = excluded.{name}"))
            .collect();
        sql.push(&format!(
            ",
written_operations AS (
    INSERT INTO lambdura.operations (execution_key, {names})
    SELECT written.execution_key, {names}
    FROM {table} JOIN written USING (chain)
    ON CONFLICT (execution_key, operation_id) DO UPDATE SET {}
)",
            changes.join(", ")
        ));
    }

    fn put_events<'p>(&'p self, sql: &mut Sql<'p>) {
        if self.events.is_empty() {
            return;
        }
        let table = sql.table("event", event::COLUMNS, &self.events);
        let names = names(event::COLUMNS, &self.events, 1);
        sql.push(&format!(
            ",
written_events AS (
    INSERT INTO lambdura.events (execution_key, {names})
    SELECT written.execution_key, {names}
    FROM {table} JOIN written USING (chain)
)"
        ));
    }

    fn asked<'p>(&'p self, sql: &mut Sql<'p>, account: &str) -> String {
        let table = sql.table("asked", ASKED, &self.asked);
        let spec = spec_of(account, "asked");
        format!(
            "SELECT asked.chain FROM {table} CROSS JOIN {spec} CROSS JOIN LATERAL (
    SELECT FROM lambdura.execution_states
    WHERE execution_key = spec.execution_key AND version = asked.from_version
    OFFSET 0
) AS stored"
        )
    }
}

/// The execution that a row of `of` names by its id: looked up by the index of ids, for each row. A join would leave the
/// way to the planner, whose plan is kept and may be of a time when there were few executions: it then reads all there
/// are at each commit. `OFFSET 0` keeps it from making a join of this.
fn spec_of(account: &str, of: &str) -> String {
    format!(
        "LATERAL (
    SELECT execution_key, function_name, function_version
    FROM lambdura.execution_specs
    WHERE account_id = {account} AND execution_id = {of}.execution_id
    OFFSET 0
) AS spec"
    )
}

fn put_counts(sql: &mut Sql<'_>, account: &str, counted: &[&str]) {
    // In order of the key, so that servers which share a bucket wait for each other and not in a circle.
    sql.push(&format!(
        ",
counted AS (
    INSERT INTO lambdura.execution_counts (
        account_id, function_name, function_version, status, bucket, count
    )
    SELECT {account}, function_name, function_version, status, fence.bucket, sum(change)
    FROM fence CROSS JOIN (
        {}
    ) AS changes
    GROUP BY function_name, function_version, status, fence.bucket
    HAVING sum(change) <> 0
    ORDER BY function_name, function_version, status
    ON CONFLICT (account_id, function_name, function_version, status, bucket)
    DO UPDATE SET count = execution_counts.count + excluded.count
)",
        counted.join("\n        UNION ALL\n        ")
    ));
}

/// The columns that are there, without the first ones.
fn names(columns: &'static [Column], rows: &Rows<'_>, skipped: usize) -> String {
    let names: Vec<_> = present(&columns[skipped..], rows.groups())
        .map(|column| column.name)
        .collect();
    names.join(", ")
}
