//! Functions under a debugger: one process at a time, the port of its debugger, and the notification of its start.

use std::net::{Ipv4Addr, TcpListener};

use crate::function::{DebuggedProcess, Debugger, FunctionConfig};
use crate::launch::LaunchError;
use crate::runtimes::Runtimes;
use crate::shared::Shared;

impl Shared {
    /// Makes a process with a debugger the only one of its function: the other processes end unless they are at work.
    ///
    /// # Errors
    /// Another process is at work or still ending, or the debugger's port is taken.
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
            // A full channel drops this notification; the slow reader gets the next one.
            let _ = listener.try_send(started);
        }
    }
}

/// Whether the debugger of a runtime listens on a port. Debuggers attach to processes of other runtimes by their ids.
fn has_port(runtime: &str) -> bool {
    Runtimes::is_managed(runtime)
}

/// Checks that the port of a function's debugger is free: otherwise Node.js would run without a debugger, and Python
/// would end.
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
