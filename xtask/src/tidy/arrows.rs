//! Which package may depend on which: every arrow is a deliberate decision.

use crate::tidy::finding::Finding;
use crate::workspace::Package;

/// The packages of this workspace that a package may depend on. Tests may also use what `TESTS` names.
const ARROWS: &[(&str, &[&str])] = &[
    ("stdx", &[]),
    ("access", &[]),
    ("asl", &[]),
    ("aws-services", &[]),
    ("state-machine", &["asl", "aws-services", "lambdura"]),
    ("model", &[]),
    ("engine", &["model"]),
    ("store", &["engine", "model", "stdx"]),
    ("store-sqlite", &["engine", "model", "stdx", "store"]),
    ("store-postgres", &["engine", "model", "stdx", "store"]),
    ("keep", &["engine", "model", "stdx", "store"]),
    ("runtime", &["engine", "model", "stdx", "store"]),
    ("lambda-api", &[]),
    ("cost", &["lambda-api"]),
    (
        "wire",
        &["runtime", "engine", "lambda-api", "model", "store"],
    ),
    ("wind", &["engine", "model", "runtime", "store"]),
    ("schedule", &["model"]),
    ("stack", &["schedule"]),
    ("function-host", &[]),
    ("console-assets", &[]),
    ("book", &[]),
    ("book-assets", &["book"]),
    (
        "server",
        &[
            "access",
            "asl",
            "console-assets",
            "cost",
            "runtime",
            "engine",
            "function-host",
            "lambda-api",
            "model",
            "schedule",
            "stack",
            "state-machine",
            "stdx",
            "store",
            "store-sqlite",
            "wind",
            "wire",
        ],
    ),
    (
        "cli",
        &[
            "access",
            "asl",
            "aws-services",
            "book-assets",
            "cost",
            "runtime",
            "function-host",
            "keep",
            "lambda-api",
            "lambdura",
            "loan-demo",
            "model",
            "server",
            "stack",
            "state-machine",
            "store",
            "store-postgres",
            "store-sqlite",
        ],
    ),
    // The SDK with which users build their functions: it talks to us exactly as it talks to AWS. The engine is for
    // programs that keep their executions themselves, behind the feature `embedded` (see `OPTIONAL`).
    (
        "lambdura",
        &[
            "engine",
            "lambda-api",
            "lambdura-macros",
            "model",
            "runtime",
            "schedule",
            "store",
            "store-sqlite",
            "wire",
        ],
    ),
    ("lambdura-macros", &[]),
    // Users test their functions with it: the SDK on memory, and a clock that is moved.
    (
        "lambdura-testing",
        &[
            "lambda-api",
            "lambdura",
            "model",
            "runtime",
            "store",
            "wind",
        ],
    ),
    ("powertools", &[]),
    ("loan", &[]),
    ("loan-workflow", &["lambdura", "loan", "powertools"]),
    // The workflow in a program of its own.
    ("loan-embedded", &["lambdura", "loan", "loan-workflow"]),
    ("loan-api", &["loan", "powertools"]),
    ("fraud-check", &["loan", "powertools"]),
    // The demo as the command carries it.
    ("loan-demo", &["fraud-check", "loan-api", "loan-workflow"]),
    // Programs that benchmarks run and measure.
    ("ten-steps", &["lambdura"]),
    ("open-invocation", &["lambda-api"]),
    ("every-kind", &["lambdura"]),
    ("peer-work", &["lambdura"]),
    ("long-work", &["lambdura"]),
    ("bench-driver", &["lambda-api"]),
    ("bench-embedded", &["lambdura"]),
    ("as-code", &["lambdura"]),
    ("bench-machines", &["bench-driver", "lambda-api"]),
    ("bench-crash", &["lambda-api"]),
    (
        "bench-growth",
        &[
            "bench-driver",
            "engine",
            "lambda-api",
            "model",
            "store",
            "store-sqlite",
        ],
    ),
    (
        "bench-console",
        &["engine", "model", "store", "store-sqlite"],
    ),
    // The program of the console's tests and pictures.
    ("showcase", &["lambdura"]),
    // Programs of AWS's conformance suite: our SDK as any user has it.
    ("aws-crate-handlers", &[]),
    ("conformance-handlers", &["lambdura"]),
    ("packaging", &[]),
    ("xtask", &["book"]),
    // Runs everything below the server in one thread; nothing depends on it.
    ("sim", &["engine", "lambdura", "model", "runtime", "store"]),
    // Explores small worlds of the engine whole; nothing depends on it.
    ("explore", &["engine", "model"]),
    // Kills and breaks everything below the server; nothing depends on it.
    (
        "crash",
        &[
            "runtime",
            "engine",
            "lambdura",
            "model",
            "server",
            "stack",
            "store",
            "store-sqlite",
        ],
    ),
];

/// Packages that the tests of a package may use beyond `ARROWS`.
const TESTS: &[(&str, &[&str])] = &[
    ("loan-workflow", &["lambda-api", "lambdura-testing"]),
    ("state-machine", &["lambdura-testing"]),
    ("server", &["lambdura"]),
    ("cli", &["engine"]),
    ("keep", &["store-sqlite"]),
    ("store-postgres", &["keep", "store-sqlite"]),
    ("crash", &["bench-crash"]),
];

/// External packages with one home: where the outside world that they stand for is kept.
const HOMES: &[(&str, &[&str])] = &[
    ("rusqlite", &["store-sqlite"]),
    ("tokio-postgres", &["store-postgres"]),
    ("pulldown-cmark", &["book"]),
    // The demo stands it in for DynamoDB, in tests.
    ("dynoxide-rs", &["server", "loan"]),
    (
        "lambda_runtime",
        &[
            "lambdura",
            "lambdura-testing",
            "powertools",
            "loan-api",
            // Its tasks are plain functions.
            "loan-workflow",
            "fraud-check",
            "open-invocation",
            "every-kind",
            "as-code",
            "sim",
            // Functions that stand for others in `lambdura asl run`.
            "cli",
        ],
    ),
];

