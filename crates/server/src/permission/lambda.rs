//! Actions of the Lambda API.

use engine::callback_target;
use hyper::Method;
use model::{CallbackId, ExecutionArn, Version};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::requirement::own_arn;
use super::{Needed, On};
use crate::functions::{Home, Reference};
use crate::http::{Query, decode};

/// The action of an unknown request: no policy but `*` allows it.
const UNKNOWN: &str = "lambda:UnknownOperation";

/// Whether a request brings code.
pub(super) fn has_code(method: &Method, path: &str) -> bool {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    matches!(
        (method.as_str(), segments.as_slice()),
        ("POST", ["2015-03-31", "functions"]) | ("PUT", ["2015-03-31", "functions", _, "code"])
    )
}

/// The needed permission of a request.
pub(super) fn needed(
    method: &Method,
    path: &str,
    query: Option<&str>,
    body: &[u8],
    home: &Home,
) -> Needed {
    if let Some(rest) = path.strip_prefix("/2025-12-01/durable-executions/") {
        return execution(method, rest, home);
    }
    if let Some(rest) = path.strip_prefix("/2025-12-01/durable-execution-callbacks/") {
        return callback(rest, home);
    }
    if let Some(resource) = path.strip_prefix("/2017-03-31/tags/") {
        let action = match method.as_str() {
            "POST" => "lambda:TagResource",
            "GET" => "lambda:ListTags",
            "DELETE" => "lambda:UntagResource",
            _ => UNKNOWN,
        };
        return Needed::new(action, whole_function(home, resource));
    }
    let qualifier = Query::parse(query).ok();
    let qualifier = qualifier.as_ref().and_then(|query| query.get("Qualifier"));
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    // Of the whole function: a named qualifier is ignored.
    let of = |action: &str, name: &str| Needed::new(action, whole_function(home, name));
    // Of a version or alias, or of the function where none is named.
    let of_qualified =
        |action: &str, name: &str| Needed::new(action, function(home, name, qualifier));
    match (method.as_str(), segments.as_slice()) {
        ("GET", ["2025-12-01", "functions", name, "durable-executions"]) => {
            of_qualified("lambda:ListDurableExecutionsByFunction", name)
        }
        ("POST", ["2015-03-31", "functions", name, "invocations"])
        | (
            "POST",
            [
                "2021-11-15",
                "functions",
                name,
                "response-streaming-invocations",
            ],
        ) => of_qualified("lambda:InvokeFunction", name),
        ("POST", ["2014-11-13", "functions", name, "invoke-async"]) => {
            Needed::new("lambda:InvokeAsync", function(home, name, None))
        }
        ("GET", ["2015-03-31", "functions"]) => Needed::new("lambda:ListFunctions", "*"),
        ("POST", ["2015-03-31", "functions"]) => {
            let Ok(named) = serde_json::from_slice::<Created>(body) else {
                return Needed::on_anything("lambda:CreateFunction");
            };
            let name = named.name.unwrap_or_default();
            // It is a name in the body, not a part of a path.
            let resource = Reference::parse(&name, None);
            let resource = resource.map(|it| home.arn(&it.name).to_string());
            Needed::new(
                "lambda:CreateFunction",
                resource.unwrap_or_else(|_| "*".to_owned()),
            )
        }
        (verb, ["2015-03-31", "functions", name]) => match verb {
            "GET" => of_qualified("lambda:GetFunction", name),
            "DELETE" => of_qualified("lambda:DeleteFunction", name),
            _ => of(UNKNOWN, name),
        },
        ("PUT", ["2015-03-31", "functions", name, "code"]) => of("lambda:UpdateFunctionCode", name),
        (verb, ["2015-03-31", "functions", name, "configuration"]) => match verb {
            "GET" => of_qualified("lambda:GetFunctionConfiguration", name),
            "PUT" => of("lambda:UpdateFunctionConfiguration", name),
            _ => of(UNKNOWN, name),
        },
        (verb, ["2015-03-31", "functions", name, "versions"]) => match verb {
            "GET" => of("lambda:ListVersionsByFunction", name),
            "POST" => of("lambda:PublishVersion", name),
            _ => of(UNKNOWN, name),
        },
        (verb, ["2015-03-31", "functions", name, "aliases"]) => match verb {
            "GET" => of("lambda:ListAliases", name),
            "POST" => of("lambda:CreateAlias", name),
            _ => of(UNKNOWN, name),
        },
        (verb, ["2015-03-31", "functions", name, "aliases", _]) => match verb {
            "GET" => of("lambda:GetAlias", name),
            "PUT" => of("lambda:UpdateAlias", name),
            "DELETE" => of("lambda:DeleteAlias", name),
            _ => of(UNKNOWN, name),
        },
        (verb, ["2019-09-25", "functions", name, "event-invoke-config"]) => match verb {
            "PUT" => of_qualified("lambda:PutFunctionEventInvokeConfig", name),
            "POST" => of_qualified("lambda:UpdateFunctionEventInvokeConfig", name),
            "GET" => of_qualified("lambda:GetFunctionEventInvokeConfig", name),
            "DELETE" => of_qualified("lambda:DeleteFunctionEventInvokeConfig", name),
            _ => of(UNKNOWN, name),
        },
        (
            "GET",
            [
                "2019-09-25",
                "functions",
                name,
                "event-invoke-config",
                "list",
            ],
        ) => of("lambda:ListFunctionEventInvokeConfigs", name),
        (verb, ["2015-03-31", "event-source-mappings"]) => match verb {
            "GET" => Needed::new("lambda:ListEventSourceMappings", "*"),
            "POST" => Needed::new("lambda:CreateEventSourceMapping", "*"),
            _ => Needed::new(UNKNOWN, "*"),
        },
        (verb, ["2015-03-31", "event-source-mappings", uuid]) => {
            let action = match verb {
                "GET" => "lambda:GetEventSourceMapping",
                "PUT" => "lambda:UpdateEventSourceMapping",
                "DELETE" => "lambda:DeleteEventSourceMapping",
                _ => UNKNOWN,
            };
            // Decoded as the handler does it.
            let Some(uuid) = decode(uuid) else {
                return Needed::new(UNKNOWN, "*");
            };
            let (region, account) = (&home.region, &home.account_id);
            let arn = format!("arn:aws:lambda:{region}:{account}:event-source-mapping:{uuid}");
            Needed::new(action, arn)
        }
        ("PUT", ["2017-10-31", "functions", name, "concurrency"]) => {
            of("lambda:PutFunctionConcurrency", name)
        }
        ("DELETE", ["2017-10-31", "functions", name, "concurrency"]) => {
            of("lambda:DeleteFunctionConcurrency", name)
        }
        ("GET", ["2019-09-30", "functions", name, "concurrency"]) => {
            of("lambda:GetFunctionConcurrency", name)
        }
        ("GET", ["2016-08-19", "account-settings"]) => {
            Needed::new("lambda:GetAccountSettings", "*")
        }
        ("GET", ["2015-03-31", "functions", name, "policy"]) => {
            of_qualified("lambda:GetPolicy", name)
        }
        ("GET", ["2020-06-30", "functions", name, "code-signing-config"]) => {
            of("lambda:GetFunctionCodeSigningConfig", name)
        }
        ("GET", ["2024-08-31", "functions", name, "recursion-config"]) => {
            of("lambda:GetFunctionRecursionConfig", name)
        }
        ("GET", ["2021-07-20", "functions", name, "runtime-management-config"]) => {
            of_qualified("lambda:GetRuntimeManagementConfig", name)
        }
        _ => Needed::new(UNKNOWN, "*"),
    }
}

