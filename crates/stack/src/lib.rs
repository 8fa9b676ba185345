//! SAM and CloudFormation templates as plain data.
//!
//! [`load`] reads a template and the `samconfig.toml` beside it, resolves parameters, globals and
//! references, and hands out a [`Stack`]: functions, APIs with their routes, schedules, tables,
//! outputs, and a [`Warning`] for every part of the template that does nothing here. It starts nothing and
//! looks at no code: whether a function's code exists, and whether its runtime can be started, is
//! for `function-host` and `cli` to find out.
//!
//! A template is untrusted: its size, nesting and expansion are bounded ([`limits`]), and whatever
//! is wrong with it is reported with line and column, many problems in one run
//! ([`LoadStackError`], [`Problem`]).

mod cron;
mod function;
mod function_url;
mod http_api;
mod rest_api;
mod schedule;
mod stack;
mod table;
mod warning;

mod cloud_assembly;
mod error;
pub mod limits;
mod load;

mod resource;
mod samconfig;
mod template;

#[cfg(test)]
mod tests;

pub use cron::{Cron, CronDays, CronError};
pub use error::{InvalidTemplate, LoadStackError, Problem};
pub use function::{
    Architecture, DurableConfig, FunctionResource, Layer, LogFormat, LoggingConfig, Tracing,
};
pub use function_url::FunctionUrlResource;
pub use http_api::{Cors, HttpApiResource, Route, RouteKey, RouteMethod};
pub use load::{LoadOptions, load};
pub use rest_api::{RestApiResource, RestCors};
pub use schedule::{ScheduleExpression, ScheduleResource, ScheduleService};
pub use stack::{Output, Stack};
pub use table::{TableResource, TimeToLive};
pub use template::Text as TemplateText;
pub use warning::Warning;
