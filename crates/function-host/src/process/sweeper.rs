//! Ends processes that ended function processes have started and left, on a thread of its own.
//!
//! This reads every process of the machine. Idle processes often end together, and then one reading serves all.

use std::io;
use std::thread;

use tokio::sync::{mpsc, oneshot};

use crate::family::{Family, ProcessTree};
use crate::proc_fs::Process;

/// Orders that wait for the thread; more wait in their tasks.
const ORDERS_MAX: usize = 64;

/// Hands orders to the thread, which lives as long as this.
#[derive(Debug)]
pub(crate) struct Sweeper {
    orders: mpsc::Sender<Order>,
}

#[derive(Debug)]
enum Order {
    Find {
        leader: u32,
        relatives: oneshot::Sender<Vec<Process>>,
    },
    End {
        ended: Ended,
        done: oneshot::Sender<()>,
    },
}

/// A function process that has ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) process: Process,
    pub(super) log_stream_name: String,
    /// The result of [`Sweeper::relatives`] while it lived.
    pub(super) relatives: Vec<Process>,
}

impl Sweeper {
    /// Starts the thread.
    pub(crate) fn start() -> io::Result<Sweeper> {
        let (orders, mut received) = mpsc::channel::<Order>(ORDERS_MAX);
        let take_orders = move || {
            while let Some(first) = received.blocking_recv() {
                let others = std::iter::from_fn(|| received.try_recv().ok());
                carry_out(std::iter::once(first).chain(others).collect());
            }
        };
        thread::Builder::new()
            .name("function-sweeper".to_owned())
            .spawn(take_orders)?;
        Ok(Sweeper { orders })
    }

    /// Returns the processes that a living process has started, identified by its group and their parents.
    pub(super) async fn relatives(&self, leader: u32) -> Vec<Process> {
        let (relatives, found) = oneshot::channel();
        let order = Order::Find { leader, relatives };
        // The thread only ends with the host, which outlives the processes.
        let _ = self.orders.send(order).await;
        found.await.unwrap_or_default()
    }

    /// Ends the processes that an ended process has left; returns once that is done.
    pub(super) async fn end(&self, ended: Ended) {
        let (done, finished) = oneshot::channel();
        // As above.
        let _ = self.orders.send(Order::End { ended, done }).await;
        let _ = finished.await;
    }
}

fn carry_out(orders: Vec<Order>) {
    let mut family = Family::default();
    let mut finished = Vec::new();
    let mut tree = None;
    for order in orders {
        match order {
            Order::Find { leader, relatives } => {
                let tree = tree.get_or_insert_with(|| {
                    ProcessTree::read().unwrap_or_else(|cause| {
                        tracing::warn!(%cause, "cannot look at the processes of this machine");
                        ProcessTree::default()
                    })
                });
                // If the caller no longer waits, the result is not needed.
                let _ = relatives.send(tree.relatives(leader));
            }
            Order::End { ended, done } => {
                family.add(ended.process.start_ticks, ended.log_stream_name);
                family.add_known(ended.relatives);
                finished.push(done);
            }
        }
    }
    match family.end() {
        Ok(0) => {}
        Ok(ended) => {
            tracing::info!(ended, "ended processes that function processes had left");
        }
        Err(cause) => {
            tracing::warn!(%cause, "cannot look for processes that function processes have left");
        }
    }
    for done in finished {
        // As above.
        let _ = done.send(());
    }
}