/// The permission to invoke a function, which is named by a name or an ARN.
pub(crate) fn to_invoke(named: &str, home: &Home) -> Needed {
    let segment = utf8_percent_encode(named, NON_ALPHANUMERIC).to_string();
    Needed::new("lambda:InvokeFunction", function(home, &segment, None))
}

/// The body of a checkpoint: only the members that matter here.
#[derive(Debug, Deserialize)]
struct Checkpoint {
    #[serde(rename = "Updates", default)]
    updates: Option<Vec<Update>>,
}

#[derive(Debug, Deserialize)]
struct Update {
    #[serde(rename = "ChainedInvokeOptions", default)]
    chained: Option<Chained>,
}

#[derive(Debug, Deserialize)]
struct Chained {
    #[serde(rename = "FunctionName", default)]
    function: Option<String>,
}

/// The needed permissions of a checkpoint, for the functions that it invokes. Source: Lambda developer guide, "Security
/// and permissions for Lambda durable functions", read 2026-11.
pub(super) fn chained(body: &[u8], home: &Home) -> Vec<Needed> {
    // A body that cannot be read is refused later, for every caller.
    let read = serde_json::from_slice::<Checkpoint>(body).ok();
    let updates = read.and_then(|read| read.updates).unwrap_or_default();
    let named = updates
        .into_iter()
        .filter_map(|update| update.chained?.function);
    let mut needed: Vec<Needed> = Vec::new();
    for name in named {
        let mut one = to_invoke(&name, home);
        if let On::Arn(arn) = one.on {
            one.on = On::Chained(arn);
        }
        if !needed.contains(&one) {
            needed.push(one);
        }
    }
    needed
}

