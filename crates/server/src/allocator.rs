//! The memory allocator, and what it does with freed memory.

/// From this many bytes on, an allocation is given back to the operating system as soon as it is freed. Payloads
/// of steps are of this size, also where SQLite copies them; kept for the next one, what an execution of 100 MB leaves would stay with the
/// process.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const RETURNED_FROM_BYTES: i32 = 128 * 1024;

/// Has the C library return large allocations to the operating system when they are freed. By itself it raises
/// the size from which it does with each one that is freed, and then keeps them in between smaller ones.
///
/// To be called once, at the start of a program. In one with an allocator of its own it holds for SQLite's memory. Without
/// effect on other systems and C libraries.
pub fn return_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        #[expect(unsafe_code, reason = "the C library offers it as a function only")]
        // SAFETY: mallopt takes two numbers and locks what it changes.
        let taken = unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, RETURNED_FROM_BYTES) };
        if taken == 0 {
            tracing::debug!("the C library does not take a size from which memory is returned");
        }
    }
}
