//! A template on its way to a server: [`bundle`] reads and builds it, [`text`] says what would change and what is there.

mod bundle;
mod text;

pub use bundle::{Bundle, bundle, upload};
pub use text::{confirm, say_plan, say_removal, show_plan, show_stack};