/// The body of `CreateFunction`: only the members that matter here.
#[derive(Debug, Deserialize)]
struct Created {
    #[serde(rename = "FunctionName", default)]
    name: Option<String>,
}

/// The ARN of the function in a path, with the qualifier of path or query.
pub(super) fn function(home: &Home, segment: &str, qualifier: Option<&str>) -> String {
    let named = decode(segment).and_then(|text| Reference::parse(&text, qualifier).ok());
    let Some(named) = named else {
        // The handler rejects it, for every caller.
        return "*".to_owned();
    };
    let arn = home.arn(&named.name);
    match named.qualifier {
        // `$LATEST` has two spellings.
        Some(qualifier) => match qualifier.parse::<Version>() {
            Ok(version) => arn.qualified(&version.to_string()),
            Err(_) => arn.qualified(&qualifier),
        },
        None => arn.to_string(),
    }
}

/// The ARN of the function in a path, without any qualifier.
fn whole_function(home: &Home, segment: &str) -> String {
    let named = decode(segment).and_then(|text| Reference::parse(&text, None).ok());
    named.map_or_else(|| "*".to_owned(), |named| home.arn(&named.name).to_string())
}

fn execution(method: &Method, rest: &str, home: &Home) -> Needed {
    let (arn, action) = match rest.rsplit_once('/') {
        Some((arn, "checkpoint")) => (arn, "lambda:CheckpointDurableExecution"),
        Some((arn, "state")) => (arn, "lambda:GetDurableExecutionState"),
        Some((arn, "history")) => (arn, "lambda:GetDurableExecutionHistory"),
        Some((arn, "stop")) => (arn, "lambda:StopDurableExecution"),
        Some((arn, "pause")) => (arn, "lambdura:PauseDurableExecution"),
        Some((arn, "resume")) => (arn, "lambdura:ResumeDurableExecution"),
        Some(_) | None if *method == Method::DELETE => (rest, "lambdura:DeleteDurableExecution"),
        Some(_) | None => (rest, "lambda:GetDurableExecution"),
    };
    let parsed = decode(arn).and_then(|text| text.parse::<ExecutionArn>().ok());
    let resource = match parsed {
        // Handlers look it up by its id, and ignore the rest of its ARN.
        Some(arn) => On::Execution {
            unknown: arn.to_string(),
            id: arn.id,
        },
        None => On::Arn(own_arn(home, "no-execution")),
    };
    Needed {
        action: action.to_owned(),
        on: resource,
        within: None,
    }
}

fn callback(rest: &str, home: &Home) -> Needed {
    let (id, action) = rest.rsplit_once('/').unwrap_or((rest, ""));
    let action = match action {
        "succeed" => "lambda:SendDurableExecutionCallbackSuccess",
        "fail" => "lambda:SendDurableExecutionCallbackFailure",
        "heartbeat" => "lambda:SendDurableExecutionCallbackHeartbeat",
        _ => UNKNOWN,
    };
    let id = decode(id).and_then(|id| CallbackId::parse(&id).ok());
    let target = id.and_then(|id| callback_target(&id));
    Needed {
        action: action.to_owned(),
        on: target.map_or_else(
            || On::Arn("*".to_owned()),
            |(id, _operation)| On::Execution {
                id,
                unknown: own_arn(home, "no-execution"),
            },
        ),
        within: None,
    }
}