/// Dependencies that a package may have only behind a feature: users without the feature do not build them.
const OPTIONAL: &[(&str, &[&str])] = &[(
    "lambdura",
    &[
        "engine",
        "model",
        "runtime",
        "schedule",
        "store",
        "store-sqlite",
        "wire",
    ],
)];

/// The pure packages, and all that they may use from outside: no clock, no chance, no I/O, no waiting.
const PURE: &[(&str, &[&str])] = &[
    (
        "model",
        &[
            "base64",
            "jiff",
            "serde",
            "serde_json",
            "sha2",
            "thiserror",
            "uuid",
        ],
    ),
    (
        "engine",
        &[
            "base64",
            "indexmap",
            "serde",
            "serde_json",
            "sha2",
            "thiserror",
            "uuid",
        ],
    ),
    (
        "lambda-api",
        &["base64", "bytes", "serde", "serde_json", "thiserror"],
    ),
    ("lambdura-macros", &["proc-macro2", "quote", "syn"]),
];

/// Findings in the dependencies of all packages.
pub fn check(packages: &[Package]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in packages {
        let Some(allowed) = entry(ARROWS, &package.name) else {
            let problem =
                "has no place in the dependency arrows: decide it in xtask/src/tidy/arrows.rs";
            findings.push(Finding::about(&package.name, problem));
            continue;
        };
        let optional = entry(OPTIONAL, &package.name).unwrap_or_default();
        for dependency in &package.dependencies {
            let is_for_all = dependency.kind.is_none() && !dependency.optional;
            if is_for_all && optional.contains(&dependency.name.as_str()) {
                let problem = format!(
                    "must depend on `{}` behind a feature only: see xtask/src/tidy/arrows.rs",
                    dependency.name
                );
                findings.push(Finding::about(&package.name, problem));
            }
            let name = dependency.name.as_str();
            let is_member = packages.iter().any(|package| package.name == name);
            let for_tests = dependency.kind.as_deref() == Some("dev");
            let test_extras = entry(TESTS, &package.name).unwrap_or_default();
            let fits = if is_member {
                allowed.contains(&name) || (for_tests && test_extras.contains(&name))
            } else {
                for_tests || external_fits(&package.name, name)
            };
            if !fits {
                let problem = format!("must not depend on `{name}`: see xtask/src/tidy/arrows.rs");
                findings.push(Finding::about(&package.name, problem));
            }
        }
    }
    findings
}

fn external_fits(package: &str, dependency: &str) -> bool {
    let at_home = entry(HOMES, dependency).is_none_or(|homes| homes.contains(&package));
    let pure_enough = entry(PURE, package).is_none_or(|allowed| allowed.contains(&dependency));
    at_home && pure_enough
}

fn entry(table: &[(&str, &'static [&'static str])], name: &str) -> Option<&'static [&'static str]> {
    table
        .iter()
        .find(|(key, _)| *key == name)
        .map(|(_, entry)| *entry)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::workspace::Dependency;

    fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Package {
        let dependencies = dependencies.iter().map(|(name, kind)| Dependency {
            name: (*name).to_owned(),
            kind: kind.map(str::to_owned),
            optional: false,
        });
        Package {
            name: name.to_owned(),
            version: "0.0.0".to_owned(),
            publish: Some(Vec::new()),
            license: None,
            manifest_path: PathBuf::from("/nowhere/Cargo.toml"),
            dependencies: dependencies.collect(),
        }
    }

    fn subjects(packages: &[Package]) -> Vec<String> {
        check(packages).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn arrows_point_one_way() {
        let packages = [
            package("model", &[("serde", None)]),
            package("engine", &[("model", None), ("proptest", Some("dev"))]),
        ];
        assert_eq!(check(&packages), []);

        let turned = [
            package("model", &[("engine", None)]),
            package("engine", &[]),
        ];
        let expected = "model: must not depend on `engine`: see xtask/src/tidy/arrows.rs";
        assert_eq!(subjects(&turned), [expected]);
    }

    #[test]
    fn tests_of_the_sdk_see_no_server_either() {
        let packages = [
            package("lambdura", &[("server", Some("dev"))]),
            package("server", &[]),
        ];
        assert_eq!(subjects(&packages).len(), 1);
    }

    #[test]
    fn the_engine_is_in_the_sdk_behind_a_feature() {
        let engine = package("engine", &[]);
        let mut sdk = package("lambdura", &[("engine", None)]);
        let expected =
            "lambdura: must depend on `engine` behind a feature only: see xtask/src/tidy/arrows.rs";
        assert_eq!(subjects(&[sdk.clone(), engine.clone()]), [expected]);
        sdk.dependencies[0].optional = true;
        assert_eq!(subjects(&[sdk, engine]).len(), 0);
    }

    #[test]
    fn pure_packages_cannot_wait_and_databases_have_one_home() {
        let packages = [
            package("engine", &[("tokio", None)]),
            package("runtime", &[("rusqlite", None), ("tokio", None)]),
        ];
        let expected = [
            "engine: must not depend on `tokio`: see xtask/src/tidy/arrows.rs",
            "runtime: must not depend on `rusqlite`: see xtask/src/tidy/arrows.rs",
        ];
        assert_eq!(subjects(&packages), expected);
    }

    #[test]
    fn a_new_package_needs_a_decision() {
        assert_eq!(subjects(&[package("newcomer", &[])]).len(), 1);
    }
}
