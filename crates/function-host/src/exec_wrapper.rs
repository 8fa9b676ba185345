//! `AWS_LAMBDA_EXEC_WRAPPER`: the script or program through which a managed runtime is started.
//!
//! It gets the runtime's own command as its arguments, and usually ends with `exec "$@"`; some replace the runtime altogether.
//! Lambda applies it to managed runtimes alone: an OS-only runtime (`provided.*`) is its own first program.
//! Source: Lambda developer guide, "Modifying the runtime environment", "Wrapper scripts", read 2026-11.

use std::path::PathBuf;

use crate::folders;
use crate::function::FunctionConfig;

/// The variable's name.
pub(crate) const EXEC_WRAPPER: &str = "AWS_LAMBDA_EXEC_WRAPPER";

/// A function's wrapper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExecWrapper {
    /// As the function names it, mostly below `/opt`.
    pub(crate) named: String,
    /// Its path on this machine.
    pub(crate) file: PathBuf,
}

impl ExecWrapper {
    /// Returns the wrapper that a function's environment names.
    pub(crate) fn of(function: &FunctionConfig) -> Option<ExecWrapper> {
        let named = function.environment.get(EXEC_WRAPPER)?;
        // Lambda's own start script ignores an empty value, as the shell does.
        if named.is_empty() {
            return None;
        }
        Some(ExecWrapper {
            named: named.clone(),
            file: folders::on_this_machine(&function.code_dir, named),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lambdas_paths_are_those_of_this_machine() {
        let mut function = FunctionConfig::for_tests();
        function.code_dir = "/code".into();
        assert_eq!(ExecWrapper::of(&function), None);
        for (named, file) in [
            ("/opt/wrap", "/code/.opt/wrap"),
            ("/opt/bin/wrap", "/code/.opt/bin/wrap"),
            ("/var/task/run", "/code/run"),
            ("run", "/code/run"),
            ("./run", "/code/run"),
            ("/usr/bin/env", "/usr/bin/env"),
            ("/optional/wrap", "/optional/wrap"),
        ] {
            function
                .environment
                .insert(EXEC_WRAPPER.into(), named.into());
            let wrapper = ExecWrapper::of(&function).expect("it is named");
            assert_eq!(wrapper.file, PathBuf::from(file), "{named}");
        }
        function
            .environment
            .insert(EXEC_WRAPPER.into(), String::new());
        assert_eq!(ExecWrapper::of(&function), None);
    }
}
