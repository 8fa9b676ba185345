//! The template as text, as a tree, and as a set of named things that refer to each other.

mod node;
mod parse;
mod reference;
mod report;
mod substitution;
mod suggestion;
mod text;

mod call;
mod condition;
mod declared;
mod dependency;
mod document;
mod expand;
mod fields;
mod globals;
mod kind;
mod list_call;
mod mapping;
mod parameter;
mod part;
mod pseudo;
mod resolve;
mod target;

pub(crate) use declared::{
    Declared, IMPLICIT_HTTP_API, IMPLICIT_REST_API, api_id, physical_name, url_id,
};
pub(crate) use document::{Document, Resource, section};
pub(crate) use expand::expand;
pub(crate) use fields::{Fields, Known, ignored, used};
pub(crate) use kind::Kind;
pub(crate) use node::{Entry, Function, Node, NodeValue};
pub(crate) use parameter::parameters;
pub(crate) use parse::parse;
pub(crate) use pseudo::Pseudo;
pub(crate) use report::{Report, Reported};
pub(crate) use resolve::{Place, Resolver};
pub(crate) use text::Span;
pub use text::Text;
