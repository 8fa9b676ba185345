//! The short way to a Lambdura server of the same machine: a Unix socket instead of its port.
//!
//! The server gives the functions that it runs the path of a socket in its data folder, and the endpoint that the
//! socket stands for. Requests by the socket are not signed: the kernel knows which process connects. A function whose
//! settings name another endpoint for the Lambda API uses that one.

#![cfg(unix)]

use std::path::PathBuf;

/// The path of the socket.
const SOCKET: &str = "LAMBDURA_SOCKET";

/// The endpoint that the socket stands for.
const SOCKET_ENDPOINT: &str = "LAMBDURA_ENDPOINT";

/// Where AWS's SDKs find the Lambda API.
const ENDPOINT: &str = "AWS_ENDPOINT_URL_LAMBDA";

/// The endpoint and the path of its socket, if the environment has both and `AWS_ENDPOINT_URL_LAMBDA` is that endpoint.
pub(super) fn from_env() -> Option<(String, PathBuf)> {
    let variable = |name: &str| std::env::var(name).ok();
    choose(
        variable(ENDPOINT),
        variable(SOCKET_ENDPOINT),
        variable(SOCKET),
    )
}

fn choose(
    endpoint: Option<String>,
    socket_endpoint: Option<String>,
    socket: Option<String>,
) -> Option<(String, PathBuf)> {
    let endpoint = endpoint.filter(|url| Some(url) == socket_endpoint.as_ref())?;
    let socket = socket.filter(|path| !path.is_empty())?;
    Some((endpoint, PathBuf::from(socket)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_endpoint_that_the_socket_stands_for_is_reached_by_it() {
        let own = || Some("http://127.0.0.1:3001".to_owned());
        let socket = || Some("/data/api.sock".to_owned());
        let chosen = Some(("http://127.0.0.1:3001".to_owned(), "/data/api.sock".into()));
        assert_eq!(choose(own(), own(), socket()), chosen);
        let other = Some("http://localhost:4566".to_owned());
        assert_eq!(choose(other, own(), socket()), None);
        assert_eq!(choose(None, own(), socket()), None);
        assert_eq!(choose(None, None, socket()), None);
        assert_eq!(choose(own(), None, socket()), None);
        assert_eq!(choose(own(), own(), None), None);
        assert_eq!(choose(own(), own(), Some(String::new())), None);
    }
}
