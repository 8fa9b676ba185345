//! Keeps the demo's server running, and serves the page.
//!
//! A server that dies by `SIGKILL` is started again at the addresses that it had, on the data that it kept, as the demo
//! is meant to show. Any other end is the command's end too, with the same exit code. This process holds nothing that
//! the server needs, neither its data nor its listeners: the next server starts as after a restart by hand.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use loan_demo::{Button, EXECUTION_PATH, Page, PageSettings, Presses, Standing};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use owo_colors::OwoColorize;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

use super::told::{FromServer, Told, address};
use crate::exit::{CliError, Exit};
use crate::screen::note;
use crate::up::stop_signal::{Stop, StopSignals};

/// Servers in a row that are killed before they answer: something kills them for a reason that the next one has too,
/// such as a lack of memory.
const UNREADY_MAX: u32 = 3;

/// How the server is started, each time.
#[derive(Debug)]
pub struct Supervised {
    pub program: PathBuf,
    pub listen: SocketAddr,
    pub http_api_listen: SocketAddr,
    pub data_dir: PathBuf,
    pub is_temporary: bool,
    pub pace: f64,
    pub page_url: String,
    pub ready_file: Option<PathBuf>,
    pub is_json: bool,
    /// How often `--verbose` was said.
    pub verbose: u8,
}

/// Runs the server until it ends by itself or is stopped.
///
/// # Errors
/// The server's own, with [`CliError::Said`]; and when it cannot be started, or dies again and again as it starts.
pub async fn run(mut supervised: Supervised, listener: TcpListener) -> Result<(), CliError> {
    let mut signals = StopSignals::listen()?;
    let (button, mut presses) = loan_demo::button();
    // From when the first server answers on; a browser that is too early waits.
    let mut unserved = Some((listener, button));
    let mut serving = JoinSet::new();
    let mut deaths = 0;
    let mut unready = 0;
    loop {
        presses.tell(Standing {
            process: None,
            deaths,
        });
        let mut server = Server::start(&supervised, deaths > 0)?;
        let ended = server
            .until_its_end(&mut signals, &mut presses, deaths, |told| {
                supervised.listen = address(&told.endpoint).unwrap_or(supervised.listen);
                let loan_api = told.loan_api.as_deref().and_then(address);
                supervised.http_api_listen = loan_api.unwrap_or(supervised.http_api_listen);
                if let Some((listener, button)) = unserved.take() {
                    serve(listener, button, told, &mut serving);
                }
            })
            .await?;
        if let Some(stop) = ended.stop {
            return result(ended.status, Some(stop));
        }
        if ended.status.signal() != Some(Signal::SIGKILL as i32) {
            return result(ended.status, None);
        }
        deaths += 1;
        unready = if ended.was_ready { 0 } else { unready + 1 };
        if unready == UNREADY_MAX {
            return Err(anyhow!(
                "the demo's server was killed {UNREADY_MAX} times in a row before it answered: there may be too little \
                 memory, which the kernel's log would tell"
            )
            .into());
        }
        note(format!(
            "{} the server, process {}, was killed; it is started again",
            "!".yellow(),
            server.process
        ));
    }
}

/// The command's result after a server has ended.
fn result(status: ExitStatus, stop: Option<Stop>) -> Result<(), CliError> {
    if let Some(code) = status.code() {
        return match Exit::of_code(code) {
            Some(Exit::Ok) => Ok(()),
            Some(exit) => Err(CliError::Said(exit)),
            None => Err(anyhow!("the demo's server ended with exit code {code}").into()),
        };
    }
    match stop {
        // It was stopped before it listened for signals.
        Some(stop) => stop.into_result(),
        None => Err(anyhow!("the demo's server ended with {status}").into()),
    }
}

/// One process of the server.
struct Server {
    child: Child,
    process: u32,
    heard: FromServer,
    started_at: Instant,
}

/// How a server ended.
struct Ended {
    status: ExitStatus,
    /// The signal that asked for it.
    stop: Option<Stop>,
    was_ready: bool,
}

