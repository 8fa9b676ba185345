//! All transitions of a batch, as one statement.
//!
//! It changes the states whose versions are as the chains have them, inserts the executions that start where id and
//! name are free, and adds operations and events of those alone. It returns the chains that came through.

use engine::Transition;
use model::{ExecutionId, ExecutionStatus, OperationId};
use std::collections::HashMap;
use store::columns::{Code as _, version_text};
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

/// Which chain starts which execution.
const STARTED: &[Column] = &[number("chain", 0), text("execution_id", 0)];

/// A chain's changes to the counts of executions.
const CHANGES: &[Column] = &[
    number("chain", 0),
    text("function_name", 0),
    text("function_version", 0),
    text("status", 0),
    number("change", 0),
];

/// The rows of a batch.
#[derive(Debug)]
pub(crate) struct Transitions<'a> {
    specs: Rows<'a>,
    started: Rows<'a>,
    first_states: Rows<'a>,
    states: Rows<'a>,
    /// Keys of the executions whose states change.
    keys: Vec<i64>,
    operations: Rows<'a>,
    events: Rows<'a>,
    removed: Rows<'a>,
    asked: Rows<'a>,
    changes: Rows<'a>,
}

impl<'a> Transitions<'a> {
    /// The rows of these chains; `transition` gives that of a job, and `key` that of an execution which is there.
    pub fn of(
        batch: &Batch,
        transition: impl Fn(usize) -> &'a Transition,
        key: impl Fn(&ExecutionId) -> i64,
    ) -> Self {
        let mut rows = Self {
            specs: Rows::of(spec::COLUMNS),
            started: Rows::of(STARTED),
            first_states: Rows::of(state::COLUMNS),
            states: Rows::of(state::COLUMNS),
            keys: Vec::new(),
            operations: Rows::of(operation::COLUMNS),
            events: Rows::of(event::COLUMNS),
            removed: Rows::of(ASKED),
            asked: Rows::of(ASKED),
            changes: Rows::of(CHANGES),
        };
        for (number, chain) in batch.chains.iter().enumerate() {
            let transitions: Vec<_> = chain.jobs.iter().map(|job| transition(*job)).collect();
            if let [first, ..] = transitions.as_slice() {
                rows.add(number, chain, first, &transitions, &key);
            }
        }
        rows
    }

