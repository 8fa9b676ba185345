//! The memory allocator, and when it returns freed memory.

/// An allocation of at least this many bytes is returned to the operating system as soon as it is freed. Payloads of
/// steps are of this size, also when SQLite copies them; otherwise the memory of an execution of 100 MB would stay with
/// the process.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const RETURNED_FROM_BYTES: i32 = 128 * 1024;

/// Makes the C library return large allocations to the operating system when they are freed. By default it raises its
/// threshold with each large allocation that is freed, and then keeps them between smaller ones.
///
/// Call it once, at the start of a program. In a program with its own allocator it affects SQLite's memory only.
/// Without effect on other systems and C libraries.
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
