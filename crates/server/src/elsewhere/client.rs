//! The server's own calls of AWS's services: at the emulator that the user named, or in the account.

use std::time::{Duration, SystemTime};

use asl::Definition;
use aws_credential_types::Credentials as SigningCredentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::de::DeserializeOwned;
use serde_json::Value;
use stdx::error_chain;
use thiserror::Error;

use super::credentials::{AccountKeys, placeholder};
use super::machine::unreachable;
use super::{AccountCredentials, Elsewhere};

/// How long to wait for an answer, and how large it may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AnswerBounds {
    pub within: Duration,
    pub bytes_max: usize,
}

/// Longer than the longest poll of a queue; room for ten of the largest messages with their attributes.
const ANSWER: AnswerBounds = AnswerBounds {
    within: Duration::from_secs(35),
    bytes_max: 16 * 1024 * 1024,
};

/// Why a call of a service failed.
#[derive(Debug, Error)]
pub(crate) enum CallError {
    /// The service did not answer.
    #[error("{0}")]
    Unreachable(String),
    /// The service refused.
    #[error("{code}: {message}")]
    Refused {
        /// The error's name, without what precedes a `#`.
        code: String,
        /// The service's message.
        message: String,
    },
    /// No endpoint or no credentials are configured.
    #[error("{0}")]
    NotSet(String),
}

impl CallError {
    /// Whether the service says that the resource does not exist.
    pub fn is_missing(&self) -> bool {
        const NAMES: [&str; 6] = [
            "QueueDoesNotExist",
            "AWS.SimpleQueueService.NonExistentQueue",
            "ParameterNotFound",
            "ResourceNotFoundException",
            "NotFound",
            "NoSuchBucket",
        ];
        matches!(self, Self::Refused { code, .. } if NAMES.contains(&code.as_str()))
    }
}

/// One request to a service.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    /// Its name in host names and signatures.
    pub service: &'static str,
    pub region: &'a str,
    pub method: Method,
    pub path: &'a str,
    pub content_type: &'static str,
    /// `X-Amz-Target`.
    pub target: Option<String>,
    pub body: Bytes,
}

/// The client for services that this server does not have.
pub(crate) enum AwsClient {
    Nowhere,
    Emulator {
        to: Uri,
        client: Box<Client<HttpConnector, Full<Bytes>>>,
    },
    Account {
        keys: AccountKeys,
        client: Box<Client<HttpsConnector<HttpConnector>, Full<Bytes>>>,
    },
    /// The system's certificates cannot be read.
    Broken(String),
}

impl AwsClient {
    pub fn new(elsewhere: &Elsewhere) -> Self {
        match elsewhere {
            Elsewhere::Nowhere => Self::Nowhere,
            Elsewhere::Emulator(to) => Self::Emulator {
                to: to.clone(),
                client: Box::new(Client::builder(TokioExecutor::new()).build_http()),
            },
            Elsewhere::Account(account) => Self::of_account(account),
        }
    }

    fn of_account(account: &AccountCredentials) -> Self {
        let connector = match HttpsConnectorBuilder::new().with_native_roots() {
            Ok(connector) => connector.https_only().enable_http1().build(),
            Err(error) => return Self::Broken(error.to_string()),
        };
        Self::Account {
            keys: AccountKeys::new(account),
            client: Box::new(Client::builder(TokioExecutor::new()).build(connector)),
        }
    }

    /// Every call of a state machine that no service would answer.
    pub fn unreachable(&self, definition: &Definition) -> Vec<String> {
        match self {
            Self::Nowhere => unreachable(definition),
            Self::Emulator { .. } | Self::Account { .. } | Self::Broken(_) => Vec::new(),
        }
    }

    /// The emulator, if there is one.
    pub fn emulator(&self) -> Option<&Uri> {
        match self {
            Self::Emulator { to, .. } => Some(to),
            Self::Nowhere | Self::Account { .. } | Self::Broken(_) => None,
        }
    }

