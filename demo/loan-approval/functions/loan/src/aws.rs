//! The configuration of AWS clients.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;

/// How long one try of a call may take. The calls of the demo take milliseconds; one that hangs is tried again while
/// the function still has time.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(4);

/// Reads region, credentials and endpoint as every AWS SDK does.
pub async fn aws_configuration() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .build();
    aws_config::from_env().timeout_config(timeouts).load().await
}
