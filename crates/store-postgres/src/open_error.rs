//! Faults of the database when a store is opened, reported so that an operator can fix them.

use std::error::Error;

use thiserror::Error;

/// Why a store could not be opened. The text gives the failure, its cause, and the remedy.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL or the key words are wrong.
    #[error(
        "the database is not named as it must be: {reason}; it looks like \
         `postgres://user:password@host:5432/database?sslmode=verify-full`"
    )]
    Configuration {
        /// The mistake.
        reason: String,
    },
    /// The account is not an account.
    #[error("`{account}` is not an account: it has twelve digits")]
    Account {
        /// The given text.
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
    /// No server answers.
    #[error(
        "no PostgreSQL answers at {server}: start it, or correct host and port; a firewall may be in the way"
    )]
    Unreachable {
        /// Where.
        server: String,
        /// The error.
        #[source]
        cause: Box<tokio_postgres::Error>,
    },
    /// No server that answers takes writes.
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
        /// The user.
        user: String,
        /// The database.
        database: String,
        /// The server's error.
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
        /// Since when, and from which source.
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
    /// The user lacks a privilege that the store needs.
    #[error(
        "user `{user}` may not {attempted} in database `{database}`: let a user who may open the store once, or \
         `GRANT CREATE ON DATABASE {database} TO {user}`"
    )]
    Privilege {
        /// The user.
        user: String,
        /// Where.
        database: String,
        /// The attempt.
        attempted: String,
        /// The server's error.
        #[source]
        cause: Box<tokio_postgres::Error>,
    },
    /// The database failed.
    #[error("PostgreSQL at {server} failed to {attempted}")]
    Database {
        /// Where.
        server: String,
        /// The attempt.
        attempted: String,
        /// The error.
        #[source]
        cause: Box<dyn Error + Send + Sync>,
    },
}
