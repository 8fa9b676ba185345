//! Packages that Lambda's Node.js runtimes include: found by `import` and `require`, after everything else.

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;

use function_host::{InvocationResult, Runtimes};
use support::World;
use tempfile::TempDir;

/// Creates the files of an installation: a set of packages, and the link to it.
fn provide(runtimes: &Path) {
    let set = runtimes.join("nodejs-packages-1/set");
    package(&set, "@aws-sdk/client-there", "the runtime's");
    package(&set, "@aws-sdk/client-own", "the runtime's");
    symlink("set", runtimes.join("nodejs-packages-1/current")).expect("a link");
}

fn package(folder: &Path, name: &str, says: &str) {
    let package = folder.join("node_modules").join(name);
    fs::create_dir_all(package.join("deep")).expect("a folder");
    let manifest = r#"{"main": "index.js", "version": "1.0.0"}"#;
    fs::write(package.join("package.json"), manifest).expect("the manifest");
    fs::write(
        package.join("index.js"),
        format!("exports.says = \"{says}\""),
    )
    .expect("the code");
    fs::write(package.join("deep/part.js"), "exports.says = 'deep'").expect("the code");
}

/// A function with these files in a world with packages; the handler is `app.handler`.
fn world(files: &[(&str, &str)]) -> (World, TempDir) {
    let runtimes = TempDir::new().expect("a folder");
    provide(runtimes.path());
    let prepared = Arc::new(Runtimes::new(runtimes.path()));
    prepared
        .prepare("nodejs20.x")
        .expect("these tests need Node.js 18 or later");
    let world = World::with("app.handler", |config, function| {
        config.runtimes = Some(prepared);
        function.runtime = "nodejs20.x".into();
        function.handler = "app.handler".into();
    });
    for (name, content) in files {
        fs::write(world.code.path().join(name), content).expect("the code");
    }
    package(world.code.path(), "@aws-sdk/client-own", "the function's");
    (world, runtimes)
}

#[tokio::test]
async fn modules_import_what_nobody_brings() {
    let app = "
        import there from '@aws-sdk/client-there'
        import own from '@aws-sdk/client-own'
        import deep from '@aws-sdk/client-there/deep/part.js'
        export const handler = async () => {
          const later = await import('@aws-sdk/client-there')
          return [there.says, own.says, deep.says, later.says]
        }";
    let (world, _runtimes) = world(&[("app.mjs", app)]);
    assert_eq!(
        world.invoke_ok("request-1", "{}").await,
        r#"["the runtime's","the function's","deep","the runtime's"]"#
    );
}

#[tokio::test]
async fn scripts_require_what_nobody_brings() {
    let app = "
        const there = require('@aws-sdk/client-there'), own = require('@aws-sdk/client-own')
        const has = (name) => { try { return require.resolve(name) && true } catch (error) { return error.code } }
        exports.handler = async () => [there.says, own.says, has('@aws-sdk/client-none'), has('other')]";
    let (world, _runtimes) = world(&[("app.js", app)]);
    assert_eq!(
        world.invoke_ok("request-1", "{}").await,
        r#"["the runtime's","the function's","MODULE_NOT_FOUND","MODULE_NOT_FOUND"]"#
    );
}

#[tokio::test]
async fn a_package_that_is_not_installed_says_what_to_do() {
    for (file, app) in [
        (
            "app.mjs",
            "import x from '@aws-sdk/client-none'\nexport const handler = x",
        ),
        (
            "app.js",
            "exports.handler = require('@aws-sdk/client-none')",
        ),
    ] {
        let (world, _runtimes) = world(&[(file, app)]);
        let outcome = world.invoke("request-1", "{}").await.expect("it runs");
        let InvocationResult::FunctionError(error) = outcome.result else {
            panic!("{file} succeeded")
        };
        let message = String::from_utf8_lossy(&error.payload).into_owned();
        assert!(
            message.contains("@aws-sdk/client-none"),
            "{file}: {message}"
        );
        assert!(
            message.contains("npm install @aws-sdk/client-none"),
            "{file}: {message}"
        );
    }
}
