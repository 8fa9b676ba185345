//! The framing of `application/vnd.amazon.eventstream`: length-prefixed messages with two checksums.
//!
//! Source: Smithy's specification "Amazon Event Stream", read 2026-11. Only the events that this service sends: all
//! their headers are texts.

/// Media type of such a body.
pub(super) const MEDIA_TYPE: &str = "application/vnd.amazon.eventstream";

/// Lengths and checksum before the headers, and the checksum after the payload, in bytes.
const PRELUDE_BYTES: usize = 12;
const CHECKSUM_BYTES: usize = 4;

/// Type of a header value: a text with a length of two bytes.
const TEXT: u8 = 7;

/// Appends one event.
pub(super) fn write_event(
    event_type: &str,
    content_type: &str,
    payload: &[u8],
    message: &mut Vec<u8>,
) {
    let mut headers = Vec::new();
    for (name, value) in [
        (":event-type", event_type),
        (":content-type", content_type),
        (":message-type", "event"),
    ] {
        headers.push(u8::try_from(name.len()).expect("the names above are short"));
        headers.extend_from_slice(name.as_bytes());
        headers.push(TEXT);
        let length = u16::try_from(value.len()).expect("the values above are short");
        headers.extend_from_slice(&length.to_be_bytes());
        headers.extend_from_slice(value.as_bytes());
    }
    let total = PRELUDE_BYTES + headers.len() + payload.len() + CHECKSUM_BYTES;
    let start = message.len();
    message.reserve(total);
    message.extend_from_slice(&length(total));
    message.extend_from_slice(&length(headers.len()));
    let prelude = crc32fast::hash(&message[start..]);
    message.extend_from_slice(&prelude.to_be_bytes());
    message.extend_from_slice(&headers);
    message.extend_from_slice(payload);
    let whole = crc32fast::hash(&message[start..]);
    message.extend_from_slice(&whole.to_be_bytes());
}

fn length(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes)
        .expect("a payload is a chunk of a few megabytes at the most")
        .to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_its_lengths_and_checksums() {
        let mut bytes = Vec::new();
        write_event("PayloadChunk", "text/plain", b"hello", &mut bytes);
        let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
        assert_eq!(number(0) as usize, bytes.len());
        let headers = number(4) as usize;
        assert_eq!(number(8), crc32fast::hash(&bytes[..8]));
        assert_eq!(&bytes[12..25], b"\x0b:event-type\x07");
        assert_eq!(&bytes[25..39], b"\0\x0cPayloadChunk");
        assert_eq!(&bytes[12 + headers..bytes.len() - 4], b"hello");
        let last = bytes.len() - 4;
        assert_eq!(number(last), crc32fast::hash(&bytes[..last]));
    }
}
