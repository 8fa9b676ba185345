//! The configuration of AWS clients.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;
use aws_smithy_http_client::Builder;

/// How long one try of a call may take. The calls of the demo take milliseconds; one that hangs is tried again while
/// the function still has time.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(4);

/// Reads region, credentials and endpoint as every AWS SDK does.
pub async fn aws_configuration() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .build();
    let mut loader = aws_config::from_env().timeout_config(timeouts);
    if has_plain_endpoint(std::env::var("AWS_ENDPOINT_URL").ok().as_deref()) {
        // The usual client reads the machine's certificates, and panics if there are none.
        loader = loader.http_client(Builder::new().build_http());
    }
    loader.load().await
}

/// Whether calls go to a service without TLS, as on a local machine.
fn has_plain_endpoint(endpoint: Option<&str>) -> bool {
    endpoint.is_some_and(|url| url.starts_with("http://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aws_itself_is_called_with_tls() {
        assert!(has_plain_endpoint(Some("http://127.0.0.1:3001")));
        assert!(!has_plain_endpoint(Some("https://localhost:3001")));
        assert!(!has_plain_endpoint(None));
    }
}
