//! Functions that are debugged: one process of them at a time, where its debugger listens, and who is told of it.

use std::net::{Ipv4Addr, TcpListener};

use crate::function::{DebuggedProcess, Debugger, FunctionConfig};
use crate::launch::LaunchError;
use crate::runtimes::Runtimes;
use crate::shared::Shared;

impl Shared {
    /// Sees that a process with a debugger is the only one of its function: its other processes end unless they are at work.
    ///
    /// # Errors
    /// One is at work, or is still ending, or its port is taken.
    pub(crate) fn make_way_for_debugger(
        &self,
        function: &FunctionConfig,
    ) -> Result<(), LaunchError> {
        let Some(debugger) = &function.debugger else {
            return Ok(());
        };
        let (retired, others) = self.pools().retire_other_versions(&function.key());
        for process in &retired {
            process.retire.notify_one();
        }
        if others > 0 {
            return Err(LaunchError::OtherIsDebugged {
                function: function.name.clone(),
            });
        }
        check_port(function, debugger)
    }

    pub(crate) fn tell_of_debugger(&self, function: &FunctionConfig, pid: u32) {
        if let (Some(debugger), Some(listener)) = (&function.debugger, &self.config.debugged) {
            let started = DebuggedProcess {
                function: function.name.clone(),
                version: function.version.clone(),
                pid,
                port: has_port(&function.runtime).then_some(debugger.port),
            };
            // A reader that is this slow is notified of the next one.
            let _ = listener.try_send(started);
        }
    }
}

/// Whether the debugger of a runtime listens on a port. Processes of others are attached to by their ids.
fn has_port(runtime: &str) -> bool {
    Runtimes::is_managed(runtime)
}

/// Looks whether a function's debugger will find its port free: Node.js would run without one, and Python end.
fn check_port(function: &FunctionConfig, debugger: &Debugger) -> Result<(), LaunchError> {
    if !has_port(&function.runtime)
        || TcpListener::bind((Ipv4Addr::LOCALHOST, debugger.port)).is_ok()
    {
        return Ok(());
    }
    Err(LaunchError::DebuggerPort {
        function: function.name.clone(),
        port: debugger.port,
    })
}
