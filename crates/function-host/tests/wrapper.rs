//! `AWS_LAMBDA_EXEC_WRAPPER`: the program that starts a managed runtime, and the errors when it cannot be started.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use function_host::{InvokeError, LAYERS_FOLDER, Runtimes};
use support::World;
use tempfile::TempDir;

const APP: &str = r#"
exports.handler = async () => [process.env.WRAPPED, process.env.ARGUMENTS]
"#;

const WRAPPER: &str = r#"#!/bin/sh
export WRAPPED=yes
export ARGUMENTS=$#
exec "$@"
"#;

fn world(runtime: &str, wrapper: &str) -> (World, TempDir) {
    let folder = TempDir::new().expect("a folder");
    let runtimes = Arc::new(Runtimes::new(folder.path()));
    runtimes
        .prepare("nodejs20.x")
        .expect("these tests need Node.js 18 or later");
    let world = World::with("echoes", |config, function| {
        config.runtimes = Some(runtimes);
        function.runtime = runtime.into();
        function.handler = "app.handler".into();
        let name = "AWS_LAMBDA_EXEC_WRAPPER".to_owned();
        function.environment.insert(name, wrapper.into());
        function.concurrency_max = 1;
    });
    fs::write(world.code.path().join("app.js"), APP).expect("the code");
    (world, folder)
}

fn write_script(path: &Path, mode: u32) {
    fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("the folder");
    fs::write(path, WRAPPER).expect("the script");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
}

#[tokio::test]
async fn the_runtime_is_started_through_the_wrapper() {
    for (named, file) in [
        ("/opt/wrap", format!("{LAYERS_FOLDER}/wrap")),
        ("/var/task/bin/wrap", "bin/wrap".to_owned()),
    ] {
        let (world, _runtimes) = world("nodejs20.x", named);
        write_script(&world.code.path().join(file), 0o755);
        // The arguments are the interpreter, its client and the handler.
        assert_eq!(world.invoke_ok("r-1", "{}").await, r#"["yes","3"]"#);
        assert_eq!(world.invoke_ok("r-2", "{}").await, r#"["yes","3"]"#);
        world.counts_become((1, 0, 0)).await;
        assert_eq!(world.host.refused_connections(), 0);
    }
}

/// Programs in other languages can run on a managed runtime by replacing it.
#[tokio::test]
async fn a_wrapper_may_be_the_runtime() {
    let (world, _runtimes) = world("nodejs20.x", "/var/task/bootstrap");
    assert_eq!(world.invoke_ok("r-1", r#"{"a":1}"#).await, r#"{"a":1}"#);
    assert_eq!(world.invoke_ok("r-2", r#"{"a":2}"#).await, r#"{"a":2}"#);
}

#[tokio::test]
async fn os_only_runtimes_have_no_wrapper() {
    let (world, _runtimes) = world("provided.al2023", "/opt/no-such-wrapper");
    assert_eq!(world.invoke_ok("r-1", "1").await, "1");
}

#[tokio::test]
async fn a_wrapper_that_cannot_run_is_named() {
    for (named, mode, expected) in [
        (
            "/opt/missing",
            0o755,
            "`AWS_LAMBDA_EXEC_WRAPPER` of the function is `/opt/missing`",
        ),
        ("/opt/wrap", 0o644, "chmod +x"),
    ] {
        let (world, _runtimes) = world("nodejs20.x", named);
        write_script(&world.code.path().join(LAYERS_FOLDER).join("wrap"), mode);
        let error = world
            .invoke("r-1", "{}")
            .await
            .expect_err("it cannot start");
        let InvokeError::Launch { cause, .. } = error else {
            panic!("{error:?}")
        };
        let mut chain = vec![cause.to_string()];
        let mut next = std::error::Error::source(cause.as_ref());
        while let Some(cause) = next {
            chain.push(cause.to_string());
            next = cause.source();
        }
        let said = chain.join(": ");
        assert!(said.contains(expected) && said.contains(named), "{said}");
    }
}
