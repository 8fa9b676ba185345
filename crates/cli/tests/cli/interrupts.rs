//! Ctrl-C while a command waits for its standard input.

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::running::python;

/// How long the end may take on a busy machine.
const END_TIME_MAX: Duration = Duration::from_secs(20);

/// More than a pipe holds: once it is written, the command reads.
const MORE_THAN_A_PIPE: usize = 1024 * 1024;

/// Several rounds: a command once did two things in a random order, and only one of them could be interrupted.
const ROUNDS: usize = 8;

/// Runs its arguments as at a terminal: a process in the background ignores Ctrl-C, and so do its children.
const AT_TERMINAL: &str = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])";

fn ends(child: &mut Child) -> bool {
    let began = Instant::now();
    while began.elapsed() < END_TIME_MAX {
        if child.try_wait().unwrap().is_some() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    false
}

#[test]
fn it_ends_a_command_that_reads_its_payload() {
    for arguments in [
        ["invoke", "F", "--payload", "-"].as_slice(),
        ["callback", "succeed", "loan-1", "--result", "-"].as_slice(),
    ] {
        for round in 0..ROUNDS {
            let mut child = Command::new(python())
                .args(["-c", AT_TERMINAL, env!("CARGO_BIN_EXE_lambdura")])
                .args(arguments)
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let mut typed = child.stdin.take().unwrap();
            typed.write_all(&vec![b' '; MORE_THAN_A_PIPE]).unwrap();
            let sent = Command::new("kill")
                .args(["-INT", &child.id().to_string()])
                .status()
                .unwrap();
            assert!(sent.success());
            assert!(ends(&mut child), "{arguments:?} in round {round}");
        }
    }
}
