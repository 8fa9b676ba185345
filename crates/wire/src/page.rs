//! Where an answer ends: at a number of items, and at a number of bytes as they are sent.
//!
//! Payloads are texts inside JSON: a text of nothing but quotes is twice as long when it is sent, one
//! of control characters six times. So what counts is the JSON of an item.

use std::io;

use serde::Serialize;

/// Bytes of the items of one answer, and of the operations in an invocation's event. Lambda's own
/// answers and events end at 6 MB, and the emulator's first page at this; clients that follow markers
/// get everything.
pub const PAGE_BYTES_MAX: usize = 5 * 1024 * 1024;

/// Marks the first page of the state, for an event that has room for none of it. No operation id can
/// be this.
pub const FIRST_PAGE: &str = "*";

/// Items that are sent together.
#[derive(Debug)]
pub struct Fitting<T> {
    pub items: Vec<T>,
    /// Whether no item was left out.
    pub is_whole: bool,
}

/// Takes items until their JSON would be longer than `bytes_max`. The first one is taken however long it is, because a
/// caller that asks for the rest has to get on.
pub fn fitting<T: Serialize>(items: impl IntoIterator<Item = T>, bytes_max: usize) -> Fitting<T> {
    let mut fitting = Fitting {
        items: Vec::new(),
        is_whole: true,
    };
    let mut bytes = 0;
    for item in items {
        bytes += json_bytes(&item) + 1;
        if bytes > bytes_max && !fitting.items.is_empty() {
            fitting.is_whole = false;
            break;
        }
        fitting.items.push(item);
    }
    fitting
}

/// Length of a value's JSON.
pub fn json_bytes(value: &impl Serialize) -> usize {
    let mut counted = Counted(0);
    serde_json::to_writer(&mut counted, value).expect("wire types are always JSON");
    counted.0
}

struct Counted(usize);

impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_count_as_they_are_sent() {
        assert_eq!(json_bytes(&"abc"), 5);
        assert_eq!(json_bytes(&"\"\"\""), 8);
        assert_eq!(json_bytes(&"\u{1}"), 8);
    }

    #[test]
    fn there_is_always_one_and_never_too_many() {
        let items = ["12345678", "12345678", "12345678"];
        for (bytes_max, taken) in [(0, 1), (21, 1), (22, 2), (32, 2), (33, 3)] {
            let fitting = fitting(items, bytes_max);
            assert_eq!(fitting.items.len(), taken, "with {bytes_max}");
            assert_eq!(fitting.is_whole, taken == 3);
        }
        assert!(fitting([""; 0], 0).is_whole);
    }
}
