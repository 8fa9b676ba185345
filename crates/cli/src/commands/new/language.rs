//! The languages: the words of the page that tell how to run, test, debug and deploy.

use crate::args::Language;

/// A language's part of the page.
#[derive(Debug)]
pub struct Words {
    pub needs: &'static str,
    pub test: &'static str,
    pub test_note: &'static str,
    pub debug: &'static str,
    pub debug_note: &'static str,
    pub deploy_needs: &'static str,
    /// A table of `samconfig.toml`, if `sam build` takes any.
    pub sam_build: &'static str,
    /// How a file of `src` ends.
    pub extension: &'static str,
    /// The file that the page speaks of.
    pub source: &'static str,
}

impl Language {
    /// As people write it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Python => "Python",
            Self::TypeScript => "TypeScript",
            Self::Rust => "Rust",
        }
    }

    pub fn words(self) -> Words {
        match self {
            Self::Python => Words {
                needs: "Python 3.11 or later",
                test: "\
python3 -m venv .venv
.venv/bin/pip install -r requirements-dev.txt
.venv/bin/pytest",
                test_note: "\
pytest starts `lambdura up` once for all tests, with a clock that jumps, and answers the callbacks by rule.
The client for it is in `tests/lambdura_testing`, so there is nothing else to install.",
                debug: "\
lambdura debug --vscode
lambdura up --debug {{NAME}}",
                debug_note: "\
The first writes a configuration for Visual Studio Code, the second runs the function for it.
Invoke it, attach, set a breakpoint in `src/`, and invoke again; stopping at a breakpoint ends nothing, and no timeout applies.",
                deploy_needs: "With the AWS SAM CLI, Python 3.13 and an AWS account:",
                sam_build: "",
                extension: "py",
                source: "src/app.py",
            },
            Self::TypeScript => Words {
                needs: "Node.js 22 or later; `npm install` comes first",
                test: "npm install\nnpm test",
                test_note: "\
vitest starts `lambdura up` once for all tests, with a clock that jumps, and answers the callbacks by rule.
The client for it is in `tests/lambdura-testing`; `npm run check` checks the types.",
                debug: "\
lambdura debug --vscode
lambdura up --debug {{NAME}}",
                debug_note: "\
The first writes a configuration for Visual Studio Code, the second runs the function for it.
Invoke it, attach, set a breakpoint in `src/`, and invoke again; stopping at a breakpoint ends nothing, and no timeout applies.",
                deploy_needs: "With the AWS SAM CLI and an AWS account, after `npm install`:",
                sam_build: "
[default.build.parameters]
# The bundle finds esbuild and the packages in node_modules beside the template.
build_in_source = true
",
                extension: "ts",
                source: "src/app.ts",
            },
            Self::Rust => Words {
                needs: "Rust 1.94.1 or later",
                test: "cargo test",
                test_note: "\
The tests run the handler in their own process on the production engine, with a clock that jumps; they need no `lambdura`.
One of them kills the process at every point where it can die, and compares the outcomes.",
                debug: "lambdura up --debug {{NAME}}",
                debug_note: "\
It prints the process id when you invoke the function: `lldb -p` and `gdb -p` attach to it.
Stopping at a breakpoint ends nothing, and no timeout applies.",
                deploy_needs: "With the AWS SAM CLI, `cargo-lambda` and an AWS account:",
                sam_build: "
[default.build.parameters]
# SAM's support of Rust is one of these.
beta_features = true
",
                extension: "rs",
                source: "src/workflow.rs",
            },
        }
    }
}
