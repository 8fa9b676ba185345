//! The runtime client for Node.js, with handlers of every style.

mod support;

use std::fs;
use std::num::NonZeroUsize;
use std::sync::Arc;

use function_host::{FunctionConfig, FunctionErrorKind, InvocationResult, LogFormat, Runtimes};
use serde_json::Value;
use support::World;
use tempfile::TempDir;

const APP: &str = r#"
exports.later = async (event) => ({ later: event.n + 1 })
exports.callback = (event, context, callback) => callback(null, { remaining: context.getRemainingTimeInMillis() > 0 })
exports.nothing = async () => {}
exports.context = async (_event, context) => ({
  id: context.awsRequestId, arn: context.invokedFunctionArn, name: context.functionName,
  trace: process.env._X_AMZN_TRACE_ID !== undefined, handler: process.env._HANDLER,
})
exports.says = async () => { console.log('hello %s', 'world'); console.warn({ a: 1 }); return 1 }
exports.throws = async () => { throw new RangeError('out of it') }
exports.calls_back_an_error = (_event, _context, callback) => callback(new TypeError('no'))
exports.forgets_to_catch = async () => {
  setTimeout(() => { throw new Error('nobody caught this') }, 5)
  await new Promise(() => {})
}
const named = (name, error = new Error('it broke')) => Object.assign(error, { name })
exports.line_break = async () => { throw named('Loan\nRejected') }
exports.emoji = async () => { throw named('Loan🙅Rejected') }
exports.name_is_no_text = async () => { throw named({ toString() { throw new Error('never') } }) }
exports.nameless = async () => { throw named('') }
exports.hostile = async () => { throw Object.defineProperty(new Error(), 'stack', { get() { throw new Error('no stack') } }) }
exports.without_prototype = async () => { throw Object.create(null) }
exports.frozen = async () => {
  setTimeout(() => { throw Object.freeze(named('Frozen\n🧊')) }, 5)
  await new Promise(() => {})
}
exports.meets = async (event, context) => {
  console.log('at the gate')
  const [host, port] = event.gate.split(':')
  const gate = require('node:net').connect(Number(port), host)
  gate.write(`${context.awsRequestId}\n`)
  await new Promise((resolve) => gate.once('data', resolve))
  console.log('through')
  return { id: context.awsRequestId, trace: context.xRayTraceId, shared: process.env._X_AMZN_TRACE_ID }
}
exports.nested = { deep: { handler: async () => 'deep' } }
exports.streams = awslambda.streamifyResponse(async (_event, stream) => { stream.write('a'); stream.write('b'); stream.end() })
"#;

fn world(handler: &str) -> (World, TempDir) {
    let runtimes = TempDir::new().expect("a folder");
    let prepared = Arc::new(Runtimes::new(runtimes.path()));
    prepared
        .prepare("nodejs20.x")
        .expect("these tests need Node.js 18 or later");
    let world = World::with(handler, |config, function| {
        config.runtimes = Some(prepared);
        function.runtime = "nodejs20.x".into();
        function.handler = handler.into();
    });
    let code = world.code.path();
    fs::write(code.join("app.js"), APP).expect("the code");
    fs::write(
        code.join("module.mjs"),
        "export const handler = async () => 'a module'",
    )
    .expect("the code");
    (world, runtimes)
}

async fn answer(handler: &str, payload: &str) -> String {
    let (world, _runtimes) = world(handler);
    world.invoke_ok("request-1", payload).await
}

