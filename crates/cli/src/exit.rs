//! How a command ends: errors, their messages, and their exit codes.

use std::process::ExitCode;

use miette::Diagnostic;
use owo_colors::OwoColorize;
use thiserror::Error;

use crate::client::{ApiError, CallError};
use crate::neutral::{neutral, neutral_lines};

/// Exit codes, as `lambdura --help` documents them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The command did what it was asked.
    Ok = 0,
    /// It failed.
    Failed = 1,
    /// The arguments make no sense; clap exits with the same code.
    Usage = 2,
    /// The function, execution or callback does not exist.
    NotFound = 3,
    /// No service answers at the endpoint.
    Unreachable = 4,
    /// The function or execution that was waited for failed.
    FunctionFailed = 5,
    /// Ctrl-C. 128 + SIGINT, as shells have it.
    Interrupted = 130,
}

impl Exit {
    /// The exit of this code; none of ours has another.
    pub fn of_code(code: i32) -> Option<Self> {
        let all = [
            Self::Ok,
            Self::Failed,
            Self::Usage,
            Self::NotFound,
            Self::Unreachable,
            Self::FunctionFailed,
            Self::Interrupted,
        ];
        all.into_iter().find(|it| *it as i32 == code)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command did not succeed.
#[derive(Debug, Error)]
pub enum CliError {
    /// The arguments make no sense together, or name more than one thing.
    #[error("{message}")]
    Usage {
        /// The problem.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// The named thing does not exist.
    #[error("{message}")]
    NotFound {
        /// Names the missing thing.
        message: String,
        /// Where to look.
        hint: Option<String>,
    },
    /// The service could not be asked, or said no.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The function or execution failed. Its error has been printed: it is the command's result.
    #[error("the function failed")]
    FunctionFailed,
    /// A template, build or port problem with a place in a source file, or advice of its own.
    #[error("{0}")]
    Diagnostic(Box<dyn Diagnostic + Send + Sync>),
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// A child process that did the work has failed, and has printed why.
    #[error("the process ended with exit code {}", *.0 as u8)]
    Said(Exit),
    /// Everything else.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

impl CliError {
    /// A mistake in the arguments, with advice.
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage {
            message: message.into(),
            hint: Some(hint.into()),
        }
    }

    /// Something that does not exist, with advice.
    pub fn not_found(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::NotFound {
            message: message.into(),
            hint: Some(hint.into()),
        }
    }

    /// A diagnostic of miette.
    pub fn diagnostic(diagnostic: impl Diagnostic + Send + Sync + 'static) -> Self {
        Self::Diagnostic(Box::new(diagnostic))
    }
}

impl From<std::io::Error> for CliError {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Every error's exit code.
fn exit_code(error: &CliError) -> Exit {
    match error {
        CliError::Usage { .. } => Exit::Usage,
        CliError::NotFound { .. } => Exit::NotFound,
        CliError::Call(CallError::Unreachable { .. } | CallError::TimedOut { .. }) => {
            Exit::Unreachable
        }
        CliError::Call(CallError::Refused(api)) if api.is_not_found() => Exit::NotFound,
        CliError::Call(CallError::Refused(_) | CallError::Garbled { .. }) => Exit::Failed,
        CliError::Call(CallError::Endpoint { .. }) => Exit::Usage,
        CliError::FunctionFailed => Exit::FunctionFailed,
        CliError::Diagnostic(_) => Exit::Failed,
        CliError::Interrupted => Exit::Interrupted,
        CliError::Said(exit) => *exit,
        // `lambdura logs | head` closes the pipe when it has seen enough: that is no failure.
        CliError::Failed(error) if is_closed_pipe(error) => Exit::Ok,
        CliError::Failed(_) => Exit::Failed,
    }
}

/// Prints on standard error why the command failed, and returns its exit code.
pub fn report(ended: Result<(), CliError>) -> Exit {
    let Err(error) = ended else {
        return Exit::Ok;
    };
    let code = exit_code(&error);
    match error {
        CliError::FunctionFailed | CliError::Interrupted | CliError::Said(_) => {}
        CliError::Failed(_) if code == Exit::Ok => {}
        CliError::Diagnostic(diagnostic) => print(diagnostic),
        CliError::Usage { message, hint } | CliError::NotFound { message, hint } => {
            say(&message, &[], hint.as_deref());
        }
        CliError::Call(error) => {
            let hint = hint(&error);
            say(&error.to_string(), &causes(&error), hint.as_deref());
            if let CallError::Refused(api) = &error
                && api.code.is_known()
            {
                let page = format!("lambdura docs {}", api.code);
                anstream::eprintln!("  {} {page}", "more:".cyan());
            }
        }
        CliError::Failed(error) => {
            let causes: Vec<String> = error.chain().skip(1).map(ToString::to_string).collect();
            say(&error.to_string(), &causes, None);
        }
    }
    code
}

/// Prints a problem on standard error; the command goes on.
pub fn show(diagnostic: impl Diagnostic + Send + Sync + 'static) {
    print(Box::new(diagnostic));
}

fn print(diagnostic: Box<dyn Diagnostic + Send + Sync>) {
    anstream::eprintln!("{:?}", miette::Report::new_boxed(diagnostic));
}

fn say(message: &str, causes: &[String], hint: Option<&str>) {
    anstream::eprintln!("{} {}", "error:".red().bold(), neutral_lines(message));
    for cause in causes {
        anstream::eprintln!("  {} {}", "because:".dimmed(), neutral(cause));
    }
    if let Some(hint) = hint {
        anstream::eprintln!("  {} {}", "help:".cyan(), neutral_lines(hint));
    }
}

fn causes(error: &dyn std::error::Error) -> Vec<String> {
    std::iter::successors(error.source(), |cause| cause.source())
        .map(ToString::to_string)
        .collect()
}

fn hint(error: &CallError) -> Option<String> {
    match error {
        CallError::Unreachable { .. } => Some(
            "start the service with `lambdura up`, or name another one with `--endpoint URL`"
                .to_owned(),
        ),
        CallError::Refused(api) => api.hint(),
        CallError::Garbled { .. } => {
            Some("is the endpoint really the Lambda API? `--endpoint URL` names another".to_owned())
        }
        CallError::Endpoint { .. } => Some("for example `http://127.0.0.1:3001`".to_owned()),
        CallError::TimedOut { .. } => None,
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}

impl From<ApiError> for CliError {
    fn from(error: ApiError) -> Self {
        Self::Call(CallError::Refused(error))
    }
}

#[cfg(test)]
mod tests {
    use lambda_api::ErrorCode;

    use super::*;

    fn refused(code: ErrorCode) -> CliError {
        ApiError {
            status: code.status(),
            code,
            message: String::new(),
            reason: None,
        }
        .into()
    }

    #[test]
    fn errors_have_the_documented_codes() {
        assert_eq!(exit_code(&CliError::usage("", "")) as u8, 2);
        assert_eq!(exit_code(&refused(ErrorCode::ResourceNotFound)) as u8, 3);
        assert_eq!(exit_code(&refused(ErrorCode::Validation)) as u8, 1);
        assert_eq!(exit_code(&CliError::FunctionFailed) as u8, 5);
        assert_eq!(exit_code(&CliError::Interrupted) as u8, 130);
        let pipe = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        assert_eq!(exit_code(&pipe.into()) as u8, 0);
    }
}
