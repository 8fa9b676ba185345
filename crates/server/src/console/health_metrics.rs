//! Metrics about trouble: whether the server is ready, failures of the store, queues, late timers, and executions that
//! are set aside.

use std::sync::Arc;

use store::StoreTrouble;

use super::system::Exposition;
use crate::app::App;
use crate::service::readiness_problems;

/// Adds the metrics.
pub(super) fn add(text: &mut Exposition, app: &Arc<App>) {
    text.head(
        "lambdura_ready",
        "gauge",
        "1 while `/readyz` says so, else 0.",
    );
    let is_ready = readiness_problems(app).is_empty();
    text.sample("lambdura_ready", &[], u8::from(is_ready));
    store(text, app);
    waiting(text, app);
    timers(text, app);
    cluster(text, app);
    text.head(
        "lambdura_set_aside_executions",
        "gauge",
        "Executions that cannot be worked on and are left alone.",
    );
    let set_aside = app.driver.set_aside_count();
    text.sample("lambdura_set_aside_executions", &[], set_aside);
}

fn store(text: &mut Exposition, app: &Arc<App>) {
    let (stats, health) = (app.driver.store().stats(), app.driver.store().health());
    text.head(
        "lambdura_store_healthy",
        "gauge",
        "1 while commits become durable and reads are answered, else 0.",
    );
    let is_healthy = u8::from(health.is_healthy());
    text.sample("lambdura_store_healthy", &[], is_healthy);
    text.head(
        "lambdura_store_commits_failing",
        "gauge",
        "The last so many transactions failed, and none has succeeded since.",
    );
    let failing = match health.trouble {
        Some(StoreTrouble::CommitsFail { in_a_row, .. }) => in_a_row,
        Some(
            StoreTrouble::Closed
            | StoreTrouble::WriterGone(_)
            | StoreTrouble::ReaderGone
            | StoreTrouble::FilesGone { .. },
        )
        | None => 0,
    };
    text.sample("lambdura_store_commits_failing", &[], failing);
    text.head(
        "lambdura_store_failed_commits_total",
        "counter",
        "Transactions that failed.",
    );
    let failed = stats.failed_commits;
    text.sample("lambdura_store_failed_commits_total", &[], failed);
    text.head(
        "lambdura_store_unreadable_rows",
        "gauge",
        "Rows that lists left out because they cannot be decoded.",
    );
    let unreadable = stats.unreadable_rows;
    text.sample("lambdura_store_unreadable_rows", &[], unreadable);
    text.head(
        "lambdura_store_warnings",
        "gauge",
        "What was found to be wrong with the data.",
    );
    text.sample("lambdura_store_warnings", &[], health.warnings.len());
}

fn waiting(text: &mut Exposition, app: &Arc<App>) {
    text.head(
        "lambdura_invocations_waiting",
        "gauge",
        "Invocations that wait for their turn.",
    );
    for (function, version, waiting) in app.driver.waiting_by_version() {
        let version = version.to_string();
        let labels = [("function", function.as_str()), ("version", &version)];
        text.sample("lambdura_invocations_waiting", &labels, waiting);
    }
    text.head(
        "lambdura_async_invocations_accepted",
        "gauge",
        "Asynchronous invocations of plain functions that were accepted and are not done.",
    );
    let accepted = app.driver.queued_count();
    text.sample("lambdura_async_invocations_accepted", &[], accepted);
}

fn timers(text: &mut Exposition, app: &Arc<App>) {
    let pulse = app.driver.timer_pulse();
    text.head(
        "lambdura_timer_lag_seconds",
        "gauge",
        "How late the most overdue deadline was when deadlines were last read.",
    );
    let lag = pulse.lag.as_secs_f64();
    text.sample("lambdura_timer_lag_seconds", &[], lag);
    text.head(
        "lambdura_timer_read_age_seconds",
        "gauge",
        "Time since deadlines were last read, or since the start.",
    );
    let read_at = pulse.read_at.unwrap_or(app.diagnostics.started_at);
    let age = app.driver.now().since(read_at).as_secs_f64();
    text.sample("lambdura_timer_read_age_seconds", &[], age);
}

/// A single server has the names, but no values.
fn cluster(text: &mut Exposition, app: &Arc<App>) {
    let among = app.cluster.as_ref().map(|cluster| {
        let membership = cluster.membership();
        let driven = membership.owned_by(cluster.id()).len();
        let unowned = membership.free().len();
        let servers = membership.servers.len();
        (
            cluster.statistics(),
            cluster.lease_left(),
            servers,
            driven,
            unowned,
        )
    });
    let mut gauge = |name: &str, help: &str, kind: &str, figure: Option<f64>| {
        text.head(name, kind, help);
        if let Some(figure) = figure {
            text.sample(name, &[], figure);
        }
    };
    #[expect(
        clippy::cast_precision_loss,
        reason = "a count of servers, shards, notices"
    )]
    let of_count = |count: u64| count as f64;
    let (counts, lease, servers, driven, unowned) = match among {
        Some((counts, lease, servers, driven, unowned)) => (
            Some(counts),
            Some(lease.as_secs_f64()),
            Some(of_count(servers as u64)),
            Some(of_count(driven as u64)),
            Some(of_count(unowned as u64)),
        ),
        None => (None, None, None, None, None),
    };
    gauge(
        "lambdura_cluster_servers",
        "Servers that share the store and live, as this one saw it last.",
        "gauge",
        servers,
    );
    gauge(
        "lambdura_cluster_shards",
        "Shards that this server drives.",
        "gauge",
        driven,
    );
    gauge(
        "lambdura_cluster_shards_unowned",
        "Shards that nobody drives, as this server saw it last.",
        "gauge",
        unowned,
    );
    gauge(
        "lambdura_cluster_lease_seconds",
        "How long this server may still drive its shards unless it says again that it lives.",
        "gauge",
        lease,
    );
    for (name, help, figure) in [
        (
            "lambdura_cluster_leases_lost_total",
            "Times that this server could not say in time that it lives.",
            counts.map(|it| it.leases_lost),
        ),
        (
            "lambdura_cluster_notices_told_total",
            "Notices of changed executions that other servers were told.",
            counts.map(|it| it.notices_told),
        ),
        (
            "lambdura_cluster_notices_failed_total",
            "Notices that could not be told.",
            counts.map(|it| it.notices_failed),
        ),
        (
            "lambdura_cluster_word_left_total",
            "Executions of which word was left in the store instead.",
            counts.map(|it| it.word_left),
        ),
        (
            "lambdura_cluster_shards_gained_total",
            "Shards that this server took or was given.",
            counts.map(|it| it.shards_gained),
        ),
        (
            "lambdura_cluster_taken_up_total",
            "Executions that this server took up where another had left them.",
            counts.map(|it| it.taken_up),
        ),
    ] {
        gauge(name, help, "counter", figure.map(of_count));
    }
}