    /// Calls an operation of a service that speaks JSON.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn json<T: DeserializeOwned>(
        &self,
        service: &JsonService,
        region: &str,
        operation: &str,
        body: &Value,
    ) -> Result<T, CallError> {
        let call = Call {
            service: service.name,
            region,
            method: Method::POST,
            path: "/",
            content_type: service.content_type,
            target: Some(format!("{}.{operation}", service.target)),
            body: body.to_string().into(),
        };
        let answer = self.call(call).await?;
        let answer: &[u8] = if answer.is_empty() { b"{}" } else { &answer };
        serde_json::from_slice(answer).map_err(|error| {
            CallError::Unreachable(format!(
                "the answer to {operation} is not understood: {error}"
            ))
        })
    }

    /// Sends a request; returns the body of the answer.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn call(&self, call: Call<'_>) -> Result<Bytes, CallError> {
        self.call_within(call, ANSWER).await
    }

    /// As [`AwsClient::call`], for answers with other bounds.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn call_within(
        &self,
        call: Call<'_>,
        bounds: AnswerBounds,
    ) -> Result<Bytes, CallError> {
        let sent = async {
            match self {
                Self::Nowhere => Err(CallError::NotSet(
                    "there is nowhere to call: start `lambdura up` with `--aws-endpoint URL` or \
                     `--aws-credentials env`"
                        .to_owned(),
                )),
                Self::Broken(problem) => Err(CallError::NotSet(problem.clone())),
                Self::Emulator { to, client } => {
                    let url = format!("{}{}", to.to_string().trim_end_matches('/'), call.path);
                    let request = signed(&call, &url, placeholder())?;
                    read(client.request(request).await, bounds).await
                }
                Self::Account { keys, client } => {
                    let url = account_url(&call)?;
                    let keys = keys.get().await.map_err(CallError::NotSet)?;
                    let request = signed(&call, &url, keys)?;
                    read(client.request(request).await, bounds).await
                }
            }
        };
        match tokio::time::timeout(bounds.within, sent).await {
            Ok(answered) => answered,
            Err(_) => {
                let seconds = bounds.within.as_secs();
                Err(CallError::Unreachable(format!(
                    "no answer within {seconds} s"
                )))
            }
        }
    }
}

/// The URL of a service in the account: one of AWS's own hosts, even if the region's name is made up.
fn account_url(call: &Call<'_>) -> Result<String, CallError> {
    let suffix = match call.region.starts_with("cn-") {
        true => "amazonaws.com.cn",
        false => "amazonaws.com",
    };
    let host = format!("{}.{}.{suffix}", call.service, call.region);
    let url = format!("https://{host}{}", call.path);
    let leads_to = url.parse::<Uri>().ok();
    if leads_to.as_ref().and_then(Uri::host) != Some(&host) {
        let region = call.region;
        return Err(CallError::NotSet(format!("`{region}` is not a region")));
    }
    Ok(url)
}

/// A service that speaks JSON.
pub(crate) struct JsonService {
    pub name: &'static str,
    pub target: &'static str,
    pub content_type: &'static str,
}

async fn read(
    answer: Result<Response<hyper::body::Incoming>, hyper_util::client::legacy::Error>,
    bounds: AnswerBounds,
) -> Result<Bytes, CallError> {
    let answer = answer.map_err(|error| CallError::Unreachable(error_chain(&error)))?;
    let (parts, body) = answer.into_parts();
    let body = Limited::new(body, bounds.bytes_max).collect().await;
    let body = body.map_err(|error| CallError::Unreachable(error.to_string()))?;
    let body = body.to_bytes();
    if parts.status.is_success() {
        return Ok(body);
    }
    let named = parts.headers.get("x-amzn-errortype");
    let named = named.and_then(|name| name.to_str().ok());
    Err(refused(parts.status, named, &body))
}

