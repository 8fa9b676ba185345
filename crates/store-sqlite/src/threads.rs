//! The threads of a store: started with a name, and waited for.

use std::io::Write as _;
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

/// The exit status of a process that cannot go on because of its own fault: `EX_SOFTWARE`.
const CANNOT_GO_ON: i32 = 70;

/// Ends the process at once. A store that cannot write would answer faults for ever, and a supervisor would see a
/// process that lives; the next run takes up the work that this one had begun.
pub(crate) fn end_process(path: &Path, why: &str) -> ! {
    // Not through `tracing`, in which the fault may lie. In one piece, because other threads may be panicking as well;
    // and if this fails, it cannot be reported.
    let said = format!(
        "the thread that writes to `{}` has ended, and nothing can be written any more: {why}\n\
         the process ends; start it again, and it continues with what is stored\n",
        path.display()
    );
    let _ = std::io::stderr().write_all(said.as_bytes());
    std::process::exit(CANNOT_GO_ON)
}
