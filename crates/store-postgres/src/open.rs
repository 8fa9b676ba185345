//! Opening a database: connected to, checked, and brought to the schema of this program.

use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio_postgres::Client;

use crate::check::{CONNECT, check_server};
use crate::connect::Target;
use crate::open_error::OpenError;
use crate::restoring::{Restoring, require_whole};
use crate::{partitions, schema};

/// A database that can be used, with a connection to it.
pub(crate) struct Prepared {
    pub target: Arc<Target>,
    pub client: Client,
    pub connection: JoinHandle<()>,
    /// The database's setting for the durability of a commit.
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

/// The account, if it is one.
fn check_account(account: &str) -> Result<(), OpenError> {
    if account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    Err(OpenError::Account {
        account: account.chars().take(64).collect(),
    })
}
