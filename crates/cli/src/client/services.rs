//! Operations of other services that speak JSON by `X-Amz-Target`.

use std::time::Duration;

use http::Method;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use serde_json::Value;

use super::api::Client;
use super::error::CallError;
use super::transport::Call;

/// A service's refusal.
#[derive(Debug)]
pub struct ServiceRefusal {
    /// Its name, without what precedes a `#`.
    pub code: String,
    /// What the service says.
    pub message: String,
}

impl Client {
    /// Calls an operation. `target` is such as `DynamoDB_20120810.PutItem`.
    ///
    /// # Errors
    /// [`CallError`] when there is no answer; a refusal is one.
    pub async fn call_service(
        &self,
        service: &'static str,
        target: &str,
        body: &Value,
        limit: Duration,
    ) -> Result<Result<Value, ServiceRefusal>, CallError> {
        let garbled = |problem: &str| self.transport.garbled(target.to_owned(), problem);
        let target_header =
            HeaderValue::from_str(target).map_err(|_| garbled("it is not a header"))?;
        let call = Call {
            method: Method::POST,
            path_and_query: String::from("/"),
            headers: vec![
                (
                    CONTENT_TYPE,
                    HeaderValue::from_static("application/x-amz-json-1.0"),
                ),
                (HeaderName::from_static("x-amz-target"), target_header),
            ],
            body: body.to_string().into_bytes(),
            limit,
        };
        let answer = self.transport.for_service(service).send(call).await?;
        let said: Result<Value, _> = serde_json::from_slice(&answer.body);
        if (200..300).contains(&answer.status) {
            return match said {
                Ok(said) => Ok(Ok(said)),
                Err(error) => Err(garbled(&error.to_string())),
            };
        }
        let said = said.unwrap_or_default();
        let part = |names: [&str; 2]| {
            let mut names = names.iter();
            names.find_map(|name| said.get(name)?.as_str())
        };
        let code = part(["__type", "code"]).and_then(|code| code.rsplit('#').next());
        Ok(Err(ServiceRefusal {
            code: code.map_or_else(|| format!("Status{}", answer.status), str::to_owned),
            message: part(["message", "Message"]).unwrap_or_default().to_owned(),
        }))
    }
}
