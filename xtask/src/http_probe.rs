//! Whether something answers HTTP at an address.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Bound on connecting, asking and reading; a server on the same machine answers in milliseconds.
const PATIENCE: Duration = Duration::from_secs(2);

/// The status line of the answer to `GET {path}`, or why there is none.
pub fn status_line(address: SocketAddr, path: &str) -> Result<String, String> {
    let failed = |error: std::io::Error| error.to_string();
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).map_err(failed)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(failed)?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(failed)?;
    // A status line is short; the rest is not needed.
    let mut start = Vec::new();
    stream.take(256).read_to_end(&mut start).map_err(failed)?;
    let text = String::from_utf8_lossy(&start);
    match text.lines().next() {
        Some(line) if line.starts_with("HTTP/1.") => Ok(line.to_owned()),
        Some(line) => Err(format!("answered `{line}`, which is not HTTP")),
        None => Err("closed the connection without an answer".to_owned()),
    }
}
