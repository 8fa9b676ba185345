//! From the properties of each kind of resource to plain data.

mod code;
mod environment;
mod event;
mod function;
mod function_url;
mod gateway_http;
mod gateway_rest;
mod http_api;
mod lambda_function;
mod layer;
mod output;
mod rest_api;
mod route;
mod schedule;
mod simple_table;
mod table;
mod table_index;
mod unsupported;

pub(crate) use code::Assets;
pub(crate) use event::Events;
pub(crate) use function::function;
pub(crate) use function_url::function_url;
pub(crate) use gateway_http::gateway_http;
pub(crate) use gateway_rest::gateway_rest;
pub(crate) use http_api::http_api;
pub(crate) use lambda_function::{check_part, lambda_function};
pub(crate) use layer::check_layer;
pub(crate) use output::outputs;
pub(crate) use rest_api::rest_api;
pub(crate) use simple_table::simple_table;
pub(crate) use table::table;
pub(crate) use unsupported::unsupported;
