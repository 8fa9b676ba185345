//! The threads of a store: started with a name, and waited for.

use std::path::Path;
use std::thread::JoinHandle;

use crate::OpenStoreError;

/// Starts a thread of the store with this file.
pub(crate) fn start_thread(
    name: &str,
    path: &Path,
    run: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, OpenStoreError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(run)
        .map_err(|cause| OpenStoreError::File {
            path: path.to_owned(),
            cause,
        })
}

/// Waits until all of them have ended.
pub(crate) fn join_all(threads: &mut Vec<JoinHandle<()>>) {
    for thread in threads.drain(..) {
        if thread.join().is_err() {
            // Its panic was printed, and each of its callers got a fault.
            tracing::error!("a thread of the store had panicked");
        }
    }
}