impl Server {
    fn start(supervised: &Supervised, is_again: bool) -> Result<Self, CliError> {
        let (ours, theirs) = UnixStream::pair().context("cannot make a pair of sockets")?;
        let mut command = Command::new(&supervised.program);
        command.args(arguments(supervised));
        command.stdin(Stdio::from(OwnedFd::from(theirs)));
        if is_again {
            // The first server has printed the addresses.
            command.stdout(Stdio::null());
        }
        // Ctrl-C is for this process, which passes it on: twice would mean to force it.
        command.process_group(0);
        let child = command.spawn().with_context(|| {
            let program = supervised.program.display();
            format!("cannot start `{program}` as the demo's server")
        })?;
        let process = child.id().context("the demo's server has no process")?;
        Ok(Self {
            child,
            process,
            heard: FromServer::new(ours)?,
            started_at: Instant::now(),
        })
    }

    /// Waits for its end; passes signals on, and kills it when the button is pressed.
    async fn until_its_end(
        &mut self,
        signals: &mut StopSignals,
        presses: &mut Presses,
        deaths: u32,
        mut answers: impl FnMut(&Told),
    ) -> Result<Ended, CliError> {
        let mut was_ready = false;
        let mut stopped = None;
        loop {
            tokio::select! {
                status = self.child.wait() => {
                    let status = status.context("cannot wait for the demo's server")?;
                    return Ok(Ended { status, stop: stopped, was_ready });
                }
                told = self.heard.told(), if !was_ready => {
                    answers(&told?);
                    was_ready = true;
                    presses.tell(Standing { process: Some(self.process), deaths });
                    if deaths > 0 {
                        self.say_back();
                    }
                }
                press = presses.next() => {
                    // A press while it starts or stops is dropped: the page says that there is nothing to kill.
                    if was_ready && stopped.is_none() {
                        self.child.start_kill().context("cannot kill the demo's server")?;
                        presses.tell(Standing { process: None, deaths });
                        let status = self.child.wait().await;
                        let status = status.context("cannot wait for the demo's server")?;
                        // From here on nothing is recorded and no server answers: the page may begin to measure.
                        press.killed(self.process);
                        return Ok(Ended { status, stop: None, was_ready });
                    }
                }
                stop = signals.next() => {
                    stopped.get_or_insert(stop);
                    self.pass_on(stop)?;
                }
            }
        }
    }

    fn pass_on(&self, stop: Stop) -> Result<(), CliError> {
        let signal = match stop {
            Stop::Interrupt => Signal::SIGINT,
            Stop::Terminate => Signal::SIGTERM,
        };
        // The process has not been waited for yet, so its id is still its own.
        let process = i32::try_from(self.process).context("a process id is out of range")?;
        kill(Pid::from_raw(process), signal).context("cannot stop the demo's server")?;
        Ok(())
    }

    fn say_back(&self) {
        let after: Duration = self.started_at.elapsed();
        note(format!(
            "{} the server is back after {} ms, as process {}",
            "✓".green(),
            after.as_millis(),
            self.process
        ));
    }
}

fn arguments(supervised: &Supervised) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = vec!["demo-server".into()];
    let mut option = |name: &str, value: OsString| {
        arguments.push(name.into());
        arguments.push(value);
    };
    option("--listen", supervised.listen.to_string().into());
    let http_api_listen = supervised.http_api_listen.to_string();
    option("--http-api-listen", http_api_listen.into());
    option("--data-dir", supervised.data_dir.clone().into());
    option("--pace", supervised.pace.to_string().into());
    option("--page-url", supervised.page_url.clone().into());
    if let Some(ready_file) = &supervised.ready_file {
        option("--ready-file", ready_file.into());
    }
    let output = if supervised.is_json { "json" } else { "text" };
    option("--output", output.into());
    if supervised.is_temporary {
        arguments.push("--is-temporary".into());
    }
    arguments.extend((0..supervised.verbose).map(|_| "--verbose".into()));
    arguments
}

/// Serves the page, which has to be told where the server is; not at all where this program was built without it.
fn serve(listener: TcpListener, button: Button, told: &Told, serving: &mut JoinSet<()>) {
    let settings = PageSettings {
        api_url: told.loan_api.clone().unwrap_or_default(),
        execution_url: format!("{}{EXECUTION_PATH}", told.endpoint),
    };
    let Some(page) = Page::new(&settings, button) else {
        return;
    };
    serving.spawn(async move {
        let Err(error) = page.serve(listener).await;
        tracing::error!(%error, "the page is not served");
    });
}
