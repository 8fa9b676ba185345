//! Which schema a file has, and how an older one becomes the current one.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::copy::{CopyError, copy_before};
use crate::open::open_reader;
use crate::open_error::OpenStoreError;

/// Marks a file as ours in SQLite's header, so that another program's file is not touched: `LMBD`.
const APPLICATION_ID: i32 = 0x4c4d_4244;

/// The numbered steps of one kind of database; the position of a step, from 1, is the version that
/// it leads to. Steps are only ever appended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schema {
    migrations: &'static [&'static str],
    /// Whether the file may have tables of an application's beside them.
    shared: bool,
}

/// The tables of executions.
pub(crate) const TABLES: &[&str] = &[
    "execution_specs",
    "execution_states",
    "execution_outcomes",
    "operations",
    "events",
    "async_invocations",
    "function_versions",
    "aliases",
    "function_settings",
    "dead_letters",
    "execution_counts",
    "set_aside",
    "schedule_marks",
    "access_keys",
    "deployed_stacks",
    "deployed_stacks_revision",
    "audit_records",
];

/// The schema of executions.
pub(crate) const EXECUTIONS: Schema = Schema {
    migrations: &[
        include_str!("sql/migrations/0001_initial.sql"),
        include_str!("sql/migrations/0002_payload_source.sql"),
        include_str!("sql/migrations/0003_pause.sql"),
        include_str!("sql/migrations/0004_functions_api.sql"),
        include_str!("sql/migrations/0005_search.sql"),
        include_str!("sql/migrations/0006_origins.sql"),
        include_str!("sql/migrations/0007_owners.sql"),
        include_str!("sql/migrations/0008_schedules.sql"),
        include_str!("sql/migrations/0009_access_keys.sql"),
        include_str!("sql/migrations/0010_stacks.sql"),
        include_str!("sql/migrations/0011_offers.sql"),
        include_str!("sql/migrations/0012_audit.sql"),
    ],
    shared: false,
};

/// Names of the migrations of [`EXECUTIONS`], in their order.
const NAMES: &[&str] = &[
    "0001_initial",
    "0002_payload_source",
    "0003_pause",
    "0004_functions_api",
    "0005_search",
    "0006_origins",
    "0007_owners",
    "0008_schedules",
    "0009_access_keys",
    "0010_stacks",
    "0011_offers",
    "0012_audit",
];

/// Migrations that opening a store on this file would do, by their names: all of them where there is no file. Nothing
/// is changed.
///
/// # Errors
/// [`OpenStoreError`] when the file cannot be read, is another program's, or of a newer version of this one.
pub fn pending_migrations(path: &Path) -> Result<Vec<&'static str>, OpenStoreError> {
    if !path.exists() {
        return Ok(NAMES.to_vec());
    }
    let failed = |cause| OpenStoreError::Database {
        path: path.to_owned(),
        cause,
    };
    let connection = open_reader(path).map_err(failed)?;
    let found = match EXECUTIONS.found_version(&connection) {
        Ok(found) => found,
        Err(MigrateError::Database(cause)) => return Err(failed(cause)),
        Err(_) => {
            let path = path.to_owned();
            return Err(OpenStoreError::Foreign { path });
        }
    };
    let supported = EXECUTIONS.version();
    if found > supported {
        return Err(OpenStoreError::NewerSchema {
            path: path.to_owned(),
            found,
            supported,
        });
    }
    let done = usize::try_from(found).unwrap_or(usize::MAX);
    Ok(NAMES.iter().skip(done).copied().collect())
}

/// The schema of logs and traces.
pub(crate) const LOGS: Schema = Schema {
    migrations: &[include_str!("sql/logs/migrations/0001_initial.sql")],
    shared: false,
};

/// Why a file cannot be used.
#[derive(Debug)]
pub(crate) enum MigrateError {
    Newer {
        found: u32,
        supported: u32,
    },
    Foreign,
    /// It has tables of an application's, and cannot be shared with it.
    NotShared(String),
    Copy {
        found: u32,
        cause: CopyError,
    },
    Database(rusqlite::Error),
}

impl From<rusqlite::Error> for MigrateError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl Schema {
    /// The same, in a file that may have tables of an application's.
    pub const fn shared(self) -> Self {
        Self {
            shared: true,
            ..self
        }
    }

    /// Whether the file may have tables of an application's.
    pub const fn is_shared(self) -> bool {
        self.shared
    }

    /// The version that this program writes.
    pub fn version(self) -> u32 {
        u32::try_from(self.migrations.len()).expect("there are a handful of migrations")
    }

    /// Brings a new or older file to the current version, each step whole or not at all. An older one
    /// is copied before; returns where to.
    pub fn migrate(
        self,
        connection: &Connection,
        path: &Path,
    ) -> Result<Option<PathBuf>, MigrateError> {
        let found = self.found_version(connection)?;
        let supported = self.version();
        if found > supported {
            return Err(MigrateError::Newer { found, supported });
        }
        let copied_to = if (1..supported).contains(&found) {
            let copied = copy_before(connection, path, supported);
            Some(copied.map_err(|cause| MigrateError::Copy { found, cause })?)
        } else {
            None
        };
        for version in found + 1..=supported {
            let step = self.migrations[version as usize - 1];
            let transaction = connection.unchecked_transaction()?;
            transaction.execute_batch(step)?;
            transaction.pragma_update(None, "user_version", version)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.commit()?;
        }
        Ok(copied_to)
    }

    /// The version of a file, if it is one of this kind.
    pub fn found(self, connection: &Connection) -> rusqlite::Result<Option<u32>> {
        let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get(0));
        let version: i64 = pragma("user_version")?;
        let application_id: i64 = pragma("application_id")?;
        let is_ours = application_id == i64::from(APPLICATION_ID);
        Ok(is_ours.then(|| u32::try_from(version).unwrap_or(0)))
    }

    /// Whether the tables of executions may be made in an application's file.
    fn join(connection: &Connection, version: i64, id: i64) -> Result<(), MigrateError> {
        if version != 0 || id != 0 {
            return Err(MigrateError::NotShared(format!(
                "the application numbers it (`PRAGMA user_version` is {version}, `PRAGMA application_id` {id}), \
                 and these numbers are needed for the tables of durable executions: keep the application's in a \
                 table of its own, and set them to 0"
            )));
        }
        let mut names = connection.prepare("SELECT name FROM sqlite_schema")?;
        let names = names.query_map([], |row| row.get::<_, String>(0))?;
        for name in names {
            let name = name?;
            if TABLES.iter().any(|own| own.eq_ignore_ascii_case(&name)) {
                return Err(MigrateError::NotShared(format!(
                    "the application has a `{name}`, which is what a table of durable executions is called: \
                     give it another name"
                )));
            }
        }
        Ok(())
    }

    fn found_version(self, connection: &Connection) -> Result<u32, MigrateError> {
        let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get(0));
        let version: i64 = pragma("user_version")?;
        let application_id: i64 = pragma("application_id")?;
        let tables: i64 =
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if application_id == i64::from(APPLICATION_ID) {
            return u32::try_from(version).map_err(|_| MigrateError::Foreign);
        }
        if tables == 0 {
            return Ok(0);
        }
        if self.shared {
            return Self::join(connection, version, application_id).map(|()| 0);
        }
        Err(MigrateError::Foreign)
    }
}
