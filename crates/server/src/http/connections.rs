//! Limits of concurrent connections: over all ports, on the functions' socket, and from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;

use super::client;

/// The most connections, where the limit of open files allows them. Each may hold a body in memory.
const CONNECTIONS_MAX: usize = 16_384;

/// The most connections on the socket.
const OWN_CONNECTIONS_MAX: usize = 4_096;

/// Clients that are refused with an answer at the same time; further ones are disconnected without an answer.
const REFUSALS_MAX: usize = 64;

/// How long a refused client has to read the answer.
const REFUSED_WITHIN: Duration = Duration::from_secs(2);

/// The answer to a client beyond the last place, in the shape that AWS's clients understand and retry.
const NO_ROOM: &str = "{\"__type\":\"ServiceException\",\"Type\":\"Server\",\
\"message\":\"The service has as many connections as it can. Try again.\",\
\"Message\":\"The service has as many connections as it can. Try again.\"}";

/// The connections of all ports.
///
/// Functions on the socket have places of their own: callers that wait for results may fill all others, and get no
/// results unless functions can report them.
#[derive(Debug, Clone)]
pub(crate) struct Connections {
    pub(super) tasks: TaskTracker,
    pub(super) places: Arc<Semaphore>,
    pub(super) own_places: Arc<Semaphore>,
    pub(super) refusals: Arc<Semaphore>,
    by_address: Option<ByAddress>,
}

/// The most connections of one address, and the present ones by address. Those of this machine are not counted.
#[derive(Debug, Clone)]
struct ByAddress {
    max: usize,
    /// By [`client`].
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// A connection of an address, until it is dropped.
pub(super) struct OfAddress {
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
    address: IpAddr,
}

impl Connections {
    /// Takes at most half of the files that this process may open, and an eighth for the socket: the rest is for
    /// function processes and the store.
    pub fn within_open_files() -> Self {
        let files = match getrlimit(Resource::RLIMIT_NOFILE) {
            Ok((soft, _)) => usize::try_from(soft).unwrap_or(usize::MAX),
            Err(_) => CONNECTIONS_MAX,
        };
        Self::at_most(
            (files / 2).clamp(1, CONNECTIONS_MAX),
            (files / 8).clamp(1, OWN_CONNECTIONS_MAX),
        )
    }

    pub(super) fn at_most(places: usize, own_places: usize) -> Self {
        Self {
            tasks: TaskTracker::new(),
            places: Arc::new(Semaphore::new(places)),
            own_places: Arc::new(Semaphore::new(own_places)),
            refusals: Arc::new(Semaphore::new(REFUSALS_MAX)),
            by_address: None,
        }
    }

    /// The same, with at most `max` connections of one address.
    pub fn at_most_of_one_address(self, max: usize) -> Self {
        let open = Arc::default();
        Self {
            by_address: Some(ByAddress { max, open }),
            ..self
        }
    }

    /// Counts a connection of an address; `None` when the address has as many as it may.
    pub(super) fn enter(&self, address: IpAddr) -> Option<Option<OfAddress>> {
        let Some(ByAddress { max, open }) = &self.by_address else {
            return Some(None);
        };
        if address.to_canonical().is_loopback() {
            return Some(None);
        }
        let address = client(address);
        let mut counts = open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_default();
        if *count >= *max {
            return None;
        }
        *count += 1;
        let open = Arc::clone(open);
        Some(Some(OfAddress { open, address }))
    }

    /// How many requests may wait for a function's result. The other places are for functions in other languages, which
    /// report on the ports.
    pub fn callers_max(&self) -> usize {
        (self.places.available_permits() / 4 * 3).max(1)
    }

    /// Accepts no more connections; open ones go on.
    pub fn close(&self) {
        self.tasks.close();
    }

    /// Waits until all connections have ended.
    pub async fn wait(&self) {
        self.tasks.wait().await;
    }
}

impl Drop for OfAddress {
    fn drop(&mut self) {
        let mut counts = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

/// Tells a client that there is no room, and reads its request for a moment: bytes left unread
/// would cut off the answer.
pub(super) async fn refuse<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    _permit: OwnedSemaphorePermit,
) {
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n\
         x-amzn-errortype: ServiceException\r\nretry-after: 1\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{NO_ROOM}",
        NO_ROOM.len()
    );
    let told = async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        let mut unread = [0; 4_096];
        while stream.read(&mut unread).await? > 0 {}
        Ok::<_, std::io::Error>(())
    };
    // A client that does not read is disconnected.
    let _ = tokio::time::timeout(REFUSED_WITHIN, told).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_addresses_of_a_network_share_their_connections() {
        let connections = Connections::at_most(10, 1).at_most_of_one_address(2);
        let enter = |text: &str| connections.enter(text.parse().expect("it is one"));
        let first = enter("2001:db8::1").expect("there is room");
        let _second = enter("2001:db8::2").expect("there is room");
        assert!(enter("2001:db8::3").is_none());
        assert!(enter("2001:db8:0:1::3").is_some(), "another network");
        drop(first);
        assert!(enter("2001:db8::3").is_some());
    }
}
