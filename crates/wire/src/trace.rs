//! X-Ray trace headers: `Root=1-<seconds>-<96 bits>;Parent=<64 bits>;Sampled=<0|1>`.

use model::Timestamp;

/// Longest header that is taken over, in bytes: four times what X-Ray itself writes.
const BYTES_MAX: usize = 512;

/// Whether a caller's text says which trace it belongs to, and fits a header. Any other is as good as none.
pub fn is_header(text: &str) -> bool {
    text.len() <= BYTES_MAX && text.contains("Root=") && !text.contains(|it: char| it.is_control())
}

/// The header that an invocation carries: the caller's, completed, or a new one. A new trace is
/// sampled when the function asks for it (`Tracing: Active`).
pub fn header(given: Option<&str>, sampled: bool, now: Timestamp) -> String {
    let given = given.filter(|text| is_header(text));
    match given {
        Some(text) if text.contains("Sampled=") && text.contains("Parent=") => text.to_owned(),
        Some(text) => {
            let mut text = text.trim_end_matches(';').to_owned();
            if !text.contains("Parent=") {
                text.push_str(&format!(";Parent={:016x}", fastrand::u64(..)));
            }
            if !text.contains("Sampled=") {
                text.push_str(if sampled { ";Sampled=1" } else { ";Sampled=0" });
            }
            text
        }
        None => {
            let seconds = u32::try_from(now.as_millis() / 1000).unwrap_or(0);
            let random = fastrand::u128(..) & ((1 << 96) - 1);
            let parent = fastrand::u64(..);
            let sampled = u8::from(sampled);
            format!("Root=1-{seconds:08x}-{random:024x};Parent={parent:016x};Sampled={sampled}")
        }
    }
}
