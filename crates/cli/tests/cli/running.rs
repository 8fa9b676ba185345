//! `lambdura up` as a process of a test: started on a folder, asked, and ended with it.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::lambdura::{Ran, command, lambdura};

/// How long a start may take on a busy machine.
const START_TIME_MAX: Duration = Duration::from_secs(60);

pub struct Up {
    pub child: Option<Child>,
    pub ready: Value,
    out: Heard,
    err: Heard,
}

/// The text of a stream so far; it is read all the time, so that its pipe is never full.
struct Heard {
    text: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Heard {
    fn of(mut stream: impl Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&text);
        let reader = std::thread::spawn(move || {
            let mut part = [0; 4096];
            loop {
                let count = stream.read(&mut part).expect("a pipe can be read");
                if count == 0 {
                    break;
                }
                heard.lock().unwrap().extend(&part[..count]);
            }
        });
        let reader = Some(reader);
        Self { text, reader }
    }

    fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.text.lock().unwrap()).into_owned()
    }

    /// The whole text, up to the stream's end.
    fn whole(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the stream was read");
        }
        self.so_far()
    }
}

impl Up {
    /// Starts the template in `folder`, by its absolute path.
    pub fn start(folder: &Path, arguments: &[&str]) -> Self {
        let template = folder.display().to_string();
        Self::start_within(folder, &[&[template.as_str()], arguments].concat(), &[])
    }

    /// Starts in `folder`, with these arguments and variables.
    pub fn start_within(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        Self::start_command("up", folder, arguments, environment)
    }

    /// The same with another command that runs a stack.
    pub fn start_command(
        name: &str,
        folder: &Path,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        let ready_file = folder.join("ready.json");
        // A process that was killed has left its ready file.
        let _ = fs::remove_file(&ready_file);
        let mut child = command(&[
            name,
            "--listen",
            "127.0.0.1:0",
            "--http-api-listen",
            "127.0.0.1:0",
            "--ready-file",
            &ready_file.display().to_string(),
        ])
        .args(arguments)
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
        let mut up = Self {
            out: Heard::of(child.stdout.take().expect("it is a pipe")),
            err: Heard::of(child.stderr.take().expect("it is a pipe")),
            child: Some(child),
            ready: Value::Null,
        };
        let began = Instant::now();
        loop {
            if let Ok(text) = fs::read_to_string(&ready_file) {
                up.ready = serde_json::from_str(&text).expect("the file appears whole");
                return up;
            }
            let child = up.child.as_mut().expect("it was not waited for");
            if let Some(status) = child.try_wait().unwrap() {
                let said = up.end();
                panic!(
                    "ended with {status} instead of being ready:\n{}",
                    said.text()
                );
            }
            if began.elapsed() > START_TIME_MAX {
                child.kill().unwrap();
                panic!("not ready in time:\n{}", up.end().text());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn endpoint(&self) -> &str {
        self.ready["endpoint"].as_str().unwrap()
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        lambdura(self.endpoint(), arguments)
    }

    pub fn signal(&mut self, signal: &str) -> Ran {
        let id = self.child.as_ref().expect("it runs").id();
        let sent = Command::new("kill")
            .args([format!("-{signal}"), id.to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
        self.end()
    }

    /// Waits until standard error has brought `what`.
    pub fn wait_for_error(&self, what: &str) {
        let began = Instant::now();
        while !self.err.so_far().contains(what) {
            assert!(
                began.elapsed() < START_TIME_MAX,
                "`{what}` was never said; so far:\n{}",
                self.err.so_far()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits for its end, after a signal.
    fn end(&mut self) -> Ran {
        let status = self.child.take().expect("it runs").wait().unwrap();
        Ran {
            code: status.code(),
            out: self.out.whole(),
            err: self.err.whole(),
        }
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // A failed test must leave nothing running. If the process cannot be killed, the test's failure has said
            // more.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Functions have Lambda's `PATH`, not ours: the script names its interpreter in full.
pub fn python() -> String {
    let output = Command::new("python3")
        .args(["-c", "import sys; print(sys.executable)"])
        .output()
        .expect("this test needs python3");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

pub fn wait_for(up: &Up, arguments: &[&str], what: &str) -> Ran {
    let began = Instant::now();
    loop {
        let ran = up.run(arguments);
        if ran.out.contains(what) {
            return ran;
        }
        assert!(
            began.elapsed() < START_TIME_MAX,
            "`{what}` never came; last seen:\n{}",
            ran.text()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A diagnostic's words without the bar at their side and the line ends that fit them to the terminal.
pub fn unwrapped(text: &str) -> String {
    let words = text.split_whitespace().filter(|word| *word != "│");
    words.collect::<Vec<_>>().join(" ")
}

/// The whole answer to a GET with one more header, as text.
pub fn get(url: &str, header: &str) -> String {
    send("GET", url, header, "")
}

/// The whole answer to a request, as text.
pub fn send(method: &str, url: &str, header: &str, body: &str) -> String {
    let address = url.trim_start_matches("http://");
    let (host, path) = address.split_once('/').expect("it names a path");
    let mut stream = TcpStream::connect(host).unwrap();
    let length = body.len();
    write!(
        stream,
        "{method} /{path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\n{header}\r\nconnection: close\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
