//! The state behind the handles of a program, which all of them share.

use std::fmt;
use std::time::Duration;

use model::{ExecutionName, FunctionArn, FunctionName, Payload, Trigger, Version};
use runtime::{Driver, FunctionRunner as _, StartRequest, SteadyClock};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::error::Error;
use super::ground::Tables;
use super::runner::OwnRunner;

pub(super) struct Program {
    pub driver: Driver,
    pub runner: OwnRunner,
    pub tables: Option<Tables>,
    pub steady: Option<SteadyClock>,
    pub grace: Duration,
    pub ended: CancellationToken,
    pub tasks: TaskTracker,
}

impl fmt::Debug for Program {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Program").finish_non_exhaustive()
    }
}

impl Program {
    /// The request to start an execution of a registered handler.
    pub fn request(
        &self,
        function: FunctionName,
        name: Option<ExecutionName>,
        input: String,
        trigger: Trigger,
    ) -> Result<StartRequest, Error> {
        let settings = self
            .runner
            .durable_settings(&function, &Version::Latest)
            .ok_or_else(|| Error::UnknownHandler(function.to_string()))?;
        Ok(StartRequest {
            function: function_arn(function),
            version: Version::Latest,
            name,
            id: None,
            input: Some(Payload::from(input)),
            execution_timeout_seconds: settings.execution_timeout_seconds,
            retention_days: settings.retention_days,
            result_bytes_max: self.driver.limits().sync_result_bytes_max,
            trace_header: None,
            tenant_id: None,
            trigger,
        })
    }

    /// Returns when the program has ended.
    pub async fn has_ended(&self) {
        self.ended.cancelled().await;
    }

    pub fn tables(&self) -> Result<&Tables, Error> {
        self.tables.as_ref().ok_or(Error::NoTables)
    }
}

/// ARNs have the same form as under `lambdura up`: account and region have no meaning here.
fn function_arn(name: FunctionName) -> FunctionArn {
    FunctionArn {
        partition: "aws".into(),
        region: "us-east-1".into(),
        account_id: "000000000000".into(),
        name,
    }
}
