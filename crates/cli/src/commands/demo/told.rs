//! Messages of the demo's server to the command that started it, over a pair of sockets; the server's end is its
//! standard input. When either process ends, in any way, the other one reads the end of the stream.

use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::process;
use std::thread;

use anyhow::Context as _;
use nix::sys::signal::{Signal, raise};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::exit::CliError;

/// The server answers. One line of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    pub process: u32,
    /// URL of the Lambda API.
    pub endpoint: String,
    /// URL of the loan API; none where its function cannot run.
    pub loan_api: Option<String>,
}

impl Told {
    pub fn new(endpoint: &str, loan_api: Option<String>) -> Self {
        Self {
            process: process::id(),
            endpoint: endpoint.to_owned(),
            loan_api,
        }
    }
}

/// The address in a URL of the server; none where it has a name instead.
pub fn address(url: &str) -> Option<SocketAddr> {
    url.split_once("://")?.1.trim_end_matches('/').parse().ok()
}

/// The command's end.
#[derive(Debug)]
pub struct FromServer {
    stream: BufReader<tokio::net::UnixStream>,
    line: Vec<u8>,
}

impl FromServer {
    /// The end of a pair of which the server gets the other one.
    pub fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        let stream = tokio::net::UnixStream::from_std(stream)?;
        Ok(Self {
            stream: BufReader::new(stream),
            line: Vec::new(),
        })
    }

    /// Waits until the server answers. If the server ends instead, this never returns: the caller also waits for its
    /// process. Cancel-safe.
    pub async fn told(&mut self) -> anyhow::Result<Told> {
        let read = self.stream.read_until(b'\n', &mut self.line).await;
        match read {
            // Killed in the middle of it.
            Ok(_) if self.line.last() != Some(&b'\n') => std::future::pending().await,
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                std::future::pending().await
            }
            Ok(_) => serde_json::from_slice(&self.line)
                .context("cannot read what the demo's server says"),
            Err(error) => Err(error).context("cannot hear the demo's server"),
        }
    }
}

/// The server's end.
#[derive(Debug)]
pub struct ToCommand(UnixStream);

impl ToCommand {
    /// Takes standard input as it.
    ///
    /// # Errors
    /// When it is no socket, because `lambdura demo` did not start this process.
    pub fn standard_input() -> Result<Self, CliError> {
        let input = io::stdin().as_fd().try_clone_to_owned()?;
        let stream = UnixStream::from(input);
        match stream.peer_addr() {
            Ok(_) => Ok(Self(stream)),
            Err(_) => Err(CliError::usage(
                "this command is a part of `lambdura demo`, and nobody has started it from there",
                "run `lambdura demo`",
            )),
        }
    }

    /// Ends this process as `SIGTERM` does once the command has ended for any reason.
    pub fn end_with_it(&self) -> io::Result<()> {
        let mut stream = self.0.try_clone()?;
        thread::Builder::new()
            .name("command".to_owned())
            .spawn(move || {
                // The command never sends anything: any return of this read means that it has ended.
                let ended = stream.read(&mut [0]);
                tracing::debug!(?ended, "the command that started this process has gone");
                if let Err(error) = raise(Signal::SIGTERM) {
                    tracing::error!(%error, "cannot stop by itself");
                    process::exit(1);
                }
            })?;
        Ok(())
    }

    /// Says that everything answers.
    pub fn tell(&mut self, told: &Told) -> io::Result<()> {
        let line = serde_json::to_string(told)? + "\n";
        self.0.write_all(line.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_told_is_heard() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let told = Told::new("http://127.0.0.1:3001", None);
        ToCommand(theirs).tell(&told).unwrap();
        let mut heard = FromServer::new(ours).unwrap();
        assert_eq!(heard.told().await.unwrap(), told);
        assert_eq!(address(&told.endpoint), "127.0.0.1:3001".parse().ok());
        assert_eq!(address("https://demo.example/"), None);
    }
}
