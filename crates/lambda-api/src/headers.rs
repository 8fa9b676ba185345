//! Header names of the Lambda API and of the Runtime API, in lower case as HTTP libraries want them.

/// Name of the error in an error answer.
pub const ERROR_TYPE: &str = "x-amzn-errortype";
/// The request's id, in every answer.
pub const REQUEST_ID: &str = "x-amzn-requestid";
/// Seconds to wait after `TooManyRequestsException`.
pub const RETRY_AFTER: &str = "retry-after";

/// Invoke: `RequestResponse` (default), `Event` or `DryRun`.
pub const INVOCATION_TYPE: &str = "x-amz-invocation-type";
/// Invoke: `None` or `Tail`.
pub const LOG_TYPE: &str = "x-amz-log-type";
/// Invoke: base64 of JSON for the function, at most 3,583 bytes.
pub const CLIENT_CONTEXT: &str = "x-amz-client-context";
/// Invoke: name of the durable execution, which makes the start idempotent.
pub const DURABLE_EXECUTION_NAME: &str = "x-amz-durable-execution-name";
/// Invoke: the tenant.
pub const TENANT_ID: &str = "x-amz-tenant-id";
/// The trace the request belongs to.
pub const TRACE_ID: &str = "x-amzn-trace-id";

/// Invoke answer: `Unhandled` when the function failed.
pub const FUNCTION_ERROR: &str = "x-amz-function-error";
/// Invoke answer: base64 of the last 4 KB of the log.
pub const LOG_RESULT: &str = "x-amz-log-result";
/// Invoke answer: the version that ran.
pub const EXECUTED_VERSION: &str = "x-amz-executed-version";
/// Invoke answer: the durable execution that was started or found.
pub const DURABLE_EXECUTION_ARN: &str = "x-amz-durable-execution-arn";

/// Runtime API: id of the invocation.
pub const RUNTIME_REQUEST_ID: &str = "lambda-runtime-aws-request-id";
/// Runtime API: when the invocation is cut off, in epoch milliseconds.
pub const RUNTIME_DEADLINE_MS: &str = "lambda-runtime-deadline-ms";
/// Runtime API: the ARN as it was invoked.
pub const RUNTIME_INVOKED_FUNCTION_ARN: &str = "lambda-runtime-invoked-function-arn";
/// Runtime API: the trace the invocation belongs to.
pub const RUNTIME_TRACE_ID: &str = "lambda-runtime-trace-id";
/// Runtime API: the client context as JSON.
pub const RUNTIME_CLIENT_CONTEXT: &str = "lambda-runtime-client-context";
/// Runtime API: the tenant.
pub const RUNTIME_TENANT_ID: &str = "lambda-runtime-aws-tenant-id";
/// Runtime API: category of an error that the function posts.
pub const RUNTIME_FUNCTION_ERROR_TYPE: &str = "lambda-runtime-function-error-type";
