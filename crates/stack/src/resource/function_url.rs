//! `FunctionUrlConfig` and `AWS::Lambda::Url`.
//!
//! Source of names: AWS SAM developer guide, `FunctionUrlConfig`, and CloudFormation template
//! reference, `AWS::Lambda::Url`, read 2026-11-23.

use std::time::Duration;

use crate::template::{Entry, Fields, Kind, Known, Resolver, url_id, used};
use crate::{Cors, FunctionUrlResource};

const CONFIG_PROPERTIES: [Known; 3] = [used("AuthType"), used("Cors"), used("InvokeMode")];

const PROPERTIES: [Known; 5] = [
    used("AuthType"),
    used("Cors"),
    used("InvokeMode"),
    used("Qualifier"),
    used("TargetFunctionArn"),
];

/// The URL of a function that has a `FunctionUrlConfig`, or the one that the resource is.
pub(crate) fn function_url(resolver: &Resolver<'_>, index: usize) -> Option<FunctionUrlResource> {
    let resource = &resolver.resources[index];
    let fields = Fields::of_resource(resolver, resource);
    let (logical_id, function, qualifier, fields) = if resource.kind == Kind::Url {
        fields.check_names(&PROPERTIES);
        let target = fields.required("TargetFunctionArn", "`!Ref` to the function")?;
        let Some(part) = resolver.part(index) else {
            no_function(&fields, "TargetFunctionArn", target);
            return None;
        };
        let id = resource.logical_id.to_owned();
        (id, part.function, part.alias.clone(), fields)
    } else {
        fields.entry("FunctionUrlConfig")?;
        let config = fields.mapping("FunctionUrlConfig", &CONFIG_PROPERTIES)?;
        let alias = resolver.published_alias(index).map(str::to_owned);
        (format!("{}Url", resource.logical_id), index, alias, config)
    };
    check(&fields);
    Some(FunctionUrlResource {
        url_id: url_id(&resolver.pseudo.stack_name, resource.logical_id),
        endpoint: resolver.url_endpoint(index),
        logical_id,
        function: resolver.resources[function].logical_id.to_owned(),
        qualifier,
        cors: cors(&fields),
    })
}

/// What names a function, and none of this template.
pub(super) fn no_function(fields: &Fields<'_>, property: &str, entry: &Entry) {
    fields.wrong(
        property,
        &entry.value,
        "must mean a function of this template",
        "not such a function",
        "write `!Ref` and the function's logical id",
    );
}

fn check(fields: &Fields<'_>) {
    fields.required("AuthType", "`NONE` or `AWS_IAM`");
    let auth = fields.choice("AuthType", &[("NONE", false), ("AWS_IAM", true)]);
    if let (Some(true), Some(entry)) = (auth, fields.entry("AuthType")) {
        let meaning = "requests are not authorised here: the URL is open to this machine";
        fields.warn("AuthType", entry.key_span, meaning);
    }
    let modes = [("BUFFERED", false), ("RESPONSE_STREAM", true)];
    let streams = fields.choice("InvokeMode", &modes);
    if let (Some(true), Some(entry)) = (streams, fields.entry("InvokeMode")) {
        let meaning = "the answer is sent when the function is done, not while it writes";
        fields.warn("InvokeMode", entry.key_span, meaning);
    }
}

fn cors(fields: &Fields<'_>) -> Option<Cors> {
    let known = [
        used("AllowCredentials"),
        used("AllowHeaders"),
        used("AllowMethods"),
        used("AllowOrigins"),
        used("ExposeHeaders"),
        used("MaxAge"),
    ];
    fields.entry("Cors")?;
    let config = fields.mapping("Cors", &known)?;
    let methods = config.texts("AllowMethods").into_iter();
    let max_age = config.integer("MaxAge", 0..=86_400, "seconds");
    Some(Cors {
        allow_origins: config.texts("AllowOrigins"),
        allow_methods: methods.map(|method| method.to_ascii_uppercase()).collect(),
        allow_headers: config.texts("AllowHeaders"),
        expose_headers: config.texts("ExposeHeaders"),
        max_age: max_age.map(|seconds| Duration::from_secs(seconds.into())),
        allow_credentials: config.boolean("AllowCredentials").unwrap_or(false),
    })
}
