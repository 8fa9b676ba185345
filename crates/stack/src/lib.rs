//! SAM and CloudFormation templates as plain data.
//!
//! [`load`] reads a template, the templates that it nests, and the `samconfig.toml` beside it, resolves
//! parameters, globals and references, and hands out a [`Stack`]: functions, APIs with their routes,
//! schedules, tables, layers, outputs, and a [`Warning`] for every part of the template that does
//! nothing here. Values of the parameter store and of secrets come from outside ([`References`]). It
//! starts nothing and never looks at code: `function-host` and `cli` check whether a function's code exists, and
//! whether its runtime can be started.
//!
//! A template is untrusted: its size, nesting and expansion are bounded ([`limits`]), and its problems
//! are reported with line and column, many in one run ([`LoadStackError`], [`Problem`]).

mod access;
mod api;
mod function;
mod stack;
mod state_machine;
mod stored_schedule;

mod cloud_assembly;
mod construct;
mod error;
pub mod limits;
mod load;
mod nearby;
mod nested;
mod options;
mod references;
mod resource;
mod samconfig;
mod serverless_package;
mod template;

#[cfg(test)]
mod tests;

pub use ::schedule::{Cron, CronDays, CronError, ScheduleExpression};
pub use access::{
    Access, ApiKeyResource, ApiKeySource, Authorizer, AuthorizerEvent, AuthorizerKind,
    RequestChecks, RequestPart,
};
pub use api::{
    AwsIntegration, Cors, HttpApiResource, Integration, IntegrationResponse, Passthrough,
    RestApiResource, RestCors, Route, RouteKey, RouteMethod, StatesIntegration,
};
pub use cloud_assembly::stack_names;
pub use error::{InvalidTemplate, LoadStackError, Problem, Warning};
pub use function::{
    Architecture, DurableConfig, EventInvokeResource, FunctionResource, FunctionUrlResource,
    ImageBuild, LogFormat, LoggingConfig, S3Object, Tracing,
};
pub use load::{load, missing_parameters};
pub use options::{LoadOptions, OtherServices};
pub use references::References;
pub use resource::invocations_per_process_default;
pub use serverless_package::FOLDER as SERVERLESS_FOLDER;
pub use stack::{
    ActivityResource, CompanionResource, EventSourceResource, LayerResource, Output,
    ScheduleResource, ScheduleService, Stack, TableResource, TimeToLive, replace_whole,
};
pub use state_machine::{DefinitionSource, MachineResource};
pub use template::{MissingParameter, Text as TemplateText};
