//! The template as text, as a tree, and as a set of named things that refer to each other.

mod report;
mod text;
mod words;

mod function;
mod keys;
mod node;
mod parse;
mod reference;
mod substitution;

mod document;
mod globals;
mod parameter;
mod pseudo;
mod resource;
mod schema;

mod condition;
mod expand;
mod mapping;

mod dependency;
mod evaluate;
mod names;
mod part;
mod resolve;
mod yields;

mod fields;

pub(crate) use document::{Document, section};
pub(crate) use expand::expand;
pub(crate) use fields::Fields;
pub(crate) use function::Function;
pub(crate) use node::{Entry, Node, NodeValue};
pub(crate) use parameter::parameters;
pub(crate) use parse::parse;
pub(crate) use pseudo::Pseudo;
pub(crate) use report::{Report, Reported};
pub(crate) use resolve::{Place, Resolver};
pub(crate) use resource::Resource;
pub(crate) use schema::{
    EventApi, Made, Named, Properties, Property, Role, Rule, Shared, Type, Types, Yields,
    properties,
};
pub(crate) use text::Span;
pub use text::Text;