#[tokio::test]
async fn handlers_of_every_style_answer() {
    assert_eq!(answer("app.later", r#"{"n":1}"#).await, r#"{"later":2}"#);
    assert_eq!(answer("app.callback", "{}").await, r#"{"remaining":true}"#);
    assert_eq!(answer("app.nothing", "{}").await, "null");
    assert_eq!(answer("app.nested.deep.handler", "{}").await, r#""deep""#);
    assert_eq!(answer("module.handler", "{}").await, r#""a module""#);
    assert_eq!(answer("app.streams", "{}").await, "ab");
}

#[tokio::test]
async fn several_invocations_run_side_by_side() {
    let (mut world, _runtimes) = world("app.meets");
    let mut function = FunctionConfig {
        per_process: NonZeroUsize::new(3),
        concurrency_max: 1,
        ..world.function.as_ref().clone()
    };
    function.logging.format = LogFormat::Json;
    world.function = Arc::new(function);
    world.meet().await;
    let lines = world.logs.lines();
    for (id, text) in ["r-1", "r-2", "r-3"]
        .iter()
        .flat_map(|id| [(id, "at the gate"), (id, "through")])
    {
        let of_it = |line: &&function_host::LogLine| {
            line.request_id.as_deref() == Some(*id) && line.text.contains(text)
        };
        assert_eq!(lines.iter().filter(of_it).count(), 1, "{id}: {lines:?}");
    }
}

#[tokio::test]
async fn context_is_lambdas() {
    let context: Value = serde_json::from_str(&answer("app.context", "{}").await).expect("JSON");
    assert_eq!(context["id"], "request-1");
    assert_eq!(
        context["arn"],
        "arn:aws:lambda:us-east-1:000000000000:function:fixture:live"
    );
    assert_eq!(context["handler"], "app.context");
    assert_eq!(context["trace"], true);
}

#[tokio::test]
async fn console_writes_lines_with_the_request_id() {
    let (world, _runtimes) = world("app.says");
    world.invoke_ok("request-1", "{}").await;
    let printed = world.logs.printed();
    assert!(
        printed[0].ends_with("\trequest-1\tINFO\thello world"),
        "{printed:?}"
    );
    assert!(
        printed[1].ends_with("\trequest-1\tWARN\t{ a: 1 }"),
        "{printed:?}"
    );
}

#[tokio::test]
async fn errors_are_the_functions_and_say_where() {
    for (handler, error_type, message) in [
        ("app.throws", "RangeError", "out of it"),
        ("app.calls_back_an_error", "TypeError", "no"),
        ("app.forgets_to_catch", "Error", "nobody caught this"),
    ] {
        let (world, _runtimes) = world(handler);
        let outcome = world.invoke("request-1", "{}").await.expect("it runs");
        let InvocationResult::FunctionError(error) = outcome.result else {
            panic!("{handler} succeeded")
        };
        let document: Value = serde_json::from_slice(&error.payload).expect("JSON");
        assert_eq!(error.error_type, error_type, "{handler}");
        assert_eq!(document["errorMessage"], message, "{handler}");
        assert!(
            document["trace"]
                .as_array()
                .is_some_and(|trace| trace.len() > 1)
        );
    }
}

/// Headers allow neither line breaks nor emoji, but the caller gets the name. The process goes on if the handler's own
/// promise was rejected.
#[tokio::test]
async fn errors_of_any_name_reach_the_caller() {
    for (handler, error_type, message, goes_on) in [
        ("app.line_break", "Loan\nRejected", "it broke", true),
        ("app.emoji", "Loan🙅Rejected", "it broke", true),
        ("app.name_is_no_text", "[object Object]", "it broke", true),
        ("app.nameless", "Error", "it broke", true),
        ("app.hostile", "Error", "", true),
        ("app.without_prototype", "object", "[object Object]", true),
        ("app.frozen", "Frozen\n🧊", "it broke", false),
    ] {
        let (world, _runtimes) = world(handler);
        let outcome = world.invoke("request-1", "{}").await.expect("it runs");
        let InvocationResult::FunctionError(error) = outcome.result else {
            panic!("{handler} succeeded")
        };
        let document: Value = serde_json::from_slice(&error.payload).expect("JSON");
        assert_eq!(
            error.kind,
            FunctionErrorKind::Posted,
            "{handler}: {error:?}"
        );
        assert_eq!(document["errorType"], error_type, "{handler}");
        assert_eq!(document["errorMessage"], message, "{handler}");
        if goes_on {
            world.counts_become((1, 0, 0)).await;
        }
    }
}

#[tokio::test]
async fn handlers_that_cannot_be_loaded_say_why() {
    for (handler, error_type, message) in [
        (
            "app.missing",
            "Runtime.HandlerNotFound",
            "app.missing is undefined or not exported",
        ),
        (
            "other.handler",
            "Runtime.ImportModuleError",
            "Cannot find module",
        ),
        (
            "nodot",
            "Runtime.MalformedHandlerName",
            "Bad handler \"nodot\"",
        ),
    ] {
        let (world, _runtimes) = world(handler);
        let outcome = world.invoke("request-1", "{}").await.expect("it runs");
        let InvocationResult::FunctionError(error) = outcome.result else {
            panic!("{handler} succeeded")
        };
        assert_eq!(error.error_type, error_type);
        // The stack trace is one line of the log, with line breaks in it.
        let printed = world.logs.printed();
        assert_eq!(printed.len(), 1, "{printed:?}");
        assert!(printed[0].contains("\n    at "), "{printed:?}");
        let text = String::from_utf8_lossy(&error.payload).into_owned();
        assert!(text.contains(&message.replace('"', "\\\"")), "{text}");
        assert_ne!(error.kind, FunctionErrorKind::Timeout);
    }
}

/// A layer's modules are found, and its programs.
#[tokio::test]
async fn layers_are_searched() {
    let (world, _runtimes) = world("layered.handler");
    let code = world.code.path();
    let package = code
        .join(function_host::LAYERS_FOLDER)
        .join("nodejs/node_modules/greeting");
    fs::create_dir_all(&package).expect("the layer");
    fs::write(package.join("index.js"), "module.exports = 'from a layer'").expect("the layer");
    let layered = "const path = process.env.PATH; exports.handler = async () => [require('greeting'), path.endsWith('opt/bin')]";
    fs::write(code.join("layered.js"), layered).expect("the code");
    let answer = world.invoke_ok("request-1", "{}").await;
    assert_eq!(answer, r#"["from a layer",true]"#);
}
