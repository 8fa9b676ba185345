//! From the properties of each type of resource to plain data.
//!
//! A type is a `static` description: its properties and what becomes of each, its name, what
//! references to it yield, what SAM makes of it, and the function that adds it to the stack. It has
//! a line in [`TYPES`](reading::TYPES). Where a problem is in the way of a value, a default stands
//! in: nothing comes of a template with problems.

mod reading;
mod unsupported;

mod code;
mod function;
mod function_url;
mod lambda_function;
mod layer;

mod events;
mod gateway_http;
mod gateway_rest;
mod http_api;
mod rest_api;
mod route;
mod schedule;

mod table;

pub(crate) use code::Assets;
pub(crate) use reading::{Reading, TYPES, is_word, outputs};
