//! Opening a store: what can be wrong with the database, reported so that somebody can fix it.

use std::error::Error;
use std::sync::Arc;

use thiserror::Error;
use tokio::task::JoinHandle;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::connect::Target;
use crate::restoring::{Restoring, marked_since};
use crate::{partitions, schema};

/// The oldest PostgreSQL that the statements were written for.
const VERSION_MIN: i64 = 150_000;

/// Why a store could not be opened. The text says what happened, why, and what to do.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL or the key words are wrong.
    #[error(
        "the database is not named as it must be: {reason}; it looks like \
         `postgres://user:password@host:5432/database?sslmode=verify-full`"
    )]
    Configuration {
        /// What is wrong.
        reason: String,
    },
    /// The account is not an account.
    #[error("`{account}` is not an account: it has twelve digits")]
    Account {
        /// What was given.
        account: String,
    },
    /// The certificates that the server is to be believed by cannot be read.
    #[error(
        "the certificates in {place} cannot be used: name a file of PEM certificates with `sslrootcert`"
    )]
    Certificates {
        /// Where they were looked for.
        place: String,
        /// Why.
        #[source]
        cause: Box<dyn Error + Send + Sync>,
    },
    /// Nobody answers.
    #[error(
        "no PostgreSQL answers at {server}: start it, or correct host and port; a firewall may be in the way"
    )]
    Unreachable {
        /// Where.
        server: String,
        /// What was heard.
        #[source]
        cause: Box<tokio_postgres::Error>,
    },
    /// Nobody who answers takes writes.
    #[error(
        "PostgreSQL at {server} accepts no writes: it is a standby; name the primary, or all nodes (`postgres://user@one,two,three/database`), among which the primary is found"
    )]
    Standby {
        /// Where.
        server: String,
    },
    /// TLS failed.
    #[error(
        "no secure connection to {server}: correct `sslmode` and `sslrootcert`, or the server's certificate"
    )]
    Tls {
        /// Where.
        server: String,
        /// Why.
        #[source]
        cause: Box<tokio_postgres::Error>,
    },
    /// The server does not let the user in.
    #[error(
        "PostgreSQL at {server} does not let user `{user}` into database `{database}`: correct user and password, \
         or let the user in (`pg_hba.conf`, `GRANT CONNECT`)"
    )]
    Refused {
        /// Where.
        server: String,
        /// Who.
        user: String,
        /// Into what.
        database: String,
        /// What the server said.
        #[source]
        cause: Box<tokio_postgres::Error>,
    },
    /// There is no such database.
    #[error(
        "there is no database `{database}` at {server}: create it (`CREATE DATABASE {database} ENCODING 'UTF8'`)"
    )]
    NoDatabase {
        /// Where.
        server: String,
        /// Which.
        database: String,
    },
    /// The server is too old.
    #[error(
        "PostgreSQL at {server} is version {found}, and 15 is the oldest that works: upgrade it"
    )]
    TooOld {
        /// Where.
        server: String,
        /// Its version, as it says it.
        found: String,
    },
    /// Not every text can be stored.
    #[error(
        "database `{database}` has the encoding {found}, but only UTF8 can store every text: create another one \
         (`CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0`)"
    )]
    Encoding {
        /// Which.
        database: String,
        /// Its encoding.
        found: String,
    },
    /// A newer version of this program was here.
    #[error(
        "database `{database}` was last used by a newer version of this program (its schema is {found}, this one \
         knows {known}): use that version, or a newer one"
    )]
    NewerSchema {
        /// Which.
        database: String,
        /// Its schema.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// A restore into it was begun and has not ended.
    #[error(
        "database `{database}` is not complete: a restore has been running since {since}, or was interrupted. Wait until it is done, or run `lambdura restore` again, which starts over"
    )]
    Unfinished {
        /// Which.
        database: String,
        /// Since when, and from what.
        since: String,
    },
    /// It is to be restored into, and there is something in it.
    #[error(
        "database `{database}` is not empty: there are rows in `lambdura.{table}`. Name a new database: nothing is overwritten"
    )]
    NotEmpty {
        /// Which.
        database: String,
        /// A table that has rows.
        table: String,
    },
    /// Another process restores into it.
    #[error(
        "another process restores into database `{database}` at this moment: let it end, or end it"
    )]
    FilledMeanwhile {
        /// Which.
        database: String,
    },
    /// The user may not do what the store needs.
    #[error(
        "user `{user}` may not {attempted} in database `{database}`: let a user who may open the store once, or \
         `GRANT CREATE ON DATABASE {database} TO {user}`"
    )]
    Privilege {
        /// Who.
        user: String,
        /// Where.
        database: String,
        /// What.
        attempted: String,
        /// What the server said.
        #[source]
        cause: Box<tokio_postgres::Error>,
    },
    /// The database failed.
    #[error("PostgreSQL at {server} failed to {attempted}")]
    Database {
        /// Where.
        server: String,
        /// What was being done.
        attempted: String,
        /// What it said.
        #[source]
        cause: Box<dyn Error + Send + Sync>,
    },
}

