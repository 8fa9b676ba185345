//! State machines that APIs and schedules start.
//!
//! Source: AWS SAM developer guide, `AWS::Serverless::StateMachine`, and API Gateway developer guide, "Integration
//! subtype reference", read 2026-11-29.

use std::collections::BTreeMap;

use crate::template::{Fields, Node, Resolver};
use crate::{
    Access, AwsIntegration, Integration, IntegrationResponse, Passthrough, RequestChecks, Route,
    RouteKey, StatesIntegration,
};

use super::api_kind::REST_API_TIMEOUT;

/// The alias of every state machine here, which follows its newest revision.
pub(super) const ALIAS: &str = "live";

/// Integration subtypes of HTTP APIs for Step Functions begin with this.
const SUBTYPE: &str = "StepFunctions-";
/// Operations that an API may call.
const ACTIONS: [&str; 5] = [
    "StartExecution",
    "StartSyncExecution",
    "StopExecution",
    "DescribeExecution",
    "GetExecutionHistory",
];

/// The name of a resource, if it is a state machine.
pub(super) fn machine_name(resolver: &Resolver<'_>, index: usize) -> Option<String> {
    let kind = resolver.resources.get(index)?.kind.name;
    let is_machine = [
        "AWS::Serverless::StateMachine",
        "AWS::StepFunctions::StateMachine",
    ];
    if !is_machine.contains(&kind) {
        return None;
    }
    resolver.name(index).ok()
}

/// The alias that events of a function or a state machine invoke.
pub(super) fn started(resolver: &Resolver<'_>, index: usize) -> Option<String> {
    match machine_name(resolver, index) {
        Some(_) => Some(ALIAS.to_owned()),
        None => resolver.published_alias(index),
    }
}

/// The integration that SAM makes of an `Api` event: the body of the request is the input.
pub(super) fn starting(arn: &str) -> StatesIntegration {
    // A single quotation mark is escaped in JavaScript, and must not be in JSON.
    let template = format!(
        r#"{{"input": "$util.escapeJavaScript($input.json('$')).replaceAll("\'","'")", "stateMachineArn": "{arn}"}}"#
    );
    let response = |status: u16| IntegrationResponse {
        selection: Some(status.to_string()),
        status,
        ..IntegrationResponse::default()
    };
    StatesIntegration {
        action: String::from("StartExecution"),
        templates: Some(AwsIntegration {
            request_templates: BTreeMap::from([(String::from("application/json"), template)]),
            passthrough: Passthrough::WhenNoTemplates,
            responses: vec![response(200), response(400)],
            ..AwsIntegration::default()
        }),
        parameters: BTreeMap::new(),
    }
}

/// The operation in the URI of a REST API's integration: `arn:aws:apigateway:REGION:states:action/StartExecution`.
fn action(uri: &str) -> Option<&'static str> {
    let (_, action) = uri.split_once(":states:action/")?;
    ACTIONS.into_iter().find(|known| *known == action)
}

/// The operation of a subtype of an HTTP API's integration.
pub(super) fn subtype(text: &str) -> Option<&'static str> {
    let action = text.strip_prefix(SUBTYPE)?;
    ACTIONS.into_iter().find(|known| *known == action)
}

/// The logical id of the state machine that one of these texts mentions by its ARN.
pub(super) fn mentioned<'t>(
    fields: &Fields<'_>,
    texts: impl IntoIterator<Item = &'t String>,
) -> Option<String> {
    let resolver = fields.resolver;
    let texts: Vec<&String> = texts.into_iter().collect();
    let is_named = |name: &str| {
        let arn = resolver.pseudo.state_machine_arn(name);
        let ends = |rest: &str| {
            !rest.starts_with(|it: char| it.is_ascii_alphanumeric() || "-_".contains(it))
        };
        texts.iter().any(|text| {
            text.match_indices(&arn)
                .any(|(at, _)| ends(&text[at + arn.len()..]))
        })
    };
    let mut machines = (0..resolver.resources.len())
        .filter_map(|index| Some((index, machine_name(resolver, index)?)));
    let (index, _) = machines.find(|(_, name)| is_named(name))?;
    Some(resolver.shown_id(index).to_owned())
}

/// A call of Step Functions for a machine of this template that its templates name by ARN. The caller fills in key,
/// event and timeout.
pub(super) fn states_call(
    integration: &Fields<'_>,
    property: &str,
    uri: &Node,
    templated: impl FnOnce() -> AwsIntegration,
) -> Option<Route> {
    // Not evaluated until the action is known: a URI may be anything.
    let action = action(&integration.text_of(property, uri)?)?;
    let templates = templated();
    let function = mentioned(integration, templates.request_templates.values())?;
    Some(Route {
        key: RouteKey::Default,
        function,
        qualifier: Some(ALIAS.to_owned()),
        event: String::new(),
        timeout: REST_API_TIMEOUT,
        integration: Integration::States(Box::new(StatesIntegration {
            action: action.to_owned(),
            templates: Some(templates),
            parameters: BTreeMap::new(),
        })),
        access: Access::default(),
        checks: RequestChecks::default(),
    })
}
