//! A running server: its background work, its listeners, and its shutdown.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use runtime::ClockMode;
use stdx::panic_message;
use store::StoreFault;
use tokio::net::{TcpListener, UnixListener};
use tokio_util::task::TaskTracker;
use wind::answer_callbacks;

use super::Server;
use crate::cluster::{self, Peers};
use crate::event_source::Pollers;
use crate::http::listen;
use crate::{main_port, upkeep};

/// How long function processes have to end at a shutdown.
const SHUTDOWN_GRACE: Duration = Duration::from_millis(500);

/// How long invocations have to end before another server repeats them, where there are other servers.
const LEAVE_GRACE: Duration = Duration::from_secs(10);

/// How long open connections have to end at a shutdown: callers that wait for an execution would otherwise delay it for
/// as long as that takes.
const CONNECTIONS_GRACE: Duration = Duration::from_secs(1);

impl Server {
    /// Starts the background work: timers, recovery, upkeep, schedules, queues.
    pub(super) fn drive(&self) {
        let server = self;
        let recovering = server.app.driver.clock().work();
        // Timers run during recovery, too.
        let driver = server.app.driver.clone();
        spawn_vital(
            &server.tasks,
            "timers",
            async move { driver.run_timers().await },
        );
        let app = Arc::clone(&server.app);
        spawn_vital(&server.tasks, "recovery", async move {
            let recovered = match &app.cluster {
                None => app.driver.recover().await,
                // The cluster recovers the executions of each shard when it gets the shard.
                Some(cluster) => {
                    cluster.joined().await;
                    0
                }
            };
            drop(recovering);
            if recovered > 0 {
                tracing::info!(executions = recovered, "took up what an earlier run left");
            }
            app.diagnostics.set_ready();
            app.resume_draining();
            // Only after the recovery: work of an earlier run may be due now.
            if let Some(winder) = app.winder.clone()
                && winder.clock().mode() != ClockMode::Real
            {
                app.tasks.spawn(winder.run(app.shutdown.clone()));
            }
        });
        let app = &server.app;
        let (answers, driver) = (Arc::clone(&app.answers), app.driver.clone());
        let answering = answer_callbacks(answers, driver, server.shutdown.clone());
        server.tasks.spawn(answering);
        // The host has ended the processes of an earlier run, which ran on code of this folder.
        upkeep::start(&server.app);
        let schedules = Arc::clone(&server.schedules);
        let (app, shutdown) = (Arc::clone(&server.app), server.shutdown.clone());
        server.tasks.spawn(schedules.run(app, shutdown));
        let (app, shutdown) = (Arc::clone(&server.app), server.shutdown.clone());
        server.tasks.spawn(Pollers::new(app, shutdown).run());
    }

    /// Starts to work with the other servers of the store.
    pub(super) fn take_part(&self, peers: Peers) {
        let Some(cluster) = self.app.cluster.clone() else {
            return;
        };
        let (app, shutdown) = (Arc::clone(&self.app), self.shutdown.clone());
        let connections = self.connections.clone();
        let heard = Arc::clone(&cluster);
        let (listener, secret) = (peers.listener, peers.secret);
        let hearing = cluster::serve(listener, app, heard, secret, connections, shutdown);
        self.tasks.spawn(hearing);
        spawn_vital(&self.tasks, "cluster", async move { cluster.run().await });
        let (app, shutdown) = (Arc::clone(&self.app), self.shutdown.clone());
        self.tasks.spawn(cluster::follow_catalogue(app, shutdown));
    }

    /// Answers requests on the main port, on the one for function processes, and on the socket.
    pub(super) fn serve(
        &self,
        listener: TcpListener,
        own: Option<TcpListener>,
        socket: Option<UnixListener>,
    ) {
        let app = Arc::clone(&self.app);
        let handle = move |request, peer| {
            let app = Arc::clone(&app);
            async move { main_port::handle(app, request, peer).await }
        };
        let (connections, shutdown) = (self.connections.clone(), self.shutdown.clone());
        if let Some(socket) = socket {
            let (handle, connections) = (handle.clone(), connections.clone());
            let served = listen::serve_socket(socket, handle, connections, shutdown.clone());
            self.tasks.spawn(served);
        }
        if let Some(own) = own {
            let (handle, connections) = (handle.clone(), connections.clone());
            let served = listen::serve(own, None, handle, connections, shutdown.clone());
            self.tasks.spawn(served);
        }
        if let Some(tls) = self.tls.clone() {
            self.tasks.spawn(tls.follow(shutdown.clone()));
        }
        let tls = self.tls.clone();
        self.tasks
            .spawn(listen::serve(listener, tls, handle, connections, shutdown));
    }

    /// Stops taking requests, ends the function processes, and closes the store. Running executions
    /// go on when a server starts on the same data folder.
    ///
    /// # Errors
    /// When the store fails to close; acknowledged writes are safe all the same.
    pub async fn shut_down(self) -> Result<(), StoreFault> {
        if let Some(cluster) = &self.app.cluster
            && let Err(fault) = cluster.leave(LEAVE_GRACE).await
        {
            let error = &fault as &dyn std::error::Error;
            tracing::warn!(
                error,
                "the other servers were not told; they notice by themselves"
            );
        }
        self.shutdown.cancel();
        self.app.driver.shut_down().await;
        self.app.runner.host.shutdown(SHUTDOWN_GRACE).await;
        self.connections.close();
        if tokio::time::timeout(CONNECTIONS_GRACE, self.connections.wait())
            .await
            .is_err()
        {
            tracing::debug!("connections were still open at the shutdown");
        }
        self.tasks.close();
        self.tasks.wait().await;
        self.app.access.audit.finish().await;
        let closed = self.app.driver.store().close().await;
        if let Some(wound) = &self.wound {
            wound.end().await;
        }
        self.clock.end().await;
        closed
    }
}

/// Runs a task that the server cannot do without: if it panics, the process ends at once, and the next process resumes
/// the work. Without this task, executions would stand still while the server looks well.
fn spawn_vital(
    tasks: &TaskTracker,
    name: &'static str,
    task: impl Future<Output = ()> + Send + 'static,
) {
    tasks.spawn(async move {
        if let Err(panic) = AssertUnwindSafe(task).catch_unwind().await {
            let reason = panic_message(panic.as_ref());
            tracing::error!(
                task = name,
                reason,
                "a task that must not end has panicked: ending"
            );
            std::process::abort();
        }
    });
}
