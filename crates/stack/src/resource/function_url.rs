//! `FunctionUrlConfig` and `AWS::Lambda::Url`.
//!
//! Source of names: AWS SAM developer guide, `FunctionUrlConfig`, and CloudFormation template
//! reference, `AWS::Lambda::Url`, read 2026-11-23.

use crate::FunctionUrlResource;
use crate::template::{Fields, Role, Type, properties, yields};

use super::http_api::cors_mapping;
use super::reading::Reading;
use super::target::no_function;

/// The type that SAM makes of `FunctionUrlConfig`.
pub(super) static MADE: Type = Type {
    role: Role::Url,
    properties: properties! { used: AuthType, Cors, InvokeMode; },
    reference: yields::function_arn,
    attributes: &[
        ("FunctionUrl", yields::url),
        ("FunctionArn", yields::function_arn),
    ],
    ..Type::plain("")
};

pub(super) static TYPE: Type = Type {
    role: Role::Url,
    properties: properties! {
        used: AuthType, Cors, InvokeMode, Qualifier;
        required: TargetFunctionArn = "`!Ref` to the function";
    },
    reference: yields::part,
    attributes: &[("FunctionUrl", yields::url), ("FunctionArn", yields::part)],
    ..Type::plain("AWS::Lambda::Url")
};

pub(super) fn read(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    let resolver = fields.resolver;
    let Some(part) = resolver.part(fields.index()) else {
        no_function(fields, "TargetFunctionArn");
        return;
    };
    fields.required("AuthType", "`NONE` or `AWS_IAM`");
    let iam = fields.word("AuthType", &["NONE", "AWS_IAM"]) == Some("AWS_IAM");
    if iam {
        let meaning = "requests are authorised only where policies are enforced \
                       (`--enforce-policies`): otherwise the URL is open to this machine";
        fields.warn_of("AuthType", meaning);
    }
    let mode = fields.word("InvokeMode", &["BUFFERED", "RESPONSE_STREAM"]);
    let url = FunctionUrlResource {
        logical_id: fields.resource().logical_id.to_string(),
        url_id: resolver.pseudo.url_id(fields.logical_id),
        endpoint: resolver.pseudo.url_endpoint(fields.logical_id),
        function: resolver.resources[part.function].logical_id.to_string(),
        qualifier: part.alias.clone(),
        iam,
        streams: mode == Some("RESPONSE_STREAM"),
        cors: cors_mapping(fields, "Cors").map(|(cors, _)| cors),
    };
    reading.stack.function_urls.push(url);
}
