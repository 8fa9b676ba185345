//! The types of resources, and how all resources of a template, and its outputs, are read into the stack.

use std::collections::HashSet;

use crate::limits::OUTPUTS_MAX;
use crate::template::{
    Entry, Fields, Properties, Resolver, Role, Type, at_most, properties, shorten,
};
use crate::{Output, Stack};

use super::code::Assets;
use super::reading::{Reader, Reading};
use super::unsupported::meaning_of;
use super::{
    activity, api_key, authorizer, companion, event_invoke, event_rule, event_source, function,
    function_url, gateway_http, gateway_rest, http_api, lambda_function, layer, nested,
    request_check, rest_api, route, schedule, state_machine, stored_value, table,
};

/// The types of resources that do something here, each with the function that adds one to the stack.
static TYPES: [(&Type, Reader); 47] = [
    (&function::TYPE, function::read),
    (&http_api::TYPE, http_api::read),
    (&table::TYPE, table::read),
    (&table::GLOBAL_TYPE, table::read_global),
    (&rest_api::TYPE, rest_api::read),
    (&table::SIMPLE_TYPE, table::read_simple),
    (&layer::TYPE, layer::read),
    (&lambda_function::TYPE, lambda_function::read),
    (&layer::LAMBDA_TYPE, layer::read),
    (&lambda_function::VERSION, lambda_function::read_version),
    (&lambda_function::ALIAS, lambda_function::read_alias),
    (&function_url::TYPE, function_url::read),
    (&gateway_http::TYPE, gateway_http::read),
    (&gateway_http::ROUTE, only_checked),
    (&gateway_http::INTEGRATION, only_checked),
    (&gateway_http::STAGE, only_checked),
    (&gateway_http::DEPLOYMENT, only_checked),
    (&gateway_rest::TYPE, gateway_rest::read),
    (&gateway_rest::RESOURCE, only_checked),
    (&gateway_rest::METHOD, only_checked),
    (&gateway_rest::STAGE, only_checked),
    (&gateway_rest::DEPLOYMENT, only_checked),
    (&authorizer::REST, only_checked),
    (&authorizer::HTTP, only_checked),
    (&request_check::VALIDATOR, only_checked),
    (&request_check::MODEL, only_checked),
    (&api_key::KEY, api_key::read),
    (&api_key::PLAN, api_key::read_plan),
    (&api_key::PLAN_KEY, only_checked),
    (&event_rule::RULE, event_rule::read_rule),
    (&event_rule::SCHEDULE, event_rule::read_schedule),
    (&event_invoke::TYPE, event_invoke::check),
    (&nested::APPLICATION, only_checked),
    (&nested::STACK, only_checked),
    (&event_source::TYPE, event_source::read_mapping),
    (&companion::QUEUE, companion::read_queue),
    (&companion::QUEUE_POLICY, companion::read_queue_policy),
    (&companion::TOPIC, companion::read_topic),
    (&companion::TOPIC_POLICY, only_checked),
    (&companion::SUBSCRIPTION, companion::read_subscription),
    (&companion::BUCKET, companion::read_bucket),
    (&companion::BUCKET_POLICY, only_checked),
    (&state_machine::TYPE, state_machine::read_serverless),
    (
        &state_machine::STEP_FUNCTIONS,
        state_machine::read_step_functions,
    ),
    (&activity::TYPE, activity::read),
    (&stored_value::PARAMETER_TYPE, stored_value::read_parameter),
    (&stored_value::SECRET_TYPE, stored_value::read_secret),
];

/// The types that SAM makes of `FunctionUrlConfig` and of events, each with its reader. The properties of SAM's other
/// resources are never read.
static MADE: [(&Type, Reader); 7] = [
    (&function_url::MADE, function_url::read),
    (&route::HTTP_EVENT, route::read_http_event),
    (&route::REST_EVENT, route::read_rest_event),
    (&route::MACHINE_EVENT, route::read_machine_event),
    (&schedule::RULE_EVENT, schedule::read_rule_event),
    (&schedule::SCHEDULER_EVENT, schedule::read_scheduler_event),
    (&event_source::EVENT, event_source::read_event),
];

/// Leaves it at the check of the properties: the resource is read with another one, or does nothing.
fn only_checked(_: &Fields<'_>, _: &mut Reading<'_>) {}

