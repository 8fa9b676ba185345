//! A function finds the files of its layers at `/opt` if the system allows it, and otherwise by variables.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use function_host::LAYERS_FOLDER;
use support::{World, process_ends, wait_until, within};

/// A function that prints the files that it sees.
const LOOKS: &str = r#"#!/bin/sh
cat /opt/data.txt
ls /opt
echo "path $PATH"
echo "pid $$"
exec "$FIXTURE_PROGRAM"
"#;

fn world(layers_at_opt: bool, behaviour: &str) -> World {
    let world = World::with(behaviour, |config, function| {
        config.layers_at_opt = layers_at_opt;
        let name = "FIXTURE_PROGRAM".to_owned();
        function
            .environment
            .insert(name, env!("CARGO_BIN_EXE_host-fixture").into());
    });
    let code = world.code.path();
    fs::remove_file(code.join("bootstrap")).expect("the fixture was there");
    write_script(&code.join("bootstrap"));
    let layers = code.join(LAYERS_FOLDER);
    fs::create_dir_all(layers.join("bin")).expect("the layer");
    fs::write(layers.join("data.txt"), "from a layer\n").expect("the layer");
    world
}

fn write_script(path: &Path) {
    fs::write(path, LOOKS).expect("the script");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it is ours");
}

/// Whether this machine allows mounts at `/opt`; then the tests require that they work.
fn has_namespaces() -> bool {
    let mut unshare = std::process::Command::new("unshare");
    let tried = unshare.args([
        "--mount",
        "--map-root-user",
        "mount",
        "-t",
        "tmpfs",
        "none",
        "/mnt",
    ]);
    Path::new("/opt").is_dir() && tried.output().is_ok_and(|output| output.status.success())
}

#[tokio::test]
async fn layers_are_at_opt() {
    let world = world(true, "echoes");
    assert_eq!(world.invoke_ok("r-1", "1").await, "1");
    let printed = world.logs.printed();
    if !has_namespaces() {
        eprintln!("skipped: this system has no mount namespaces for us");
        return;
    }
    assert_eq!(printed[0], "from a layer", "{printed:?}");
    assert!(printed.contains(&"bin".to_owned()), "{printed:?}");
    // The machine's own files there stay visible: interpreters may be there.
    for entry in fs::read_dir("/opt").expect("it is there") {
        let name = entry.expect("it is there").file_name();
        let name = name.to_string_lossy().into_owned();
        assert!(printed.contains(&name), "{name} is not in {printed:?}");
    }
    let path = printed.iter().find(|line| line.starts_with("path "));
    assert!(
        path.is_some_and(|path| path.ends_with(":/opt/bin")),
        "{path:?}"
    );
    // The test's own process sees none of it.
    assert!(!Path::new("/opt/data.txt").exists());
    // The Runtime API recognises the process, and its memory is counted.
    assert_eq!(world.host.refused_connections(), 0);
    let outcome = world.invoke("r-2", "2").await.expect("it runs");
    assert!(outcome.max_rss_bytes.is_some_and(|bytes| bytes > 0));
}

/// A process with mounts of its own is ended like any other, with its descendants.
#[tokio::test]
async fn processes_with_layers_end_with_all_they_started() {
    for behaviour in [
        "detaches a grandchild",
        "starts a stranger",
        "ignores SIGTERM",
    ] {
        let world = world(true, behaviour);
        if behaviour == "ignores SIGTERM" {
            drop(world.begin("r-1", "1"));
            let printed = || world.logs.printed();
            wait_until("it runs", printed, |lines| {
                lines.iter().filter(|line| line.starts_with("pid ")).count() == 2
            })
            .await;
        } else {
            world.invoke("r-1", "1").await.expect("it runs");
        }
        let printed = world.logs.printed();
        let pids = printed.iter().filter_map(|line| line.strip_prefix("pid "));
        let pids: Vec<u32> = pids.map(|pid| pid.parse().expect("a number")).collect();
        assert_eq!(pids.len(), 2, "{printed:?}");
        within("the end", world.host.shutdown(Duration::from_millis(200))).await;
        for pid in pids {
            process_ends(pid).await;
        }
    }
}

#[tokio::test]
async fn variables_name_the_real_folder_where_opt_cannot_be() {
    let world = world(false, "echoes");
    assert_eq!(world.invoke_ok("r-1", "1").await, "1");
    let printed = world.logs.printed();
    let path = printed.iter().find(|line| line.starts_with("path "));
    let bin = world.code.path().join(LAYERS_FOLDER).join("bin");
    let bin = format!(":{}", bin.display());
    assert!(path.is_some_and(|path| path.ends_with(&bin)), "{path:?}");
    assert!(!printed.contains(&"from a layer".to_owned()), "{printed:?}");
}