    fn add(
        &mut self,
        number: usize,
        chain: &Chain,
        first: &'a Transition,
        transitions: &[&'a Transition],
        key: impl Fn(&ExecutionId) -> i64,
    ) {
        let id = &first.spec.arn.id;
        if chain.changes_nothing() {
            add_asked(&mut self.asked, number, chain, id);
            return;
        }
        if chain.removes {
            add_asked(&mut self.removed, number, chain, id);
            self.add_changes(number, first, None);
            return;
        }
        let last = transitions.last().unwrap_or(&first);
        if chain.from == 0 {
            spec::add(&mut self.specs, first);
            self.started.bits(number as u64);
            self.started.id(id.as_str());
            self.started.end_row();
            state::add_start(&mut self.first_states, number, last);
        } else {
            let key = key(id);
            self.keys.push(key);
            state::add_advance(&mut self.states, number, key, chain.from, &last.state);
        }
        self.add_changes(number, first, Some(last.state.status()));
        self.add_operations(number, transitions);
        for transition in transitions {
            for event in &transition.events {
                event::add(&mut self.events, number, transition, event);
            }
        }
    }

    /// A chain's changes to the counts. The status before the first transition is that of its version, which the
    /// statement finds or refuses.
    fn add_changes(&mut self, chain: usize, first: &'a Transition, to: Option<ExecutionStatus>) {
        let from = first.from_status;
        if from == to {
            return;
        }
        for (status, change) in [(from, -1), (to, 1)] {
            let Some(status) = status else { continue };
            let arn = &first.spec.arn;
            self.changes.bits(chain as u64);
            self.changes.id(arn.function.name.as_str());
            self.changes.word(Some(version_text(&arn.version)));
            self.changes.id(status.code());
            self.changes.number(Some(change));
            self.changes.end_row();
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

    /// The statement. It returns the number of each chain that came through with the key of its execution where it is
    /// known, and -1 for the fence.
    pub fn sql<'p>(&'p self, account: &'p &str, fence: &'p Fence) -> Sql<'p> {
        let mut sql = Sql::new();
        let chains = self.first_states.len() + self.states.len();
        sql.writes_out = chains + self.removed.len() + self.asked.len() == 1;
        let account = sql.parameter(account, Type::TEXT);
        // Without the fence nothing is written.
        fence.put(&mut sql, &account);
        let mut written = Vec::new();
        if !self.specs.is_empty() {
            written.push(self.put_starts(&mut sql, &account));
        }
        if !self.states.is_empty() {
            self.put_advances(&mut sql);
            written.push("SELECT execution_key, chain FROM advanced".to_owned());
        }
        if !written.is_empty() {
            sql.push(&format!(
                ",\nwritten AS (\n    {}\n)",
                written.join("\n    UNION ALL\n    ")
            ));
            self.put_operations(&mut sql);
            self.put_events(&mut sql);
        }
        let mut answers = vec!["SELECT -1::bigint AS chain, NULL::bigint FROM fence".to_owned()];
        let mut through = Vec::new();
        if !written.is_empty() {
            through.push("SELECT chain FROM written");
            answers.push("SELECT chain, execution_key FROM written".to_owned());
        }
        if !self.removed.is_empty() {
            self.put_removals(&mut sql, &account);
            through.push("SELECT chain FROM removed");
            answers.push("SELECT chain, NULL FROM removed".to_owned());
        }
        if !self.changes.is_empty() {
            self.put_counts(&mut sql, &account, &through);
        }
        if !self.asked.is_empty() {
            answers.push(self.asked(&mut sql, &account));
        }
        sql.push("\n");
        sql.push(&answers.join("\nUNION ALL\n"));
        sql
    }

    /// Inserts the executions that start; returns the text that selects their keys and chains.
    fn put_starts<'p>(&'p self, sql: &mut Sql<'p>, account: &str) -> String {
        let specs = sql.table("spec", spec::COLUMNS, &self.specs);
        let names = names(spec::COLUMNS, &self.specs, 0);
        let states = sql.table("state", state::COLUMNS, &self.first_states);
        let columns = self::names(&state::COLUMNS[1..], &self.first_states, 0);
        // Two to the power of 21 and of 42: see the comment on the table.
        sql.push(&format!(
            ",
started AS (
    INSERT INTO lambdura.execution_specs (execution_key, account_id, {names})
    SELECT
        least(greatest(started_at, 0), 4398046511103) * 2097152
        + nextval('lambdura.execution_keys') % 2097152,
        {account}, {names}
    FROM fence CROSS JOIN {specs}
    ON CONFLICT DO NOTHING
    RETURNING execution_key, execution_id
),
first_states AS (
    INSERT INTO lambdura.execution_states (execution_key, account_id, writer_id, batch, {columns})
    SELECT spec.execution_key, {account}, fence.writer_id, fence.batch, {columns}
    FROM fence CROSS JOIN started AS spec JOIN {states} USING (execution_id)
)"
        ));
        let started = sql.table("state", STARTED, &self.started);
        format!(
            "SELECT spec.execution_key, state.chain FROM started AS spec JOIN {started} USING (execution_id)"
        )
    }

