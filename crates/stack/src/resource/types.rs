//! The types of resources that do something here: for each its description, and the function that
//! adds what it describes to the stack.

use crate::Stack;
use crate::template::{Fields, Resolver, Role, Type};

use super::code::Assets;
use super::events::Events;
use super::reading::Reading;
use super::unsupported::meaning_of;
use super::{
    function, function_url, gateway_http, gateway_rest, http_api, lambda_function, layer, rest_api,
    simple_table, table,
};

/// Adds a resource, whose fields and index these are, to the stack.
type Reader = fn(&Fields<'_>, usize, &mut Reading<'_>);

static READERS: [(&Type, Reader); 14] = [
    (&function::TYPE, function::read),
    (&http_api::TYPE, http_api::read),
    (&table::TYPE, table::read),
    (&table::GLOBAL_TYPE, table::read_global),
    (&rest_api::TYPE, rest_api::read),
    (&simple_table::TYPE, simple_table::read),
    (&layer::TYPE, layer::read),
    (&lambda_function::TYPE, lambda_function::read),
    (&layer::LAMBDA_TYPE, layer::read),
    (&lambda_function::VERSION, lambda_function::read_version),
    (&lambda_function::ALIAS, lambda_function::read_alias),
    (&function_url::TYPE, function_url::read),
    (&gateway_http::TYPE, gateway_http::read),
    (&gateway_rest::TYPE, gateway_rest::read),
];

/// What is read with the API that it belongs to.
static PARTS: [&Type; 8] = [
    &gateway_http::ROUTE,
    &gateway_http::INTEGRATION,
    &gateway_http::STAGE,
    &gateway_http::DEPLOYMENT,
    &gateway_rest::RESOURCE,
    &gateway_rest::METHOD,
    &gateway_rest::STAGE,
    &gateway_rest::DEPLOYMENT,
];

/// Every type that does something here.
pub(crate) fn types() -> Vec<&'static Type> {
    let read = READERS.iter().map(|(kind, _)| *kind);
    read.chain(PARTS).collect()
}

/// Reads all resources into the stack.
pub(crate) fn read(resolver: &Resolver<'_>, assets: &Assets, stack: Stack) -> Stack {
    let events = Events::of(resolver);
    let mut reading = Reading {
        assets,
        routes: events.routes,
        stack,
    };
    reading.stack.schedules = events.schedules;
    for (index, resource) in resolver.resources.iter().enumerate() {
        let reader = READERS
            .iter()
            .find(|(kind, _)| std::ptr::eq(*kind, resource.kind));
        if let Some((_, read)) = reader {
            read(&Fields::checked(resolver, index), index, &mut reading);
        } else if resource.kind.role == Role::Unsupported {
            Fields::of(resolver, index).warn_of_all(meaning_of(resource.resource_type));
        }
    }
    reading.stack
}
