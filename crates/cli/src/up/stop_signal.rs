//! The signals that ask the service to stop.

use std::io;

use owo_colors::OwoColorize;
use server::Server;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::start;
use crate::screen::note;

/// The kind of signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// A person, with Ctrl-C.
    Interrupt,
    /// A service manager, or the end of the terminal.
    Terminate,
}

/// Listens from its creation on: no signal is lost in between.
#[derive(Debug)]
pub struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl StopSignals {
    /// Begins to listen.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the next signal.
    pub async fn next(&mut self) -> Stop {
        tokio::select! {
            _ = self.interrupt.recv() => Stop::Interrupt,
            _ = self.terminate.recv() => Stop::Terminate,
            _ = self.hang_up.recv() => Stop::Terminate,
        }
    }

    /// Shuts the server down; ends the process when it is asked to stop once more.
    pub async fn close(&mut self, server: Server) {
        tokio::select! {
            () = start::close(server) => {}
            _ = self.next() => {
                note("stopped by force; everything acknowledged is kept".yellow());
                std::process::exit(130);
            }
        }
    }
}
