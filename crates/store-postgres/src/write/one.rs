//! Writes that come one by one: the catalogue, executions set aside, marks of schedules, and queue entries.

use tokio_postgres::types::{ToSql, Type};

use super::queue::{bury, trim_dead_letters};
use super::statement::Sql;
use crate::job::{Domain, Write};
use crate::rows::Rows;
use crate::text::stored;

/// The parameters of a write. They live as long as its statements.
#[derive(Debug, Default)]
pub(crate) struct Cells<'a> {
    texts: Vec<Option<std::borrow::Cow<'a, str>>>,
    numbers: Vec<i64>,
    letter: Option<Rows<'a>>,
}

impl<'a> Cells<'a> {
    fn texts(texts: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        Self {
            texts: texts.into_iter().map(|text| text.map(stored)).collect(),
            ..Self::default()
        }
    }

    fn and_numbers(self, numbers: impl IntoIterator<Item = i64>) -> Self {
        Self {
            numbers: numbers.into_iter().collect(),
            ..self
        }
    }

    /// The parameters of the write. For one that accepts the occurrence of a schedule: those of its mark.
    pub fn of(write: &'a Write) -> Self {
        match write {
            Write::EnqueueScheduled(_, mark) | Write::PutScheduleMark(mark) => {
                Self::texts([Some(mark.schedule.as_str()), Some(&mark.definition)])
                    .and_numbers([mark.done_until.as_millis()])
            }
            Write::DeleteScheduleMark(schedule) => Self::texts([Some(schedule.as_str())]),
            Write::SetAside(record) => Self::texts([
                Some(record.execution_id.as_str()),
                Some(&record.attempted),
                Some(&record.reason),
            ])
            .and_numbers([record.set_aside_at.as_millis()]),
            Write::TakeBack(id) => Self::texts([Some(id.as_str())]),
            Write::Postpone {
                id,
                attempts,
                not_before,
            } => Self::default().and_numbers([id.0, i64::from(*attempts), not_before.as_millis()]),
            Write::Bury(id, letter) => {
                let mut rows = Rows::of(super::queue::DEAD_LETTER);
                super::queue::add_dead_letter(&mut rows, letter);
                Self {
                    letter: Some(rows),
                    ..Self::default().and_numbers([id.0])
                }
            }
            Write::PutFunctionVersion(record) | Write::ReplaceFunctionVersion(record) => {
                let mut cells = Self::texts([
                    Some(record.function.as_str()),
                    None,
                    Some(&record.code_sha256),
                    Some(&record.config_sha256),
                    Some(&record.code_dir),
                    Some(&record.configuration),
                ])
                .and_numbers([record.published_at.as_millis()]);
                cells.texts[1] = Some(store::columns::version_text(&record.version));
                cells
            }
            Write::PutAlias(record) => {
                let mut cells = Self::texts([
                    Some(record.function.as_str()),
                    Some(&record.name),
                    None,
                    Some(&record.description),
                    record.routing.as_deref(),
                    Some(&record.revision_id),
                ]);
                cells.texts[2] = Some(store::columns::version_text(&record.version));
                cells
            }
            Write::PutFunctionSettings(record) => {
                Self::texts([Some(record.function.as_str()), Some(&record.settings)])
            }
            Write::DeleteFunctionVersion(function, version) => {
                let mut cells = Self::texts([Some(function.as_str()), None]);
                cells.texts[1] = Some(store::columns::version_text(version));
                cells
            }
            Write::DeleteAlias(function, name) => {
                Self::texts([Some(function.as_str()), Some(name)])
            }
            Write::DeleteFunction(function) => Self::texts([Some(function.as_str())]),
            Write::Commit(_) | Write::Enqueue(_) | Write::Dequeue(_) | Write::Probe => {
                Self::default()
            }
        }
    }

    fn text(&self, place: usize) -> (&(dyn ToSql + Sync), Type) {
        (&self.texts[place], Type::TEXT)
    }

