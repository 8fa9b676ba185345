//! `FunctionUrlConfig` and `AWS::Lambda::Url`.
//!
//! Source of names: AWS SAM developer guide, `FunctionUrlConfig`, and CloudFormation template
//! reference, `AWS::Lambda::Url`, read 2026-11-23.

use crate::FunctionUrlResource;
use crate::template::{Fields, Properties, Role, Type, Yields, properties};

use super::http_api::cors_mapping;
use super::reading::Reading;

const CONFIG: Properties = properties! { used: AuthType, Cors, InvokeMode; };

pub(super) static TYPE: Type = Type {
    role: Role::Url,
    properties: properties! {
        used: AuthType, Cors, InvokeMode, Qualifier;
        required: TargetFunctionArn = "`!Ref` to the function";
    },
    reference: Yields::Part,
    attributes: &[("FunctionUrl", Yields::Url), ("FunctionArn", Yields::Part)],
    ..Type::plain("AWS::Lambda::Url")
};

pub(super) fn read(fields: &Fields<'_>, index: usize, reading: &mut Reading<'_>) {
    let Some(part) = fields.resolver.part(index) else {
        no_function(fields, "TargetFunctionArn");
        return;
    };
    let id = fields.logical_id.to_owned();
    let url = url(fields, index, id, part.function, part.alias.clone());
    reading.stack.function_urls.push(url);
}

/// The URL of a function that has a `FunctionUrlConfig`.
pub(super) fn of_function(function: &Fields<'_>, index: usize) -> Option<FunctionUrlResource> {
    let config = function.mapping("FunctionUrlConfig", CONFIG)?;
    let alias = function.resolver.published_alias(index).map(str::to_owned);
    let id = format!("{}Url", function.logical_id);
    Some(url(&config, index, id, index, alias))
}

fn url(
    fields: &Fields<'_>,
    index: usize,
    logical_id: String,
    function: usize,
    qualifier: Option<String>,
) -> FunctionUrlResource {
    fields.required("AuthType", "`NONE` or `AWS_IAM`");
    if fields.word("AuthType", &["NONE", "AWS_IAM"]) == Some("AWS_IAM") {
        let meaning = "requests are not authorised here: the URL is open to this machine";
        fields.warn_of("AuthType", meaning);
    }
    let mode = fields.word("InvokeMode", &["BUFFERED", "RESPONSE_STREAM"]);
    let resolver = fields.resolver;
    let id = resolver.resources[index].logical_id;
    FunctionUrlResource {
        logical_id,
        url_id: resolver.pseudo.url_id(id),
        endpoint: resolver.pseudo.url_endpoint(id),
        function: resolver.resources[function].logical_id.to_owned(),
        qualifier,
        streams: mode == Some("RESPONSE_STREAM"),
        cors: cors_mapping(fields, "Cors").map(|(cors, _)| cors),
    }
}

/// Reports a property that names a function, and none of this template.
pub(super) fn no_function(fields: &Fields<'_>, property: &str) {
    fields.wrong(
        property,
        "must mean a function of this template",
        "not such a function",
        "write `!Ref` and the function's logical id",
    );
}
