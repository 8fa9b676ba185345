//! X-Ray trace headers: `Root=1-<seconds>-<96 bits>;Parent=<64 bits>;Sampled=<0|1>`.

use model::Timestamp;

/// Longest header that is taken over, in bytes: four times what X-Ray itself writes.
const BYTES_MAX: usize = 512;

/// Whether a caller's text names a trace, and fits a header. Any other text is ignored.
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

/// The value of one of a header's fields.
pub fn field<'h>(header: &'h str, name: &str) -> Option<&'h str> {
    header.split(';').find_map(|part| {
        let (key, value) = part.split_once('=')?;
        (key.trim() == name).then(|| value.trim())
    })
}

/// The header for a function that is invoked within the trace of another header: the same trace, with this span as the
/// parent of the function's own spans.
pub fn below(header: &str, span: [u8; 8]) -> String {
    let parent = format!("Parent={:016x}", u64::from_be_bytes(span));
    let mut parts: Vec<&str> = header.split(';').filter(|part| !part.is_empty()).collect();
    match parts
        .iter_mut()
        .find(|part| part.trim().starts_with("Parent="))
    {
        Some(part) => *part = &parent,
        None => parts.push(&parent),
    }
    parts.join(";")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_replaces_the_parent_and_nothing_else() {
        let span = [0, 0, 0, 0, 0, 0, 1, 255];
        for (header, expected) in [
            (
                "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
                "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=00000000000001ff;Sampled=1",
            ),
            (
                "Root=1-a-b; Parent=c;Sampled=0;Lineage=1:d:0",
                "Root=1-a-b;Parent=00000000000001ff;Sampled=0;Lineage=1:d:0",
            ),
            ("Root=1-a-b;", "Root=1-a-b;Parent=00000000000001ff"),
        ] {
            assert_eq!(below(header, span), expected);
            let written = below(header, span);
            assert_eq!(field(&written, "Parent"), Some("00000000000001ff"));
            assert_eq!(field(&written, "Root"), field(header, "Root"));
        }
        assert_eq!(field("Root=1-a-b;Sampled", "Sampled"), None);
    }
}