    fn number(&self, place: usize) -> (&(dyn ToSql + Sync), Type) {
        (&self.numbers[place], Type::INT8)
    }
}

/// The source of a statement's parameter: a text or a number of the cells.
#[derive(Debug, Clone, Copy)]
enum Binding {
    T(usize),
    N(usize),
}

use Binding::{N, T};

/// Of the statements that record a version.
const VERSION: &[Binding] = &[T(0), T(1), T(2), T(3), T(4), T(5), N(0)];

/// The statements of a write; the last one returns whether it was done.
pub(crate) fn one<'p>(
    domain: Domain,
    write: &Write,
    account: &'p &str,
    cells: &'p Cells<'_>,
) -> Vec<Sql<'p>> {
    let of_account = (account as &(dyn ToSql + Sync), Type::TEXT);
    let with = |text: &str, order: &[Binding]| {
        let mut parameters = vec![of_account.clone()];
        parameters.extend(order.iter().map(|binding| match binding {
            T(place) => cells.text(*place),
            N(place) => cells.number(*place),
        }));
        Sql::fixed(text, parameters)
    };
    let texts = |text: &str, count: usize| {
        let order: Vec<_> = (0..count).map(T).collect();
        with(text, &order)
    };
    let mut statements = Vec::new();
    if domain == Domain::Catalogue {
        statements.push(texts(include_str!("../sql/write/raise_revision.sql"), 0));
    }
    match write {
        Write::EnqueueScheduled(..) | Write::PutScheduleMark(_) => statements.push(with(
            include_str!("../sql/write/put_schedule_mark.sql"),
            &[T(0), T(1), N(0)],
        )),
        Write::DeleteScheduleMark(_) => statements.push(texts(
            include_str!("../sql/write/delete_schedule_mark.sql"),
            1,
        )),
        Write::SetAside(_) => statements.push(with(
            include_str!("../sql/write/set_aside.sql"),
            &[T(0), N(0), T(1), T(2)],
        )),
        Write::TakeBack(_) => {
            statements.push(texts(include_str!("../sql/write/take_back.sql"), 1));
        }
        Write::Postpone { .. } => statements.push(with(
            include_str!("../sql/write/postpone.sql"),
            &[N(0), N(1), N(2)],
        )),
        Write::Bury(..) => {
            if let Some(letter) = &cells.letter {
                statements.push(bury(account, &cells.numbers[0], letter));
                statements.push(trim_dead_letters(account));
            }
        }
        Write::PutFunctionVersion(record) => {
            let sql = match record.version {
                model::Version::Latest => include_str!("../sql/write/replace_function_version.sql"),
                model::Version::Published(_) => {
                    include_str!("../sql/write/insert_function_version.sql")
                }
            };
            statements.push(with(sql, VERSION));
        }
        Write::ReplaceFunctionVersion(_) => statements.push(with(
            include_str!("../sql/write/replace_function_version.sql"),
            VERSION,
        )),
        Write::PutAlias(_) => {
            statements.push(texts(include_str!("../sql/write/replace_alias.sql"), 6));
        }
        Write::PutFunctionSettings(_) => statements.push(texts(
            include_str!("../sql/write/replace_function_settings.sql"),
            2,
        )),
        Write::DeleteFunctionVersion(..) => statements.push(texts(
            include_str!("../sql/write/delete_function_version.sql"),
            2,
        )),
        Write::DeleteAlias(..) => {
            statements.push(texts(include_str!("../sql/write/delete_alias.sql"), 2));
        }
        Write::DeleteFunction(_) => {
            statements.push(texts(include_str!("../sql/write/delete_function.sql"), 1));
        }
        // The fence is all that these need, or another statement has them.
        Write::Probe | Write::Commit(_) | Write::Enqueue(_) | Write::Dequeue(_) => {}
    }
    statements
}
