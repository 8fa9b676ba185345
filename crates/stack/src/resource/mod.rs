//! Converts the properties of each type of resource to plain data.
//!
//! A type is a `static` in its own file: the table of its properties, how its name is chosen, what
//! references to it return, and what SAM makes of it. Beside it stands the function that adds it to the
//! stack. To add a type, write both and add a line for them to [`types::TYPES`]; an event of functions has its
//! lines in [`types::MADE`] and in [`events`]. If a problem prevents a value, a default is used instead: a
//! template with problems is not used anyway.

mod reading;
mod types;
mod unsupported;

mod capacity;
mod code;
mod function;
mod function_url;
mod image;
mod lambda_function;
mod layer;
mod nested;
mod state_machine;
mod states_target;

mod activity;
mod api_key;
mod api_kind;
mod api_part;
mod authorizer;
mod companion;
mod event_invoke;
mod event_rule;
mod event_source;
mod events;
mod gateway_http;
mod gateway_rest;
mod http_api;
mod open_api;
mod open_api_security;
mod request_check;
mod rest_api;
mod route;
mod sam_auth;
mod schedule;
mod target;

mod stored_value;
mod table;

pub use capacity::invocations_per_process_default;
pub(crate) use code::Assets;
pub(crate) use nested::nested_path;
pub(crate) use reading::is_word;
pub(crate) use types::{outputs, read_all, types};
