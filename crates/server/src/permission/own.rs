//! Actions of our own routes.

use hyper::Method;
use model::Version;

use super::Needed;
use super::lambda::function;
use super::requirement::own_arn;
use crate::functions::Home;
use crate::http::decode;

/// The needed permission of a request to one of our own routes; `None` for other requests.
pub(super) fn needed(method: &Method, path: &str, home: &Home) -> Option<Needed> {
    let of = |action: &str, resource: &str| {
        Some(Needed::new(
            format!("lambdura:{action}"),
            own_arn(home, resource),
        ))
    };
    let is_read = matches!(*method, Method::GET | Method::HEAD);
    if path == "/metrics" {
        return of("ObserveMetrics", "metrics");
    }
    let route = path.strip_prefix("/lambdura/")?;
    let route = route.strip_prefix("v1/").unwrap_or(route);
    let segments: Vec<&str> = route.split('/').collect();
    // Decoded as the handler does it; an undecodable name is no stack.
    let of_stack = |action: &str, segment: &str| match decode(segment) {
        Some(name) => of(action, &format!("stack/{name}")),
        None => of("UnknownOperation", "unknown"),
    };
    match (method.as_str(), segments.as_slice()) {
        ("GET", ["access-keys"]) => of("ListAccessKeys", "access-keys"),
        ("POST", ["access-keys"]) => of("CreateAccessKey", "access-keys"),
        ("DELETE", ["access-keys", _]) => of("DeleteAccessKey", "access-keys"),
        ("POST", ["access-keys", _, "disable"]) => of("DisableAccessKey", "access-keys"),
        ("POST", ["access-keys", _, "enable"]) => of("EnableAccessKey", "access-keys"),
        ("POST", ["access-keys", _, "rotate"]) => of("RotateAccessKey", "access-keys"),
        ("GET", ["stacks"]) => of("ListStacks", "stack/*"),
        ("GET", ["stacks", name]) => of_stack("GetStack", name),
        ("POST", ["stacks", name, "plan"]) => of_stack("PlanStack", name),
        ("PUT", ["stacks", name]) => of_stack("DeployStack", name),
        ("DELETE", ["stacks", name]) => of_stack("DestroyStack", name),
        ("PUT", ["code", _]) => of("PutCode", "code"),
        ("GET", ["audit"]) => of("ReadAudit", "audit"),
        ("POST", ["clock"]) => of("MoveClock", "clock"),
        ("POST", ["answers"]) => of("ReplaceAnswers", "answers"),
        ("POST", ["set-aside", _, "try-again"]) => of("RetrySetAside", "set-aside"),
        ("POST", ["functions", name, "versions", version, "code"]) => {
            // Read as the handler does it.
            let version = decode(version).and_then(|text| text.parse::<Version>().ok());
            match version {
                Some(version) => Some(Needed::new(
                    "lambdura:ReplaceVersionCode",
                    function(home, name, Some(&version.to_string())),
                )),
                None => of("UnknownOperation", "unknown"),
            }
        }
        (_, ["executions", ..]) if is_read => of("ObserveExecutions", "executions"),
        (_, ["callbacks"]) if is_read => of("ObserveCallbacks", "callbacks"),
        (_, ["timers"]) if is_read => of("ObserveTimers", "timers"),
        (_, ["functions", ..]) if is_read => of("ObserveFunctions", "functions"),
        (_, ["system" | "openapi.json"]) if is_read => of("ObserveSystem", "system"),
        (_, ["servers"]) if is_read => of("ObserveServers", "servers"),
        (_, ["logs", ..]) if is_read => of("ObserveLogs", "logs"),
        (_, ["segments"]) if is_read => of("ObserveTraces", "segments"),
        (_, ["dead-letters"]) if is_read => of("ObserveDeadLetters", "dead-letters"),
        (_, ["set-aside"]) if is_read => of("ObserveSetAside", "set-aside"),
        (_, ["clock"]) if is_read => of("ObserveClock", "clock"),
        (_, ["answers"]) if is_read => of("ObserveAnswers", "answers"),
        _ => of("UnknownOperation", "unknown"),
    }
}