/// The types that a template may use.
pub(crate) fn types() -> Vec<&'static Type> {
    TYPES.iter().map(|(kind, _)| *kind).collect()
}

/// The function that adds a resource of a type to the stack. Two types of events share a name, so the name cannot be
/// the key.
fn reader(kind: &Type) -> Option<Reader> {
    let mut known = TYPES.iter().chain(&MADE);
    let (_, reader) = known.find(|(known, _)| std::ptr::eq(*known, kind))?;
    Some(*reader)
}

/// Reads all resources, each after the one that it is made of; events before the APIs that get their routes.
pub(crate) fn read_all(resolver: &Resolver<'_>, assets: &Assets, stack: Stack) -> Stack {
    let mut reading = Reading::new(assets, stack, resolver.take_nested());
    let mut order: Vec<usize> = (0..resolver.resources.len()).collect();
    order.sort_by_key(|index| {
        let resource = &resolver.resources[*index];
        let is_event = matches!(resource.kind.role, Role::Event(_));
        (
            !is_event,
            resource.made.as_ref().map_or(*index, |made| made.of),
        )
    });
    for index in order {
        add(&mut reading, resolver, index);
    }
    check_unique(&reading, resolver);
    let Reading {
        mut stack, nested, ..
    } = reading;
    stack.absorb(nested);
    stack
}

fn add(reading: &mut Reading<'_>, resolver: &Resolver<'_>, index: usize) {
    let resource = &resolver.resources[index];
    if resource.kind.role == Role::Unsupported {
        Fields::of(resolver, index).warn_of_all(meaning_of(&resource.resource_type));
    } else if let Some(read) = reader(resource.kind)
        && let Some(fields) = Fields::checked(resolver, index)
    {
        read(&fields, reading);
    }
}

/// Reports logical ids and names of nested templates that occur elsewhere too.
fn check_unique(reading: &Reading<'_>, resolver: &Resolver<'_>) {
    let functions = |stack: &'_ Stack| {
        let functions = stack.functions.iter();
        let functions = functions.map(|it| (it.logical_id.clone(), it.name.clone()));
        functions.collect::<Vec<_>>()
    };
    let tables = |stack: &'_ Stack| {
        let tables = stack.tables.iter();
        let tables = tables.map(|it| (it.logical_id.clone(), it.name.clone()));
        tables.collect::<Vec<_>>()
    };
    let kinds = [
        (
            "function",
            functions(&reading.stack),
            functions(&reading.nested),
        ),
        ("table", tables(&reading.stack), tables(&reading.nested)),
    ];
    for (what, own, nested) in kinds {
        let mut ids: HashSet<String> = own.iter().map(|(id, _)| id.clone()).collect();
        let mut names: HashSet<String> = own.into_iter().map(|(_, name)| name).collect();
        for (id, name) in nested {
            let is_new = ids.insert(id.clone()) & names.insert(name.clone());
            if !is_new {
                let id = shorten(&id);
                let message =
                    format!("{what} `{id}` of a nested template is called like another one");
                let label = format!("its name is `{}`", shorten(&name));
                let help = "let a parameter of the nested template make its name";
                let span = resolver.nesting(&id);
                resolver.report.problem(span, message, label, help);
            }
        }
    }
}

const OUTPUT: Properties = properties! {
    used: Description, Condition;
    required: Value = "say what the output is";
    ignored: "other stacks cannot import it here" => Export;
};

/// Reads `Outputs`.
pub(crate) fn outputs(resolver: &Resolver<'_>, entries: &[Entry]) -> Vec<Output> {
    let output = |entry| {
        let fields = Fields::of_entry(resolver, "output", entry, OUTPUT)?;
        Some(Output {
            name: entry.key.to_string(),
            description: fields.text("Description"),
            value: fields.text("Value")?,
        })
    };
    let entries = at_most(OUTPUTS_MAX, entries, "outputs", resolver.report);
    entries.iter().filter_map(output).collect()
}

#[cfg(test)]
mod tests {
    use super::super::events::{DELIVERED, STARTING};
    use super::reader;

    #[test]
    fn every_event_is_read() {
        for kind in DELIVERED.iter().chain(&STARTING) {
            assert!(reader(kind).is_some(), "nobody reads `{}`", kind.name);
        }
    }
}
