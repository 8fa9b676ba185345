//! Whether a store can use a database, and the meaning of a database's error for the caller that opens one.

use std::error::Error as _;

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::connect::Target;
use crate::open_error::OpenError;

/// The oldest PostgreSQL that the statements were written for.
const VERSION_MIN: i64 = 150_000;

/// The first attempt.
pub(crate) const CONNECT: &str = "connect";

/// Whether this is a server that the store can use; returns its `synchronous_commit`.
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

/// Whether a server answered that takes no writes, as the client's library reports it.
fn is_standby(error: &tokio_postgres::Error) -> bool {
    let cause = error.source().and_then(|it| it.downcast_ref());
    cause.is_some_and(|it: &std::io::Error| it.kind() == std::io::ErrorKind::PermissionDenied)
}

fn is_of_tls(error: &tokio_postgres::Error) -> bool {
    let text = stdx::error_chain(error);
    text.contains("TLS") || text.contains("tls") || text.contains("certificate")
}
