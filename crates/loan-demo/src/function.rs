//! The demo's functions, linked into this program, and the `bootstrap` that starts the program as one of them.

use std::error::Error;

/// The error of a function.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Names the program to a `bootstrap`. A variable instead of a path in the script: the same script, and so the same
/// version of the function, works wherever the command is installed.
pub const PROGRAM_VARIABLE: &str = "LAMBDURA_DEMO_PROGRAM";

/// The subcommand that runs a function; its argument is the function's name.
pub const SUBCOMMAND: &str = "demo-function";

/// A function of the demo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    FraudCheck,
    LoanApi,
    LoanWorkflow,
}

impl Function {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::FraudCheck, Self::LoanApi, Self::LoanWorkflow];

    /// Its name, which is also that of its folder in `functions`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FraudCheck => "fraud-check",
            Self::LoanApi => "loan-api",
            Self::LoanWorkflow => "loan-workflow",
        }
    }

    /// The function of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// The `bootstrap`. `release` identifies the program's code: other code is another version of the function.
    pub fn bootstrap(self, release: &str) -> String {
        format!(
            "#!/bin/sh\n# {name} of lambdura {release}.\nexec \"${PROGRAM_VARIABLE}\" {SUBCOMMAND} {name}\n",
            name = self.name()
        )
    }

    /// Serves invocations until the process ends.
    ///
    /// # Errors
    /// The environment lacks a variable, or the Runtime API cannot be reached.
    pub async fn serve(self) -> Result<(), BoxError> {
        match self {
            Self::FraudCheck => fraud_check::serve().await,
            Self::LoanApi => loan_api::serve().await,
            Self::LoanWorkflow => loan_workflow::serve().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_found_by_the_name_that_their_bootstrap_gives() {
        for function in Function::ALL {
            let script = function.bootstrap("0.1.0");
            let last = script.trim_end().rsplit(' ').next();
            assert_eq!(last.and_then(Function::named), Some(function));
        }
        assert_eq!(Function::named("loan"), None);
    }
}
