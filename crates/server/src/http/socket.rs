//! A Unix socket in the data folder, for the functions that this server runs: the same routes as on the main port, with
//! less overhead.
//!
//! A request over loopback passes the whole network stack twice, and must be signed, because any process on the machine
//! may connect. The kernel knows which process connects to a socket. Functions find the socket in
//! [`VARIABLE`]; a client that does not know it uses the port.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tokio::net::UnixListener;

/// The variable with the socket's path, for a function's SDK. Its endpoint is in [`ENDPOINT_VARIABLE`].
pub(crate) const VARIABLE: &str = "LAMBDURA_SOCKET";

/// The endpoint that the socket replaces: a function with another endpoint does not use it.
pub(crate) const ENDPOINT_VARIABLE: &str = "LAMBDURA_ENDPOINT";

const FILE_NAME: &str = "api.sock";

/// Longest path of a socket, in bytes. Source: `sun_path` of unix(7) and of macOS, without its closing zero.
const PATH_BYTES_MAX: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// The socket's file; removed on drop.
#[derive(Debug)]
pub(crate) struct SocketFile(PathBuf);

impl SocketFile {
    /// Makes the socket in a data folder that no other server has. `None` where there cannot be one: then all functions
    /// use the port.
    pub fn bind(data_dir: &Path) -> Option<(UnixListener, Self)> {
        let path = std::path::absolute(data_dir).ok()?.join(FILE_NAME);
        let length = path.as_os_str().len();
        if length > PATH_BYTES_MAX || path.to_str().is_none() {
            tracing::debug!(path = %path.display(), "no socket for functions: its path is too long or no text");
            return None;
        }
        match bind(&path) {
            Ok(listener) => Some((listener, Self(path))),
            Err(error) => {
                let path = path.display();
                tracing::warn!(%path, %error, "no socket for functions: they use the port, which is slower");
                None
            }
        }
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::debug!(path = %self.0.display(), %error, "the socket's file stays");
        }
    }
}

fn bind(path: &Path) -> io::Result<UnixListener> {
    // A killed server leaves its socket behind.
    match fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let listener = UnixListener::bind(path)?;
    // Clients that connect before this line are checked for their user all the same.
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_that_was_left_behind_is_replaced_and_ours_is_removed() {
        let folder = tempfile::tempdir().expect("there is room");
        let (listener, file) = SocketFile::bind(folder.path()).expect("its path is short");
        let path = file.path().to_owned();
        let mode = fs::metadata(&path)
            .expect("it is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        // As after `kill -9`.
        drop(listener);
        std::mem::forget(file);
        let (_listener, file) = SocketFile::bind(folder.path()).expect("it is replaced");
        tokio::net::UnixStream::connect(&path)
            .await
            .expect("somebody listens");
        drop(file);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn without_room_for_the_path_there_is_none() {
        let folder = tempfile::tempdir().expect("there is room");
        let deep = folder.path().join("d".repeat(PATH_BYTES_MAX));
        assert!(SocketFile::bind(&deep).is_none());
        assert!(SocketFile::bind(&folder.path().join("missing")).is_none());
    }
}
