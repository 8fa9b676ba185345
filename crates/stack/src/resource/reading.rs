//! Reads all resources of a template, and its outputs, into the stack.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;

use crate::limits::OUTPUTS_MAX;
use crate::template::{
    Entry, Fields, Properties, Resolver, Role, Type, at_most, properties, shorten,
};
use crate::{Output, Route, RouteKey, Stack};

use super::unsupported::meaning_of;
use super::{
    Assets, activity, api_key, authorizer, companion, event_invoke, event_rule, event_source,
    function, function_url, gateway_http, gateway_rest, http_api, lambda_function, layer, nested,
    request_check, rest_api, state_machine, stored_value, table,
};

/// The types of resources that do something here.
pub(crate) static TYPES: [&Type; 47] = [
    &function::TYPE,
    &http_api::TYPE,
    &table::TYPE,
    &table::GLOBAL_TYPE,
    &rest_api::TYPE,
    &table::SIMPLE_TYPE,
    &layer::TYPE,
    &lambda_function::TYPE,
    &layer::LAMBDA_TYPE,
    &lambda_function::VERSION,
    &lambda_function::ALIAS,
    &function_url::TYPE,
    &gateway_http::TYPE,
    &gateway_http::ROUTE,
    &gateway_http::INTEGRATION,
    &gateway_http::STAGE,
    &gateway_http::DEPLOYMENT,
    &gateway_rest::TYPE,
    &gateway_rest::RESOURCE,
    &gateway_rest::METHOD,
    &gateway_rest::STAGE,
    &gateway_rest::DEPLOYMENT,
    &authorizer::REST,
    &authorizer::HTTP,
    &request_check::VALIDATOR,
    &request_check::MODEL,
    &api_key::KEY,
    &api_key::PLAN,
    &api_key::PLAN_KEY,
    &event_rule::RULE,
    &event_rule::SCHEDULE,
    &event_invoke::TYPE,
    &nested::APPLICATION,
    &nested::STACK,
    &event_source::TYPE,
    &companion::QUEUE,
    &companion::QUEUE_POLICY,
    &companion::TOPIC,
    &companion::TOPIC_POLICY,
    &companion::SUBSCRIPTION,
    &companion::BUCKET,
    &companion::BUCKET_POLICY,
    &state_machine::TYPE,
    &state_machine::STEP_FUNCTIONS,
    &activity::TYPE,
    &stored_value::PARAMETER_TYPE,
    &stored_value::SECRET_TYPE,
];

/// The stack as far as it is read, and what reading it needs besides the template.
pub(crate) struct Reading<'a> {
    pub assets: &'a Assets,
    pub stack: Stack,
    /// What nested templates have.
    pub nested: Stack,
    /// The routes of each API, by its index.
    routes: HashMap<usize, Vec<Route>>,
    keys: HashSet<(usize, RouteKey)>,
}

impl<'a> Reading<'a> {
    /// Reads all resources, each behind what it is made of; events before the APIs that take their
    /// routes.
    pub fn read(resolver: &Resolver<'_>, assets: &'a Assets, stack: Stack) -> Stack {
        let mut reading = Self {
            assets,
            stack,
            nested: resolver.take_nested(),
            routes: HashMap::new(),
            keys: HashSet::new(),
        };
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
            reading.add(resolver, index);
        }
        reading.check_unique(resolver);
        let Self {
            mut stack, nested, ..
        } = reading;
        stack.absorb(nested);
        stack
    }

    /// Reports logical ids and names that nested templates have in common with others.
    fn check_unique(&self, resolver: &Resolver<'_>) {
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
            ("function", functions(&self.stack), functions(&self.nested)),
            ("table", tables(&self.stack), tables(&self.nested)),
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

    fn add(&mut self, resolver: &Resolver<'_>, index: usize) {
        let resource = &resolver.resources[index];
        if resource.kind.role == Role::Unsupported {
            Fields::of(resolver, index).warn_of_all(meaning_of(&resource.resource_type));
        } else if let Some(read) = resource.kind.read
            && let Some(fields) = Fields::checked(resolver, index)
        {
            read(&fields, self);
        }
    }

    /// Adds a route that a resource gives to an API, unless the API has it already.
    pub fn add_route(&mut self, api: usize, part: &Fields<'_>, route: Route, help: &str) {
        if self.keys.insert((api, route.key.clone())) {
            self.routes.entry(api).or_default().push(route);
            return;
        }
        let id = &part.resolver.resources[api].logical_id;
        let message = format!("`{id}` has the route `{}` twice", route.key);
        part.problem(part.resource().id_span, &message, "the second time", help);
    }

    /// Whether an API has a route already.
    pub fn has_route(&self, api: usize, key: &RouteKey) -> bool {
        self.keys.contains(&(api, key.clone()))
    }

    /// The routes that have been added to an API.
    pub fn take_routes(&mut self, api: usize) -> Vec<Route> {
        self.routes.remove(&api).unwrap_or_default()
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

/// What names of functions, aliases and stages may hold besides letters and digits.
pub(super) const WORD_MARKS: &[u8] = b"-_";

/// Whether a name is of such a length, and of letters, digits and these marks.
pub(crate) fn is_word(name: &str, length: RangeInclusive<usize>, marks: &[u8]) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || marks.contains(&byte);
    length.contains(&name.len()) && name.bytes().all(allowed)
}

/// The resource's name. One that is given by this property and that AWS would refuse is reported.
pub(super) fn checked_name(
    fields: &Fields<'_>,
    property: &str,
    is_valid: impl Fn(&str) -> bool,
    must: &str,
) -> String {
    let Ok(name) = fields.resolver.name(fields.index()) else {
        return String::new();
    };
    if !is_valid(&name) {
        let help = "leave it out to have one made from stack and logical id";
        fields.wrong(property, must, "this name", help);
    }
    name
}
