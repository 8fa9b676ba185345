//! The environment of a function process, the reasons why one cannot start, and the end of all its descendants.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use expect_test::{Expect, expect};
use function_host::{Credentials, DiscardLogs, FunctionHost, HostConfig, InvokeError};
use serde_json::Value;
use support::{Gate, World, link_fixture, process_ends, process_state, request, within};
use tempfile::TempDir;

/// Runs the fixture that describes its own process.
async fn snapshot(world: &World) -> Value {
    let mut request = request("8476a536-e9f4-11e8-9739-2dfe598c3fcd", "{}");
    request.client_context = Some("{\n  \"client\": \"ü\"}".into());
    request.trace_id =
        Some("Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1".into());
    request.tenant_id = Some("blue".into());
    let outcome = world
        .host
        .invoke(&world.function, request)
        .await
        .expect("it runs");
    let function_host::InvocationResult::Success(bytes) = outcome.result else {
        panic!("{outcome:?}")
    };
    serde_json::from_slice(&bytes).expect("the fixture answers in JSON")
}

#[tokio::test]
async fn environment_is_lambdas_and_nothing_else() {
    let world = World::with("snapshot", |config, function| {
        config.region = "eu-central-1".into();
        config.extra_environment = BTreeMap::from([
            ("AWS_ENDPOINT_URL".into(), "http://127.0.0.1:3001".into()),
            ("EXTRA".into(), "of the host".into()),
        ]);
        config.credentials = Arc::new(|function| {
            Some(Credentials {
                access_key_id: format!("AKIA-{}", function.name),
                secret_access_key: "secret".into(),
                session_token: Some("token".into()),
            })
        });
        for (name, value) in [
            ("EXTRA", "of the function"),
            ("TZ", "America/Toronto"),
            ("AWS_REGION", "mars-1"),
            ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1"),
            ("_X_AMZN_TRACE_ID", "mine"),
            ("AWS_LAMBDA_MAX_CONCURRENCY", "10"),
            ("WITH=SIGN", "x"),
        ] {
            function.environment.insert(name.into(), value.into());
        }
    });
    let environment = snapshot(&world).await["environment"].take();
    let environment: BTreeMap<String, String> =
        serde_json::from_value(environment).expect("it is a map of strings");
    let code = world.code.path().display().to_string();
    let shown = environment.iter().map(|(name, value)| {
        let value = match &**name {
            "AWS_LAMBDA_RUNTIME_API" => {
                let port: u16 = value
                    .strip_prefix("127.0.0.1:")
                    .and_then(|port| port.parse().ok())
                    .expect("a port");
                assert!(port > 1);
                "127.0.0.1:PORT".to_owned()
            }
            "AWS_LAMBDA_LOG_STREAM_NAME" => shape(value),
            _ => value.replace(&code, "CODE"),
        };
        format!("{name}={value}\n")
    });
    expect![[r#"
        AWS_ACCESS_KEY_ID=AKIA-fixture
        AWS_DEFAULT_REGION=eu-central-1
        AWS_ENDPOINT_URL=http://127.0.0.1:3001
        AWS_EXECUTION_ENV=AWS_Lambda_provided.al2023
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128
        AWS_LAMBDA_FUNCTION_NAME=fixture
        AWS_LAMBDA_FUNCTION_VERSION=1
        AWS_LAMBDA_INITIALIZATION_TYPE=on-demand
        AWS_LAMBDA_LOG_FORMAT=Text
        AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/fixture
        AWS_LAMBDA_LOG_STREAM_NAME=0000/00/00/[0]00000000000000000000000000000000
        AWS_LAMBDA_RUNTIME_API=127.0.0.1:PORT
        AWS_REGION=eu-central-1
        AWS_SECRET_ACCESS_KEY=secret
        AWS_SESSION_TOKEN=token
        EXTRA=of the function
        FIXTURE=snapshot
        LAMBDA_RUNTIME_DIR=/var/runtime
        LAMBDA_TASK_ROOT=CODE
        LANG=en_US.UTF-8
        LD_LIBRARY_PATH=/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:CODE:CODE/lib:/opt/lib
        PATH=/usr/local/bin:/usr/bin/:/bin:/opt/bin
        TZ=America/Toronto
        _HANDLER=bootstrap
    "#]]
    .assert_eq(&shown.collect::<String>());
}

/// Keeps the form of a text with digits in it.
fn shape(text: &str) -> String {
    text.chars()
        .map(|char| if char.is_ascii_hexdigit() { '0' } else { char })
        .collect()
}

#[tokio::test]
async fn invocation_headers_are_lambdas() {
    let world = World::with("snapshot", |_, function| {
        function.timeout = Duration::from_secs(60)
    });
    let before = SystemTime::now();
    let mut headers = snapshot(&world).await["headers"].take();
    let deadline = headers["lambda-runtime-deadline-ms"].take();
    let deadline: u64 = deadline
        .as_str()
        .and_then(|deadline| deadline.parse().ok())
        .expect("milliseconds");
    let timeout = UNIX_EPOCH + Duration::from_millis(deadline);
    let remaining = timeout
        .duration_since(before)
        .expect("the deadline is ahead");
    assert!(
        remaining >= Duration::from_millis(59_999) && remaining < Duration::from_secs(90),
        "{remaining:?}"
    );
    headers["date"].take();
    expect![[r#"
        {
          "content-length": "2",
          "content-type": "application/json",
          "date": null,
          "lambda-runtime-aws-request-id": "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
          "lambda-runtime-aws-tenant-id": "blue",
          "lambda-runtime-client-context": "{   \"client\": \"ü\"}",
          "lambda-runtime-deadline-ms": null,
          "lambda-runtime-invoked-function-arn": "arn:aws:lambda:us-east-1:000000000000:function:fixture:live",
          "lambda-runtime-trace-id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1"
        }"#]].assert_eq(&serde_json::to_string_pretty(&headers).expect("it was JSON"));
}

#[tokio::test]
async fn process_is_isolated() {
    // A handle like one that a C library might open: without the flag that closes it at `exec`.
    let leaked = fs::File::open("/proc/self/status").expect("it exists");
    nix::fcntl::fcntl(
        &leaked,
        nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::empty()),
    )
    .expect("it is ours");
    let world = World::with("snapshot", |config, _| config.open_files_max = 100);
    let snapshot = snapshot(&world).await;
    assert_eq!(snapshot["leads_its_group"], true);
    assert_eq!(snapshot["core_limit"], serde_json::json!([0, 0]));
    assert_eq!(snapshot["open_files_limit"], serde_json::json!([100, 100]));
    let code = world.code.path().canonicalize().expect("it exists");
    assert_eq!(snapshot["working_directory"].as_str(), code.to_str());
    assert_eq!(snapshot["arguments"].as_array().map(Vec::len), Some(1));
    let files: Vec<&str> = snapshot["files"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    // Standard input, output and error, the connection to the Runtime API, and the directory that lists them.
    let kinds: Vec<_> = files
        .iter()
        .map(|file| file.split(":[").next().unwrap_or(file))
        .collect();
    assert!(
        !files.iter().any(|file| file.ends_with("/status")),
        "{files:?}"
    );
    assert_eq!(
        kinds[..4],
        ["/dev/null", "pipe", "pipe", "socket"],
        "{files:?}"
    );
    assert_eq!(files.len(), 5, "{files:?}");
    drop(leaked);
}

async fn launch_error(change: impl FnOnce(&Path), runtime: &str, expected: Expect) {
    let world = World::with("echoes", |_, function| function.runtime = runtime.into());
    change(world.code.path());
    let error = world.invoke("r-1", "1").await.expect_err("it cannot start");
    assert!(matches!(error, InvokeError::Launch { .. }), "{error:?}");
    let mut shown = error.to_string();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(next) = cause.source() {
        shown += &format!("\n{next}");
        cause = next;
    }
    let code = world.code.path().display().to_string();
    expected.assert_eq(
        &shown
            .replace(&code, "CODE")
            .replace(std::env::consts::ARCH, "ARCH"),
    );
    world.counts_become((0, 0, 0)).await;
}

/// Replaces the fixture with a file.
fn bootstrap(code: &Path, content: &[u8], mode: u32) {
    let path = code.join("bootstrap");
    fs::remove_file(&path).expect("the fixture was there");
    fs::write(&path, content).expect("there is room");
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("it is ours");
}

#[tokio::test]
async fn missing_bootstrap_is_named() {
    let remove =
        |code: &Path| fs::remove_file(code.join("bootstrap")).expect("the fixture was there");
    launch_error(remove, "provided.al2023", expect![[r#"
        start a process of function fixture:1
        no file `CODE/bootstrap`: runtime `provided.al2023` starts the executable `bootstrap` in the code directory; build the function, or correct its `CodeUri`"#]]).await;
}

#[tokio::test]
async fn bootstrap_without_permission_is_named() {
    launch_error(
        |code| bootstrap(code, b"#!/bin/sh\n", 0o644),
        "provided.al2",
        expect![[r#"
            start a process of function fixture:1
            `CODE/bootstrap` is not executable: run `chmod +x` on it"#]],
    )
    .await;
}

#[tokio::test]
async fn bootstrap_for_another_machine_is_named() {
    let mut elf = b"\x7fELF\x02\x01\x01".to_vec();
    elf.resize(18, 0);
    // RISC-V, which no test machine has.
    elf.extend(243u16.to_le_bytes());
    launch_error(
        |code| bootstrap(code, &elf, 0o755),
        "provided.al2023",
        expect![[r#"
            start a process of function fixture:1
            `CODE/bootstrap` cannot run on this machine
            it is built for riscv64 and this machine is ARCH: build it for `ARCH` (a template's `Architectures` only matters on AWS)"#]],
    )
    .await;
}

#[tokio::test]
async fn missing_interpreter_is_named() {
    launch_error(
        |code| bootstrap(code, b"#!/opt/python9\n", 0o755),
        "provided.al2023",
        expect![[r#"
            start a process of function fixture:1
            `CODE/bootstrap` cannot run on this machine
            its interpreter `/opt/python9` does not exist: install it, or correct the script's first line"#]],
    )
    .await;
}

#[tokio::test]
async fn runtimes_that_are_not_supported_are_named() {
    launch_error(|_| (), "cobol1959", expect![[r#"
        start a process of function fixture:1
        runtime `cobol1959` is not supported: use `provided.al2023` with an executable named `bootstrap` in the code directory"#]]).await;
}

#[tokio::test]
async fn scripts_can_be_functions() {
    let world = World::new("");
    let script = b"#!/bin/sh\necho \"started in $PWD\"\nexit 9\n";
    bootstrap(world.code.path(), script, 0o755);
    let outcome = world.invoke("r-1", "1").await.expect("it starts");
    let tail = String::from_utf8(outcome.log_tail).expect("text");
    assert!(
        tail.contains("started in /") && tail.contains("exit status 9"),
        "{tail}"
    );
}

/// The fixture as a separate host, which runs one invocation that reports to a gate.
struct OtherHost {
    process: tokio::process::Child,
    code: TempDir,
    state: TempDir,
}

impl OtherHost {
    fn start(behaviour: &str, gate: &Gate) -> OtherHost {
        let (code, state) = (
            TempDir::new().expect("there is room"),
            TempDir::new().expect("there is room"),
        );
        link_fixture(code.path());
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_host-fixture"));
        command
            .arg("host")
            .arg(code.path())
            .arg(state.path())
            .arg(behaviour)
            .arg(&gate.payload);
        let process = command
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("the host starts");
        OtherHost {
            process,
            code,
            state,
        }
    }

    /// Kills the host without any chance to react, like a power cut.
    async fn kill(&mut self) {
        self.process.kill().await.expect("it runs");
    }

    fn records(&self) -> Vec<String> {
        let entries = fs::read_dir(self.state.path().join("processes")).expect("the host made it");
        entries
            .map(|entry| {
                entry
                    .expect("it is readable")
                    .file_name()
                    .display()
                    .to_string()
            })
            .collect()
    }

    /// Starts a host in this process that takes over.
    fn take_over(&self) -> FunctionHost {
        let config = HostConfig {
            state_dir: Some(self.state.path().to_owned()),
            ..HostConfig::default()
        };
        FunctionHost::new(config, Arc::new(DiscardLogs)).expect("the host starts")
    }
}

#[tokio::test]
async fn a_killed_host_leaves_no_process_and_its_successor_ends_what_they_started() {
    let gate = Gate::new().await;
    let mut other = OtherHost::start("leaves a detached grandchild", &gate);
    let waiting = gate.arrival().await;
    let pids: Vec<u32> = waiting
        .words
        .split(' ')
        .map(|pid| pid.parse().expect("a process id"))
        .collect();
    assert_eq!(other.records(), [format!("{}.json", pids[0])]);
    let processes = other.state.path().join("processes");
    let mode = |path: &Path| fs::metadata(path).expect("it exists").permissions().mode();
    assert_eq!(mode(&processes) & 0o777, 0o700);
    let record = processes.join(format!("{}.json", pids[0]));
    assert_eq!(mode(&record) & 0o777, 0o600);
    other.kill().await;
    process_ends(pids[0]).await;
    // It left the process group and the process tree, so nothing has ended it yet.
    assert!(matches!(process_state(pids[1]), Some(state) if state != 'Z'));
    let host = other.take_over();
    process_ends(pids[1]).await;
    assert_eq!(other.records(), [""; 0]);
    within("the shutdown", host.shutdown(Duration::from_secs(1))).await;
    drop(other.code);
}

/// Detached children of a function end with its process, in every way that it can end; those of another function do
/// not.
#[tokio::test]
async fn detached_children_end_with_their_process() {
    let bystander = World::new("detaches a grandchild");
    bystander.invoke_ok("r-1", "1").await;
    for (behaviour, how_it_ends) in [
        ("detaches a grandchild", End::Idle),
        ("detaches a grandchild", End::Shutdown),
        ("detaches a grandchild and hangs", End::ByItself),
        ("detaches a grandchild and exits", End::ByItself),
        // Its environment does not identify it, but its parent does.
        ("starts a stranger", End::Idle),
        ("starts a stranger", End::Shutdown),
    ] {
        let world = World::with(behaviour, |config, function| {
            if how_it_ends == End::Idle {
                config.idle_time = Duration::from_millis(50);
            }
            if behaviour.ends_with("hangs") {
                // Time enough to say which process it has detached.
                function.timeout = Duration::from_secs(2);
            }
        });
        world.invoke("r-1", "1").await.expect("it runs");
        if how_it_ends == End::Shutdown {
            within("the shutdown", world.host.shutdown(Duration::from_secs(1))).await;
            let state = process_state(world.logs.printed_pid());
            assert!(
                matches!(state, None | Some('Z')),
                "{behaviour}: the shutdown did not wait for its end, {state:?}"
            );
        }
        process_ends(world.logs.printed_pid()).await;
        world.counts_become((0, 0, 0)).await;
    }
    let detached = bystander.logs.printed_pid();
    assert!(matches!(process_state(detached), Some(state) if state != 'Z'));
    within("the end", bystander.host.shutdown(Duration::from_secs(1))).await;
    process_ends(detached).await;
}

#[derive(Clone, Copy, PartialEq)]
enum End {
    Idle,
    Shutdown,
    ByItself,
}

#[tokio::test]
async fn a_successor_leaves_strangers_alone() {
    let state = TempDir::new().expect("there is room");
    let processes = state.path().join("processes");
    fs::create_dir(&processes).expect("it is new");
    let own = std::process::id();
    let boot_id = fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("Linux has one");
    let record = |pid: u32, boot_id: &str| {
        format!(
            r#"{{"format":1,"pid":{pid},"start_ticks":1,"boot_id":"{}","log_stream_name":"x"}}"#,
            boot_id.trim()
        )
    };
    // This process's id with another start time, one of another boot, and files that a crash may leave.
    fs::write(processes.join("1.json"), record(own, &boot_id)).expect("there is room");
    fs::write(processes.join("2.json"), record(own, "another")).expect("there is room");
    fs::write(processes.join("3.json"), "{\"format\":1,").expect("there is room");
    fs::write(processes.join("4.json"), record(0, &boot_id)).expect("there is room");
    fs::write(processes.join("5.unfinished"), "{").expect("there is room");
    fs::write(processes.join("README"), "mine").expect("there is room");
    let config = HostConfig {
        state_dir: Some(state.path().to_owned()),
        ..HostConfig::default()
    };
    FunctionHost::new(config, Arc::new(DiscardLogs)).expect("the host starts");
    let left: Vec<_> = fs::read_dir(&processes)
        .expect("it exists")
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    assert_eq!(left, ["README"]);
}

#[test]
fn a_host_needs_a_runtime_and_a_usable_directory() {
    let error = FunctionHost::new(HostConfig::default(), Arc::new(DiscardLogs))
        .err()
        .expect("there is no runtime");
    assert!(error.to_string().contains("Tokio runtime"), "{error}");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let _current = runtime.enter();
    let config = HostConfig {
        state_dir: Some("/proc/nowhere".into()),
        ..HostConfig::default()
    };
    let error = FunctionHost::new(config, Arc::new(DiscardLogs))
        .err()
        .expect("it cannot be made");
    assert!(error.to_string().contains("/proc/nowhere"), "{error}");
}