    /// Changes the states of executions that are there, where their versions are as the chains have them.
    fn put_advances<'p>(&'p self, sql: &mut Sql<'p>) {
        let mut changes = String::new();
        for column in &state::COLUMNS[state::CHAIN_COLUMNS..] {
            let name = column.name;
            let is_there = self.states.groups() & (1 << column.group) != 0;
            let is_of_outcome = column.group == state::OUTCOME;
            let change = match (is_there, is_of_outcome) {
                // An outcome does not change: large values stay where they lie.
                (true, true) => format!(
                    ", {name} = CASE WHEN stored.ended_at IS NULL THEN state.{name} ELSE stored.{name} END"
                ),
                (true, false) => format!(", {name} = state.{name}"),
                (false, true) => continue,
                (false, false) => format!(", {name} = NULL"),
            };
            changes.push_str(&change);
        }
        let table = sql.table("state", state::COLUMNS, &self.states);
        // The keys once more, so that however the planner joins, it reads no more than these by the index: its plan is
        // kept, and may be of a time when there were few executions.
        let keys = sql.parameter(&self.keys, Type::INT8_ARRAY);
        sql.push(&format!(
            ",
advanced AS (
    UPDATE lambdura.execution_states AS stored
    SET writer_id = fence.writer_id, batch = fence.batch{changes}
    FROM fence CROSS JOIN {table}
    WHERE stored.execution_key = ANY ({keys})
        AND stored.execution_key = state.execution_key
        AND stored.version = state.from_version
    RETURNING stored.execution_key, state.chain
)"
        ));
    }

    fn put_removals<'p>(&'p self, sql: &mut Sql<'p>, account: &str) {
        let table = sql.table("removal", ASKED, &self.removed);
        let spec = spec_of(account, "removal");
        sql.push(&format!(
            ",
leaving AS MATERIALIZED (
    SELECT removal.chain, removal.from_version, spec.execution_key
    FROM fence CROSS JOIN {table} CROSS JOIN {spec}
),
removed AS (
    DELETE FROM lambdura.execution_states AS stored
    USING leaving
    WHERE stored.execution_key = ANY (ARRAY(SELECT execution_key FROM leaving))
        AND stored.execution_key = leaving.execution_key
        AND stored.version = leaving.from_version
    RETURNING stored.execution_key, leaving.chain
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

    /// Applies to the counts the changes of the chains that came through.
    fn put_counts<'p>(&'p self, sql: &mut Sql<'p>, account: &str, through: &[&str]) {
        let table = sql.table("changes", CHANGES, &self.changes);
        // In order of the key, so that servers which share a bucket wait for each other and not in a circle.
        sql.push(&format!(
            ",
counted AS (
    INSERT INTO lambdura.execution_counts (
        account_id, function_name, function_version, status, bucket, count
    )
    SELECT {account}, function_name, function_version, status, fence.bucket, sum(change)
    FROM fence CROSS JOIN {table} JOIN ({}) AS through USING (chain)
    GROUP BY function_name, function_version, status, fence.bucket
    HAVING sum(change) <> 0
    ORDER BY function_name, function_version, status
    ON CONFLICT (account_id, function_name, function_version, status, bucket)
    DO UPDATE SET count = execution_counts.count + excluded.count
)",
            through.join(" UNION ALL ")
        ));
    }

    fn asked<'p>(&'p self, sql: &mut Sql<'p>, account: &str) -> String {
        let table = sql.table("asked", ASKED, &self.asked);
        let spec = spec_of(account, "asked");
        format!(
            "SELECT asked.chain, spec.execution_key FROM {table} CROSS JOIN {spec} CROSS JOIN LATERAL (
    SELECT FROM lambdura.execution_states
    WHERE execution_key = spec.execution_key AND version = asked.from_version
    OFFSET 0
) AS stored"
        )
    }
}

fn add_asked<'a>(rows: &mut Rows<'a>, number: usize, chain: &Chain, id: &'a ExecutionId) {
    rows.bits(number as u64);
    rows.id(id.as_str());
    rows.bits(chain.from);
    rows.end_row();
}

/// The execution that a row of `of` names by its id: looked up by the index of ids, for each row. A join would leave
/// the way to the planner, whose plan is kept and may be of a time when there were few executions: it then reads all
/// there are at each commit. `OFFSET 0` keeps it from making a join of this.
fn spec_of(account: &str, of: &str) -> String {
    format!(
        "LATERAL (
    SELECT execution_key
    FROM lambdura.execution_specs
    WHERE account_id = {account} AND execution_id = {of}.execution_id
    OFFSET 0
) AS spec"
    )
}

/// The columns that are there, without the first ones.
fn names(columns: &'static [Column], rows: &Rows<'_>, skipped: usize) -> String {
    let names: Vec<_> = present(&columns[skipped..], rows.groups())
        .map(|column| column.name)
        .collect();
    names.join(", ")
}
