//! The little HTTP that a measurement needs: one request, one connection, standard library only.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context as _, Result, ensure};

/// Sends a request and reads the whole answer's body.
pub fn request(endpoint: SocketAddr, head: &str, body: &str) -> Result<String> {
    let mut stream = open(endpoint, head, body)?;
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .context("read the answer")?;
    let (status, rest) = answer.split_once("\r\n").context("read a status line")?;
    ensure!(status.contains(" 20"), "{head} answered {status}");
    let (_, body) = rest.split_once("\r\n\r\n").context("read headers")?;
    Ok(body.to_owned())
}

/// Sends a request and leaves the answer to be read.
pub fn open(endpoint: SocketAddr, head: &str, body: &str) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(endpoint).context("connect")?;
    stream.set_nodelay(true).context("send at once")?;
    let request = format!(
        "{head} HTTP/1.1\r\nHost: {endpoint}\r\nConnection: close\r\nX-Amz-Invocation-Type: Event\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).context("send")?;
    Ok(stream)
}
