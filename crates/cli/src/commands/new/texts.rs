//! The files of `templates/` and of the clients for tests, as they are in the program.

use crate::args::{Language, Template};

/// A file's path in the project, and its content.
pub type Text = (&'static str, &'static str);

/// A file of `templates/`.
macro_rules! embedded {
    ($path:expr) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/templates/", $path))
    };
}
pub(super) use embedded;

/// A file of the clients for tests, which have their home in `clients/`.
macro_rules! client {
    ($path:literal) => {
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../clients/",
            $path
        ))
    };
}

/// The page, whose paragraphs come from everywhere.
pub const PAGE: &str = embedded!("shared/README.md");

/// It has the language's table for `sam build`.
pub const SAM_CONFIG: &str = embedded!("shared/samconfig.toml");

/// The files that all projects of a language have.
pub fn of_language(language: Language) -> &'static [Text] {
    match language {
        Language::Python => PYTHON,
        Language::TypeScript => TYPESCRIPT,
        Language::Rust => RUST,
    }
}

/// The function and its test.
pub fn of_template(language: Language, template: Template) -> &'static [Text] {
    match (language, template) {
        (Language::Python, Template::Approval) => &[
            ("src/app.py", embedded!("python/approval/app.py")),
            (
                "tests/test_approval.py",
                embedded!("python/approval/test_approval.py"),
            ),
        ],
        (Language::Python, Template::Saga) => &[
            ("src/app.py", embedded!("python/saga/app.py")),
            ("tests/test_saga.py", embedded!("python/saga/test_saga.py")),
        ],
        (Language::Python, Template::Agent) => &[
            ("src/app.py", embedded!("python/agent/app.py")),
            ("src/model.py", embedded!("python/agent/model.py")),
            ("src/tools.py", embedded!("python/agent/tools.py")),
            (
                "tests/test_agent.py",
                embedded!("python/agent/test_agent.py"),
            ),
        ],
        (Language::Python, Template::FanOut) => &[
            ("src/app.py", embedded!("python/fan-out/app.py")),
            (
                "tests/test_fan_out.py",
                embedded!("python/fan-out/test_fan_out.py"),
            ),
        ],
        (Language::TypeScript, Template::Approval) => &[
            ("src/app.ts", embedded!("typescript/approval/app.ts")),
            (
                "tests/approval.test.ts",
                embedded!("typescript/approval/approval.test.ts"),
            ),
        ],
        (Language::TypeScript, Template::Saga) => &[
            ("src/app.ts", embedded!("typescript/saga/app.ts")),
            (
                "tests/saga.test.ts",
                embedded!("typescript/saga/saga.test.ts"),
            ),
        ],
        (Language::TypeScript, Template::Agent) => &[
            ("src/app.ts", embedded!("typescript/agent/app.ts")),
            ("src/model.ts", embedded!("typescript/agent/model.ts")),
            ("src/tools.ts", embedded!("typescript/agent/tools.ts")),
            (
                "tests/agent.test.ts",
                embedded!("typescript/agent/agent.test.ts"),
            ),
        ],
        (Language::TypeScript, Template::FanOut) => &[
            ("src/app.ts", embedded!("typescript/fan-out/app.ts")),
            (
                "tests/fan-out.test.ts",
                embedded!("typescript/fan-out/fan-out.test.ts"),
            ),
        ],
        (Language::Rust, Template::Approval) => &[
            ("src/main.rs", embedded!("rust/main.rs")),
            ("src/workflow.rs", embedded!("rust/approval/workflow.rs")),
            ("src/tests.rs", embedded!("rust/approval/tests.rs")),
        ],
        (Language::Rust, Template::Saga) => &[
            ("src/main.rs", embedded!("rust/main.rs")),
            ("src/workflow.rs", embedded!("rust/saga/workflow.rs")),
            ("src/tests.rs", embedded!("rust/saga/tests.rs")),
        ],
        (Language::Rust, Template::Agent) => &[
            ("src/main.rs", embedded!("rust/agent/main.rs")),
            ("src/workflow.rs", embedded!("rust/agent/workflow.rs")),
            ("src/tests.rs", embedded!("rust/agent/tests.rs")),
            ("src/model.rs", embedded!("rust/agent/model.rs")),
            ("src/tools.rs", embedded!("rust/agent/tools.rs")),
        ],
        (Language::Rust, Template::FanOut) => &[
            ("src/main.rs", embedded!("rust/main.rs")),
            ("src/workflow.rs", embedded!("rust/fan-out/workflow.rs")),
            ("src/tests.rs", embedded!("rust/fan-out/tests.rs")),
        ],
    }
}

