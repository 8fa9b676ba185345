//! What stores with tables have in common: the words and the columns that they keep our types in. The SQL is theirs.

mod code;
mod event;

pub use code::{Code, UnknownCode, unknown, version_text};
pub use event::{EventColumns, ReadEventColumns, payload_source};
