//! `GET /lambdura/v1/servers`: which servers share the store, and what each drives.

use std::sync::Arc;

use hyper::{Response, StatusCode};
use model::{Owner, Timestamp};
use serde::Serialize;
use store::Survey;
use utoipa::ToSchema;
use wire::ApiError;

use crate::app::App;
use crate::http::{Body, json};

/// The servers of the store.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct ServerList {
    /// Whether the store is one that servers share. Where it is not, there are no others to tell of.
    pub is_shared: bool,
    /// Those that live and those that died within the last hour, in the order of their start.
    pub servers: Vec<ServerShown>,
    /// The owner of each of the 256 shards: a place in `servers`; null where nobody owns it at this moment.
    pub shards: Vec<Option<usize>>,
    /// Epoch milliseconds, by the clock of the database.
    pub now_at: i64,
}

/// A server.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ServerShown {
    /// The run: sixteen hexadecimal digits.
    pub id: String,
    /// Whether it is the one that answers.
    pub is_this: bool,
    /// Where the other servers reach it.
    pub address: String,
    pub version: String,
    pub state: ServerState,
    /// By its own clock.
    pub started_at: i64,
    /// When its lease is over, or was.
    pub lease_ends_at: i64,
    /// How many shards it drives.
    pub shard_count: usize,
    /// Invocations of durable executions that it has begun and that have not ended.
    pub invocations: u64,
}

/// How a server is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ServerState {
    /// It lives.
    Live,
    /// It hands over what it drives, and ends.
    Leaving,
    /// It has not said in time that it lives.
    Dead,
}

/// Returns the servers of the store.
#[utoipa::path(
    get,
    path = "/lambdura/v1/servers",
    responses((status = 200, body = ServerList)),
)]
pub(super) async fn list(app: &Arc<App>) -> Result<Response<Body>, ApiError> {
    let list = match &app.cluster {
        Some(cluster) => shown(cluster.survey().await?, cluster.id()),
        None => ServerList::default(),
    };
    Ok(json(StatusCode::OK, &list))
}

fn shown(mut survey: Survey, this: Owner) -> ServerList {
    survey
        .servers
        .sort_by_key(|it| (it.server.started_at, it.server.id));
    let place = |owner: &Option<Owner>| {
        let owner = (*owner)?;
        survey.servers.iter().position(|it| it.server.id == owner)
    };
    let shards: Vec<_> = survey.owners.iter().map(place).collect();
    let servers = survey.servers.iter().enumerate().map(|(number, it)| {
        let server = &it.server;
        ServerShown {
            id: format!("{:016x}", server.id.0),
            is_this: server.id == this,
            address: server.address.clone(),
            version: server.version.clone(),
            state: state(it.expires_at, survey.at, server.is_leaving),
            started_at: server.started_at.as_millis(),
            lease_ends_at: it.expires_at.as_millis(),
            shard_count: shards.iter().filter(|it| **it == Some(number)).count(),
            invocations: it.invocations,
        }
    });
    ServerList {
        is_shared: true,
        servers: servers.collect(),
        now_at: survey.at.as_millis(),
        shards,
    }
}

fn state(expires_at: Timestamp, now: Timestamp, is_leaving: bool) -> ServerState {
    match is_leaving {
        _ if expires_at <= now => ServerState::Dead,
        true => ServerState::Leaving,
        false => ServerState::Live,
    }
}
