//! The AWS Lambda API as it looks on the wire: requests, responses, events, error bodies, header names.
//!
//! Plain data and serde, nothing else: AWS's spelling lives here and nowhere else.
//! The shapes follow botocore's service model `lambda` 2015-03-31 (durable operations: 2025-12-01).
//!
//! - Members that AWS leaves out are `Option`s and are left out here too; unknown members are ignored.
//! - Enumerations keep values that they do not know ([`OperationStatus::Unknown`] and friends), so that a newer
//!   service never breaks an older client. A server that must refuse them asks `is_known`, or parses with the
//!   strict `parse`.
//! - Time has two spellings and therefore two types: [`EpochMillis`] in invocation events, [`EpochSeconds`] in API
//!   bodies. A type that occurs in both is generic over it, like [`Operation`].
#![warn(missing_docs)]

mod wire_enum;

mod timestamp;

mod operation;
mod update;

mod borrowed;
mod checkpoint;
mod invocation;

mod execution;
mod history;

mod event_source_mapping;
mod function;
mod function_change;
mod function_settings;

mod error;
pub mod headers;

pub use borrowed::{BorrowedCheckpoint, BorrowedUpdate, Text};
pub use checkpoint::{
    CheckpointDurableExecutionRequest, CheckpointDurableExecutionResponse,
    GetDurableExecutionStateResponse, NewExecutionState,
};
pub use error::{ErrorBody, ErrorCode, FunctionErrorBody};
pub use event_source_mapping::{
    EventSourceMappingConfiguration, EventSourceMappingRequest, Filter, FilterCriteria,
    ListEventSourceMappingsResponse, ScalingConfig,
};
pub use execution::{
    DeleteDurableExecutionResponse, DurableExecutionSummary, ExecutionStatus,
    GetDurableExecutionResponse, ListDurableExecutionsByFunctionResponse, PauseDetails,
    PauseDurableExecutionRequest, ResumeDurableExecutionRequest, StopDurableExecutionResponse,
    TraceHeader,
};
pub use function::{
    AliasConfiguration, AliasRoutingConfiguration, CapacityProviderConfig, Concurrency,
    DeadLetterConfig, DurableConfig, EnvironmentResponse, EphemeralStorage, FunctionCodeLocation,
    FunctionConfiguration, GetFunctionResponse, LambdaManagedInstancesCapacityProviderConfig,
    Layer, ListAliasesResponse, ListFunctionsResponse, ListVersionsByFunctionResponse,
    LoggingConfig, SnapStart, TracingConfigResponse, VpcConfig,
};
pub use function_change::{
    AliasRequest, Environment, FunctionCode, FunctionRequest, PublishVersionRequest,
    UpdateFunctionCodeRequest,
};
pub use function_settings::{
    AccountLimit, AccountUsage, Destination, DestinationConfig, EventInvokeConfigRequest,
    FunctionEventInvokeConfig, GetAccountSettingsResponse, ListFunctionEventInvokeConfigsResponse,
    Tags,
};
pub use history::{
    CallbackStartedDetails, ChainedInvokeStartedDetails, EmptyDetails, ErrorDetails, Event,
    EventError, EventInput, EventPayload, EventResult, EventType, ExecutionPausedDetails,
    ExecutionResumedDetails, ExecutionStartedDetails, GetDurableExecutionHistoryResponse,
    InvocationCompletedDetails, OptionalErrorDetails, ResultDetails, RetryDetails,
    StepFailedDetails, StepSucceededDetails, WaitStartedDetails, WaitSucceededDetails,
};
pub use invocation::{InitialExecutionState, InvocationInput, InvocationOutput, InvocationStatus};
pub use operation::{
    ApiOperation, CallbackDetails, ChainedInvokeDetails, ContextDetails, ErrorObject,
    ExecutionDetails, InvocationOperation, Operation, OperationStatus, OperationType, StepDetails,
    WaitDetails,
};
pub use timestamp::{EpochMillis, EpochSeconds};
pub use update::{
    CallbackOptions, ChainedInvokeOptions, ContextOptions, OperationAction, OperationUpdate,
    StepOptions, WaitOptions,
};
