//! Functions that are debugged: where their debuggers listen.

use std::net::{Ipv4Addr, TcpListener};

use crate::function::{Debugger, FunctionConfig};
use crate::launch::LaunchError;
use crate::runtimes::Runtimes;

/// Whether the debugger of a runtime listens on a port. Processes of others are attached to by their ids.
pub(crate) fn has_port(runtime: &str) -> bool {
    Runtimes::is_managed(runtime)
}

/// Looks whether a function's debugger will find its port free: Node.js would run without one, and Python end.
pub(crate) fn check_port(
    function: &FunctionConfig,
    debugger: &Debugger,
) -> Result<(), LaunchError> {
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
