//! From the properties of each kind of resource to plain data.

mod environment;
mod event;
mod function;
mod http_api;
mod output;
mod table;
mod table_index;
mod unsupported;

pub(crate) use event::routes;
pub(crate) use function::function;
pub(crate) use http_api::http_api;
pub(crate) use output::outputs;
pub(crate) use table::table;
pub(crate) use unsupported::unsupported;