/// The error in an answer, in JSON or in XML.
fn refused(status: StatusCode, named: Option<&str>, body: &[u8]) -> CallError {
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = String::from_utf8_lossy(body);
    let code = json["__type"].as_str().map(str::to_owned);
    let code = code
        .or_else(|| xml_text(&text, "Code").map(str::to_owned))
        .or_else(|| named.map(str::to_owned))
        .unwrap_or_else(|| status.to_string());
    let code = code.rsplit('#').next().unwrap_or(&code);
    let code = code.split(':').next().unwrap_or(code).to_owned();
    let message = ["message", "Message"]
        .iter()
        .find_map(|name| json[*name].as_str())
        .or_else(|| xml_text(&text, "Message"))
        .unwrap_or_default();
    CallError::Refused {
        code,
        message: message.to_owned(),
    }
}

/// The text of the first element of this name: answers of the query protocol are flat enough.
pub(crate) fn xml_text<'x>(xml: &'x str, name: &str) -> Option<&'x str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text)
}

/// S3 signs paths as they are sent, and the hash of the body.
fn settings(service: &str) -> SigningSettings {
    let mut settings = SigningSettings::default();
    if service == "s3" {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    settings
}

fn signed(
    call: &Call<'_>,
    url: &str,
    credentials: SigningCredentials,
) -> Result<Request<Full<Bytes>>, CallError> {
    let wrong = |error: &dyn std::error::Error| CallError::NotSet(error_chain(error));
    let mut request = Request::builder()
        .method(call.method.clone())
        .uri(url)
        .header(CONTENT_TYPE, call.content_type);
    if let Some(target) = &call.target {
        request = request.header("x-amz-target", target);
    }
    let mut request = request
        .body(Full::new(call.body.clone()))
        .map_err(|error| wrong(&error))?;
    let identity = credentials.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(call.region)
        .name(call.service)
        .time(SystemTime::now())
        .settings(settings(call.service))
        .build()
        .map_err(|error| wrong(&error))?
        .into();
    let headers = request
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let body = SignableBody::Bytes(&call.body);
    let signable = SignableRequest::new(call.method.as_str(), url, headers, body)
        .map_err(|error| wrong(&error))?;
    let (instructions, _) = sign(signable, &parameters)
        .map_err(|error| wrong(&error))?
        .into_parts();
    let (headers, _) = instructions.into_parts();
    for header in headers {
        let mut value = HeaderValue::from_str(header.value()).map_err(|error| wrong(&error))?;
        value.set_sensitive(header.sensitive());
        let name = HeaderName::from_static(header.name());
        request.headers_mut().insert(name, value);
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls are signed with the account's keys.
    #[test]
    fn calls_of_the_account_lead_to_aws_only() {
        let url = |region: &str| {
            let call = Call {
                service: "sqs",
                region,
                method: Method::POST,
                path: "/",
                content_type: "application/x-amz-json-1.0",
                target: None,
                body: Bytes::new(),
            };
            account_url(&call).ok()
        };
        let europe = "https://sqs.eu-west-1.amazonaws.com/";
        assert_eq!(url("eu-west-1").as_deref(), Some(europe));
        let china = "https://sqs.cn-north-1.amazonaws.com.cn/";
        assert_eq!(url("cn-north-1").as_deref(), Some(china));
        for region in [
            "evil.example/x",
            "evil.example?",
            "evil.example#",
            "x@evil.example",
            "a b",
        ] {
            assert_eq!(url(region), None, "{region}");
        }
    }

    #[test]
    fn errors_are_read_in_both_languages() {
        let json = br#"{"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "no queue"}"#;
        let error = refused(StatusCode::BAD_REQUEST, None, json);
        assert!(error.is_missing());
        assert_eq!(error.to_string(), "QueueDoesNotExist: no queue");
        let xml = b"<ErrorResponse><Error><Code>NotFound</Code><Message>no topic</Message></Error></ErrorResponse>";
        let error = refused(StatusCode::NOT_FOUND, None, xml);
        assert_eq!(error.to_string(), "NotFound: no topic");
        let error = refused(StatusCode::BAD_GATEWAY, None, b"");
        assert_eq!(error.to_string(), "502 Bad Gateway: ");
    }
}
