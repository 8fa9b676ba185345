//! The template as text, as a tree, and as a set of named things that refer to each other.

mod keys;
mod place;
mod report;
mod text;

pub(crate) mod function;
mod node;
mod parse;

mod document;
mod globals;
mod include;
mod parameter;
mod pseudo;
mod resource;
mod schema;
mod section;

mod condition;
mod dependency;
mod dynamic;
mod evaluate;
mod fields;
mod generated;
mod loops;
mod names;
mod resolve;
mod resolver;
pub(crate) mod yields;

pub(crate) use condition::expand;
pub(crate) use document::Document;
pub(crate) use dynamic::{PARAMETER, SECRET};
pub(crate) use fields::Fields;
pub(crate) use function::Function;
pub(crate) use include::include;
pub(crate) use keys::names;
pub(crate) use node::{Entry, Node, NodeValue};
pub use parameter::MissingParameter;
pub(crate) use parameter::{Givers, Parameters, missing, parameters};
pub(crate) use parse::parse;
pub(crate) use place::Place;
pub(crate) use pseudo::Pseudo;
pub(crate) use report::{Report, Reported, did_you_mean, shorten};
pub(crate) use resolve::{Given, resolve};
pub(crate) use resolver::Resolver;
pub(crate) use resource::{Resource, Type, Types};
pub(crate) use schema::{
    EventApi, Named, OtherAttributes, Properties, Property, Role, Rule, Shared, properties,
};
pub(crate) use section::{at_most, section};
pub(crate) use text::Span;
pub use text::Text;
pub(crate) use yields::{Lookup, Yields};
