//! Deploys a template to a server: [`bundle`] reads and builds it, [`text`] prints plans and stacks.

mod bundle;
mod text;

pub use bundle::{Bundle, bundle, upload};
pub use text::{confirm, say_plan, say_removal, show_plan, show_stack};
