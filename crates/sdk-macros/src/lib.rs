//! The attribute macros of the SDK. They are documented where they are re-exported: in the crate `lambdura`.
#![deny(missing_docs)]

use proc_macro::TokenStream;

mod durable_execution;
mod durable_step;
mod signature;

/// Marks the handler of a durable function: `async fn(event, DurableContext) -> Result<T, E>`.
///
/// The macro leaves the function unchanged; it checks the SDK's requirements, and its errors name the place and the
/// reason.
/// Pass it to `lambdura::run`.
#[proc_macro_attribute]
pub fn durable_execution(arguments: TokenStream, item: TokenStream) -> TokenStream {
    durable_execution::expand(arguments.into(), item.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Turns `async fn step(context: StepContext, arguments…) -> Result<T, E>` into a function `step(arguments…)` whose
/// call is a step with the function's name, for `ctx.step(step(arguments…)).await`.
///
/// Arguments must be `Clone`, because every attempt gets its own. `#[durable_step(name = "…")]` gives the operation
/// another name.
#[proc_macro_attribute]
pub fn durable_step(arguments: TokenStream, item: TokenStream) -> TokenStream {
    durable_step::expand(arguments.into(), item.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