impl OpenError {
    /// That something failed which the server was asked for.
    pub(crate) fn of(target: &Target, attempted: &str, cause: tokio_postgres::Error) -> Self {
        let (server, database) = (target.server(), target.database().to_owned());
        let user = target.user().to_owned();
        match cause.code().map(SqlState::code) {
            Some("3D000") => Self::NoDatabase { server, database },
            Some(code) if code.starts_with("28") => Self::Refused {
                server,
                user,
                database,
                cause: Box::new(cause),
            },
            Some("42501") if attempted == CONNECT => Self::Refused {
                server,
                user,
                database,
                cause: Box::new(cause),
            },
            Some("42501") => Self::Privilege {
                user,
                database,
                attempted: attempted.to_owned(),
                cause: Box::new(cause),
            },
            Some(_) => Self::Database {
                server,
                attempted: attempted.to_owned(),
                cause: Box::new(cause),
            },
            None if attempted == CONNECT && is_standby(&cause) => Self::Standby { server },
            None if attempted == CONNECT && is_of_tls(&cause) => Self::Tls {
                server,
                cause: Box::new(cause),
            },
            None => Self::Unreachable {
                server,
                cause: Box::new(cause),
            },
        }
    }
}

/// What is attempted first.
pub(crate) const CONNECT: &str = "connect";

/// Whether somebody answered who takes no writes, as the client's library says it.
fn is_standby(error: &tokio_postgres::Error) -> bool {
    let cause = error.source().and_then(|it| it.downcast_ref());
    cause.is_some_and(|it: &std::io::Error| it.kind() == std::io::ErrorKind::PermissionDenied)
}

fn is_of_tls(error: &tokio_postgres::Error) -> bool {
    let text = stdx::error_chain(error);
    text.contains("TLS") || text.contains("tls") || text.contains("certificate")
}

/// A database that can be used, with a connection to it.
pub(crate) struct Prepared {
    pub target: Arc<Target>,
    pub client: Client,
    pub connection: JoinHandle<()>,
    /// What the database says of how durable a commit is.
    pub synchronous_commit: String,
}

/// Connects to a database, looks whether it can be used, and brings it to the schema of this program.
/// One that is being restored is opened for that alone.
pub(crate) async fn prepare(
    url: &str,
    account: &str,
    restoring: Option<&Restoring>,
) -> Result<Prepared, OpenError> {
    check_account(account)?;
    let target = Arc::new(Target::parse(url)?);
    let connected = target.connect().await;
    let (mut client, connection) =
        connected.map_err(|cause| OpenError::of(&target, CONNECT, cause))?;
    let synchronous_commit = check_server(&client, &target).await?;
    if restoring.is_none() {
        require_whole(&client, &target).await?;
    }
    schema::migrate(&mut client, &target).await?;
    let partitioned = partitions::maintain(&mut client).await;
    partitioned.map_err(|cause| OpenError::of(&target, "make partitions", cause))?;
    Ok(Prepared {
        target,
        client,
        connection,
        synchronous_commit,
    })
}

/// Refuses a database that is being restored, or of which a part was.
pub(crate) async fn require_whole(client: &Client, target: &Target) -> Result<(), OpenError> {
    let since = marked_since(client).await;
    let since = since.map_err(|cause| OpenError::of(target, "look whether it is whole", cause))?;
    match since {
        None => Ok(()),
        Some(since) => Err(OpenError::Unfinished {
            database: target.database().to_owned(),
            since,
        }),
    }
}

/// Whether this is a server that the store can use; returns what `synchronous_commit` says.
pub(crate) async fn check_server(client: &Client, target: &Target) -> Result<String, OpenError> {
    let failed = |cause| OpenError::of(target, "say what it is", cause);
    let sql = include_str!("sql/read/server.sql");
    let row = client.query_one(sql, &[]).await.map_err(failed)?;
    let number: i64 = row.try_get(0).map_err(failed)?;
    if number < VERSION_MIN {
        return Err(OpenError::TooOld {
            server: target.server(),
            found: row.try_get(1).map_err(failed)?,
        });
    }
    let encoding: String = row.try_get(2).map_err(failed)?;
    if encoding != "UTF8" {
        return Err(OpenError::Encoding {
            database: target.database().to_owned(),
            found: encoding,
        });
    }
    row.try_get(3).map_err(failed)
}

/// The account, if it is one.
fn check_account(account: &str) -> Result<(), OpenError> {
    if account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    Err(OpenError::Account {
        account: account.chars().take(64).collect(),
    })
}