const PYTHON: &[Text] = &[
    ("template.yaml", embedded!("python/template.yaml")),
    (".gitignore", embedded!("python/gitignore")),
    (
        "requirements-dev.txt",
        embedded!("python/requirements-dev.txt"),
    ),
    ("src/requirements.txt", embedded!("python/requirements.txt")),
    ("pytest.ini", embedded!("python/pytest.ini")),
    ("tests/conftest.py", embedded!("python/conftest.py")),
    (
        "tests/lambdura_testing/README.md",
        embedded!("python/client-readme.md"),
    ),
    (
        "tests/lambdura_testing/__init__.py",
        client!("python/src/lambdura_testing/__init__.py"),
    ),
    (
        "tests/lambdura_testing/answers.py",
        client!("python/src/lambdura_testing/answers.py"),
    ),
    (
        "tests/lambdura_testing/clock.py",
        client!("python/src/lambdura_testing/clock.py"),
    ),
    (
        "tests/lambdura_testing/execution.py",
        client!("python/src/lambdura_testing/execution.py"),
    ),
    (
        "tests/lambdura_testing/http.py",
        client!("python/src/lambdura_testing/http.py"),
    ),
    (
        "tests/lambdura_testing/plugin.py",
        client!("python/src/lambdura_testing/plugin.py"),
    ),
    (
        "tests/lambdura_testing/server.py",
        client!("python/src/lambdura_testing/server.py"),
    ),
];

const TYPESCRIPT: &[Text] = &[
    ("template.yaml", embedded!("typescript/template.yaml")),
    (".gitignore", embedded!("typescript/gitignore")),
    ("package.json", embedded!("typescript/package.json")),
    ("tsconfig.json", embedded!("typescript/tsconfig.json")),
    ("vitest.config.ts", embedded!("typescript/vitest.config.ts")),
    (
        "tests/lambdura-testing/README.md",
        embedded!("typescript/client-readme.md"),
    ),
    // No package of its own: one that npm has to link would be installed again with every change of a source.
    (
        "tests/lambdura-testing/index.d.mts",
        client!("node/src/index.d.ts"),
    ),
    (
        "tests/lambdura-testing/index.mjs",
        client!("node/src/index.mjs"),
    ),
    (
        "tests/lambdura-testing/answers.mjs",
        client!("node/src/answers.mjs"),
    ),
    (
        "tests/lambdura-testing/clock.mjs",
        client!("node/src/clock.mjs"),
    ),
    (
        "tests/lambdura-testing/execution.mjs",
        client!("node/src/execution.mjs"),
    ),
    (
        "tests/lambdura-testing/http.mjs",
        client!("node/src/http.mjs"),
    ),
    (
        "tests/lambdura-testing/global-setup.mjs",
        client!("node/src/global-setup.mjs"),
    ),
];

const RUST: &[Text] = &[
    ("template.yaml", embedded!("rust/template.yaml")),
    (".gitignore", embedded!("rust/gitignore")),
    // It has another name here: cargo reads every `Cargo.toml` of a repository that is a dependency.
    ("Cargo.toml", embedded!("rust/manifest.toml")),
];
