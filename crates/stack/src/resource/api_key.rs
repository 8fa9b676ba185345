//! API keys, and the usage plans that list their REST APIs.
//!
//! Source of names: CloudFormation template reference, `AWS::ApiGateway::ApiKey`, `UsagePlan` and
//! `UsagePlanKey`, read 2026-11-28.

use crate::template::{
    Fields, Named, Node, Properties, Resolver, Resource, Type, properties, yields,
};
use crate::{ApiKeyResource, ApiKeySource};

use super::reading::Reading;
use super::unsupported::NO_THROTTLING;

pub(super) static KEY: Type = Type {
    properties: properties! {
        // The id of a non-distinct key is the key's name, which is never needed.
        used: CustomerId, Description, Enabled, GenerateDistinctId, Name, Value;
        ignored:
            "a usage plan says which APIs a key opens" => StageKeys;
            "tags are not kept" => Tags;
    },
    named: Named::By("Name", 1024),
    attributes: &[("APIKeyId", yields::placeholder)],
    ..Type::plain("AWS::ApiGateway::ApiKey")
};

pub(super) static PLAN: Type = Type {
    properties: properties! {
        used: ApiStages, Description, UsagePlanName;
        ignored:
            "requests are not counted" => Quota;
            NO_THROTTLING => Throttle;
            "tags are not kept" => Tags;
    },
    attributes: &[("Id", yields::placeholder)],
    ..Type::plain("AWS::ApiGateway::UsagePlan")
};

const STAGE: Properties = properties! {
    used: Stage;
    required: ApiId = "`!Ref` to a REST API";
    ignored: NO_THROTTLING => Throttle;
};

pub(super) static PLAN_KEY: Type = Type {
    properties: properties! {
        used: KeyType;
        required: KeyId = "`!Ref` to an API key", UsagePlanId = "`!Ref` to a usage plan";
    },
    attributes: &[("Id", yields::placeholder)],
    ..Type::plain("AWS::ApiGateway::UsagePlanKey")
};

/// The key that SAM makes for an API with a usage plan.
pub(super) static MADE_KEY: Type = Type {
    attributes: &[("APIKeyId", yields::placeholder)],
    ..Type::plain("")
};

/// The plan that SAM makes, and the resource that links it to its key.
pub(super) static MADE_PLAN: Type = Type {
    attributes: &[("Id", yields::placeholder)],
    ..Type::plain("")
};

/// Adds a key declared as its own resource, with the APIs that accept it.
pub(super) fn read(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    let value = fields.text("Value");
    let name = fields.resolver.name(fields.index()).unwrap_or_default();
    let must = "must be 20 to 128 letters, digits and marks";
    let is_fit =
        |it: &String| (20..=128).contains(&it.len()) && it.bytes().all(|it| it.is_ascii_graphic());
    if value.as_ref().is_some_and(|it| !is_fit(it)) {
        let help = "API Gateway refuses others; without `Value` one is made";
        fields.wrong("Value", must, "this value", help);
    }
    let id = fields.logical_id;
    let made = || fields.resolver.pseudo.api_key(id);
    let enabled = fields.boolean("Enabled");
    reading.stack.api_keys.push(ApiKeyResource {
        logical_id: id.to_owned(),
        name,
        value: value.unwrap_or_else(made),
        enabled: enabled.unwrap_or(true),
        apis: opened(fields.resolver, fields.index()),
    });
}

/// Checks a plan; its APIs are read with its keys.
pub(super) fn read_plan(fields: &Fields<'_>, _: &mut Reading<'_>) {
    for stage in fields.mappings("ApiStages", STAGE) {
        stage.text("Stage");
    }
}

/// The logical ids of the APIs that accept a key.
fn opened(resolver: &Resolver<'_>, key: usize) -> Vec<String> {
    let of = |kind: &'static Type| {
        let all = resolver.resources.iter().enumerate();
        all.filter(move |(_, it)| it.kind.name == kind.name)
    };
    let means = |resource: &Resource, property: &str, index: usize| {
        let node = resource.property(property);
        node.and_then(|node| resolver.mentioned(node)) == Some(index)
    };
    let mut apis = Vec::new();
    for (index, plan) in of(&PLAN) {
        let is_in = |(_, it): (usize, &Resource)| {
            means(it, "KeyId", key) && means(it, "UsagePlanId", index)
        };
        if !of(&PLAN_KEY).any(is_in) {
            continue;
        }
        let stages = plan.property("ApiStages").and_then(Node::items);
        for stage in stages.unwrap_or_default() {
            let api = stage.get("ApiId").and_then(|it| resolver.mentioned(it));
            apis.extend(api.map(|api| resolver.shown_id(api).to_owned()));
        }
    }
    apis.sort();
    apis.dedup();
    apis
}

/// `ApiKeySourceType`.
pub(super) fn source(fields: &Fields<'_>) -> ApiKeySource {
    let known = [
        ("HEADER", ApiKeySource::Header),
        ("AUTHORIZER", ApiKeySource::Authorizer),
    ];
    fields
        .choice("ApiKeySourceType", &known)
        .unwrap_or_default()
}
