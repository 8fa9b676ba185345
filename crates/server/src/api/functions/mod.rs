//! Functions, their versions, aliases and settings.

mod alias;
mod capacity;
mod change;
mod drain;
mod event_invoke;
mod event_source;
mod function;
mod input;
mod members;
mod setting;
mod tags;

pub(super) mod route;

pub(crate) use drain::Draining;
