//! Advice on a failed invocation, where the error's words tell the cause.
//!
//! The words are those of AWS's runtime clients for Python and Node.js, of ours, and of the service.

use model::ErrorObject;

/// One sentence, without a full stop; `None` where the error itself says as much.
pub(crate) fn advice(error: &ErrorObject) -> Option<String> {
    let message = error.message.as_deref().unwrap_or_default();
    if message.starts_with("Invalid Status in invocation output") {
        return Some(
            "the handler is not a durable one: wrap it with `@durable_execution` (Python), \
             `withDurableExecution` (JavaScript) or `#[durable_execution]` (Rust)"
                .to_owned(),
        );
    }
    match error.error_type.as_deref()? {
        "Runtime.ImportModuleError" => Some(missing_module(message)),
        "Runtime.HandlerNotFound" | "Runtime.MalformedHandlerName" => Some(
            "`Handler` in the template is the file without its ending, a dot, and a function that \
             the file has (Python) or exports (JavaScript)"
                .to_owned(),
        ),
        "Runtime.UserCodeSyntaxError" => {
            Some("fix the source at the line that the message or the log names".to_owned())
        }
        "Sandbox.Timedout" => Some(
            "`Timeout` in the template is how long one invocation may take, 3 seconds where it says \
             nothing; time between invocations does not count"
                .to_owned(),
        ),
        "Runtime.InvalidEntrypoint" => {
            Some("the process could not be started: see `Handler` and the built files".to_owned())
        }
        "Runtime.ExitError" => Some("the process ended by itself: see its log".to_owned()),
        _ => None,
    }
}

/// Says whether the missing module belongs to the function's own files or to its packages.
fn missing_module(message: &str) -> String {
    let quoted: Vec<&str> = message.split('\'').skip(1).step_by(2).collect();
    match quoted.as_slice() {
        // "Unable to import module 'app': No module named 'app'"
        [handler, missing] if missing == handler && message.contains("No module named") => {
            format!("no file `{missing}.py` in the code: `Handler` in the template names it")
        }
        [_, missing] if message.contains("No module named") => {
            let package = missing.split('.').next().unwrap_or(missing);
            format!("`{package}` is not among its packages: add it to requirements.txt")
        }
        [.., missing, _] | [missing] if message.contains("Cannot find package") => {
            format!("`{missing}` is not among its packages: add it to package.json")
        }
        [missing, ..] if message.contains("Cannot find module") => {
            if missing.starts_with(['.', '/']) {
                format!("there is no `{missing}`: `Handler` or an import names it")
            } else {
                format!("`{missing}` is not among its packages: add it to package.json")
            }
        }
        _ => "the code could not be loaded: the log has the whole error".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(error_type: &str, message: &str) -> String {
        advice(&ErrorObject::new(error_type, message)).unwrap_or_default()
    }

    #[test]
    fn a_missing_module_is_a_file_or_a_package() {
        let import = |message| on("Runtime.ImportModuleError", message);
        let file = import("Unable to import module 'app': No module named 'app'");
        assert!(file.contains("no file `app.py`"), "{file}");
        let package = import("Unable to import module 'app': No module named 'yaml.reader'");
        assert!(package.contains("add it to requirements.txt"), "{package}");
        assert!(package.starts_with("`yaml`"), "{package}");
        let package =
            import("Error: Cannot find package 'left-pad' imported from /var/task/index.mjs");
        assert!(package.starts_with("`left-pad`"), "{package}");
        let package = import("Error: Cannot find module 'left-pad'\nRequire stack:");
        assert!(package.contains("package.json"), "{package}");
        let file = import("Error: Cannot find module './lib/x.js'");
        assert!(file.starts_with("there is no `./lib/x.js`"), "{file}");
        let other = import("Unable to import module 'app': division by zero");
        assert!(other.contains("log"), "{other}");
    }

    #[test]
    fn what_is_not_known_has_no_advice() {
        assert_eq!(advice(&ErrorObject::new("OrderError", "no stock")), None);
        assert_eq!(advice(&ErrorObject::default()), None);
        let plain = on(
            "InvalidParameterValueException",
            "Invalid Status in invocation output.",
        );
        assert!(plain.contains("withDurableExecution"));
    }
}
