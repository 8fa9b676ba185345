//! The client against small servers of its own: its requests, its repetitions, and how it reads answers.

use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use lambda_api::{ErrorCode, OperationUpdate};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;

use super::*;

const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST/durable-execution/n/i";

/// A server's reaction to one request.
#[derive(Clone)]
enum Answer {
    Ok(&'static str),
    Error(u16, &'static str, &'static str),
    /// Answers, and closes the connection a little later, as servers do with idle ones.
    OkThenClose(&'static str),
    /// Answers with an error and a date.
    Dated(&'static str, String),
    /// Answers with a page of state whose one operation has a result of so many bytes.
    Page(usize),
    /// Takes the request and closes the connection.
    HangUp,
}

struct Server {
    client: LambdaClient,
    requests: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<usize>>,
}

impl Server {
    async fn start(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(Mutex::new(0));
        let seen = (Arc::clone(&requests), Arc::clone(&connections));
        tokio::spawn(async move {
            let mut answers = answers.into_iter();
            while let Ok((stream, _)) = listener.accept().await {
                *seen.1.lock().unwrap() += 1;
                serve(stream, &mut answers, &seen.0).await;
            }
        });
        let endpoint = Endpoint::parse(&url).unwrap();
        let credentials = Credentials::new("AKID", "secret", None, None, "test");
        let provider = SharedCredentialsProvider::new(credentials);
        let client = LambdaClient {
            connector: Connector::new(&endpoint).unwrap(),
            signer: Some(Signer::new("us-east-1", Some(provider)).unwrap()),
            endpoint,
            calls: Semaphore::new(CALLS_MAX),
            idle: Mutex::default(),
        };
        Self {
            client,
            requests,
            connections,
        }
    }

    async fn checkpoint(&self) -> Result<CheckpointDurableExecutionResponse, ServiceError> {
        let request = CheckpointDurableExecutionRequest {
            checkpoint_token: "dG9rZW4=".to_owned(),
            updates: vec![OperationUpdate::default()],
            client_token: Some("client-token".to_owned()),
        };
        self.client.checkpoint(ARN, request).await
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    answers: &mut impl Iterator<Item = Answer>,
    requests: &Mutex<Vec<String>>,
) {
    while let Some(request) = read_request(&mut stream).await {
        requests.lock().unwrap().push(request);
        let answer = answers.next().expect("an answer for every request");
        let (text, close) = match answer {
            Answer::Ok(body) => (response(200, "", body), false),
            Answer::OkThenClose(body) => (response(200, "", body), true),
            Answer::Error(status, code, body) => (
                response(status, &format!("x-amzn-ErrorType: {code}\r\n"), body),
                false,
            ),
            Answer::Dated(code, date) => {
                let header = format!("x-amzn-ErrorType: {code}\r\ndate: {date}\r\n");
                (response(403, &header, r#"{"message":"no"}"#), false)
            }
            Answer::Page(bytes) => {
                let details = format!(r#"{{"Attempt":1,"Result":"{}"}}"#, "x".repeat(bytes));
                let operation = format!(
                    r#"{{"Id":"1","Type":"STEP","Status":"SUCCEEDED","StartTimestamp":1,"StepDetails":{details}}}"#
                );
                let page = format!(r#"{{"Operations":[{operation}],"NextMarker":""}}"#);
                (response(200, "", &page), false)
            }
            Answer::HangUp => return,
        };
        stream.write_all(text.as_bytes()).await.unwrap();
        if close {
            return;
        }
    }
}

fn response(status: u16, header: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} Status\r\n{header}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Reads head and body of one request; `None` when the client has closed.
async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase()
                        .strip_prefix("content-length: ")?
                        .parse()
                        .ok()
                })
                .unwrap_or(0);
            if body.len() >= length {
                return Some(text);
            }
        }
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
        }
    }
}

const ACCEPTED: &str = r#"{"CheckpointToken":"bmV4dA==","NewExecutionState":{"Operations":[{"Id":"1","Type":"STEP","Status":"STARTED","StartTimestamp":1767896523.358}]}}"#;

#[tokio::test]
async fn checkpoint_is_sent_as_aws_expects_it() {
    let server = Server::start(vec![Answer::Ok(ACCEPTED)]).await;
    let response = server.checkpoint().await.unwrap();
    assert_eq!(response.checkpoint_token.as_deref(), Some("bmV4dA=="));
    assert_eq!(response.new_execution_state.operations[0].id, "1");

    let request = server.requests().remove(0);
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let line = "POST /2025-12-01/durable-executions/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af%3A%24LATEST%2Fdurable-execution%2Fn%2Fi/checkpoint HTTP/1.1";
    assert_eq!(head.lines().next(), Some(line));
    let head = head.to_ascii_lowercase();
    assert!(
        head.contains("authorization: aws4-hmac-sha256 credential=akid/"),
        "{head}"
    );
    assert!(head.contains("/us-east-1/lambda/aws4_request"), "{head}");
    assert!(
        head.contains("user-agent: aws-durable-execution-sdk-rust-lambdura/"),
        "{head}"
    );
    assert!(head.contains("content-type: application/json"), "{head}");
    assert_eq!(
        body,
        r#"{"CheckpointToken":"dG9rZW4=","Updates":[{"Id":"","Type":"","Action":""}],"ClientToken":"client-token"}"#
    );
}

#[cfg(unix)]
#[tokio::test]
async fn by_a_socket_nothing_is_signed() {
    let path = std::env::temp_dir().join(format!("lambdura-{}.sock", uuid::Uuid::new_v4()));
    let listener = UnixListener::bind(&path).unwrap();
    let requests = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&requests);
    tokio::spawn(async move {
        let mut answers = [Answer::Ok(ACCEPTED), Answer::Ok(ACCEPTED)].into_iter();
        let (stream, _) = listener.accept().await.unwrap();
        serve(stream, &mut answers, &seen).await;
    });
    let client = LambdaClient {
        endpoint: Endpoint::parse("http://127.0.0.1:3001").unwrap(),
        signer: None,
        connector: Connector::to_socket(path.clone()),
        calls: Semaphore::new(CALLS_MAX),
        idle: Mutex::default(),
    };
    for _ in 0..2 {
        let request = CheckpointDurableExecutionRequest::default();
        let response = client.checkpoint(ARN, request).await.unwrap();
        assert_eq!(response.checkpoint_token.as_deref(), Some("bmV4dA=="));
    }
    std::fs::remove_file(&path).unwrap();
    for request in requests.lock().unwrap().iter() {
        let head = request.to_ascii_lowercase();
        assert!(head.contains("host: 127.0.0.1:3001\r\n"), "{head}");
        assert!(!head.contains("authorization"), "{head}");
    }
    // The error names the socket's path.
    let gone = LambdaClient {
        connector: Connector::to_socket(path.clone()),
        calls: Semaphore::new(CALLS_MAX),
        idle: Mutex::default(),
        ..client
    };
    let error = gone.connector.connect().await.unwrap_err().to_string();
    assert!(error.contains(path.to_str().unwrap()), "{error}");
}

#[tokio::test]
async fn state_is_read_by_token_and_marker() {
    let server = Server::start(vec![Answer::Ok(r#"{"Operations":[],"NextMarker":""}"#)]).await;
    let page = server
        .client
        .get_state(ARN, "dG9r+w==", "m/1")
        .await
        .unwrap();
    assert_eq!(page.next_marker.as_deref(), Some(""));
    let request = server.requests().remove(0);
    let line = request.lines().next().unwrap().to_owned();
    assert!(
        line.starts_with("GET /2025-12-01/durable-executions/arn%3A"),
        "{line}"
    );
    assert!(
        line.ends_with("/state?CheckpointToken=dG9r%2Bw%3D%3D&Marker=m%2F1&MaxItems=1000 HTTP/1.1"),
        "{line}"
    );
}

#[tokio::test]
async fn calls_share_a_connection() {
    let server = Server::start(vec![Answer::Ok(ACCEPTED); 3]).await;
    for _ in 0..3 {
        server.checkpoint().await.unwrap();
    }
    assert_eq!(server.connections(), 1);
}

/// A process that serves many invocations at one time keeps a connection for each.
#[tokio::test]
async fn calls_at_one_time_keep_a_connection_each() {
    let path = std::env::temp_dir().join(format!("lambdura-{}.sock", uuid::Uuid::new_v4()));
    let listener = UnixListener::bind(&path).unwrap();
    let accepted = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&accepted);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            *counted.lock().unwrap() += 1;
            tokio::spawn(async move {
                let mut answers = std::iter::repeat_n(Answer::Ok(ACCEPTED), 3);
                serve(stream, &mut answers, &Mutex::default()).await;
            });
        }
    });
    let client = LambdaClient {
        endpoint: Endpoint::parse("http://127.0.0.1:3001").unwrap(),
        signer: None,
        connector: Connector::to_socket(path.clone()),
        calls: Semaphore::new(CALLS_MAX),
        idle: Mutex::default(),
    };
    for _ in 0..3 {
        let calls =
            (0..3).map(|_| client.checkpoint(ARN, CheckpointDurableExecutionRequest::default()));
        for answer in futures_util::future::join_all(calls).await {
            answer.unwrap();
        }
    }
    std::fs::remove_file(&path).unwrap();
    assert_eq!(*accepted.lock().unwrap(), 3);
}

#[tokio::test]
async fn connection_that_was_closed_meanwhile_is_replaced_without_a_retry() {
    let server = Server::start(vec![Answer::OkThenClose(ACCEPTED), Answer::Ok(ACCEPTED)]).await;
    server.checkpoint().await.unwrap();
    // The close must have arrived before the next call, or that call is a retry.
    let closed = async {
        loop {
            let Some(connection) = server.client.take_idle().await else {
                return;
            };
            server.client.idle.lock().unwrap().push(connection);
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), closed)
        .await
        .expect("the client notices that the server closed");
    server.checkpoint().await.unwrap();
    assert_eq!(server.connections(), 2);
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn lost_answer_is_asked_for_again_with_the_same_tokens() {
    let answers = vec![
        Answer::HangUp,
        Answer::Error(503, "ServiceException", "{}"),
        Answer::Ok(ACCEPTED),
    ];
    let server = Server::start(answers).await;
    server.checkpoint().await.unwrap();
    let bodies: Vec<_> = server
        .requests()
        .iter()
        .map(|request| request.split_once("\r\n\r\n").unwrap().1.to_owned())
        .collect();
    assert_eq!(bodies.len(), 3);
    assert_eq!(bodies[0], bodies[1]);
    assert_eq!(bodies[1], bodies[2]);
}

#[tokio::test]
async fn service_that_stays_away_is_an_error_that_says_so() {
    let server = Server::start(vec![Answer::HangUp; 3]).await;
    let error = server.checkpoint().await.unwrap_err();
    assert!(matches!(error, ServiceError::Unreachable { .. }), "{error}");
    assert_eq!(server.requests().len(), 3);

    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    let endpoint = Endpoint::parse(&format!("http://{address}")).unwrap();
    let error = Connector::new(&endpoint)
        .unwrap()
        .connect()
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with(&format!("connect to {address}: ")),
        "{text}"
    );
    assert!(text.contains("refused"), "{text}");
}

#[tokio::test]
async fn rejection_is_not_repeated_and_keeps_name_and_message() {
    let answers = [
        Answer::Error(
            400,
            "InvalidParameterValueException:http://x/",
            r#"{"message":"Invalid checkpoint token"}"#,
        ),
        Answer::Error(
            502,
            "KMSDisabledException",
            r#"{"Message":"key is disabled"}"#,
        ),
        Answer::Error(
            403,
            "",
            r#"{"__type":"AccessDeniedException","Message":"no"}"#,
        ),
    ];
    let expected = [
        (ErrorCode::InvalidParameterValue, "Invalid checkpoint token"),
        (ErrorCode::KmsDisabled, "key is disabled"),
        (ErrorCode::AccessDenied, "no"),
    ];
    for (answer, (expected_code, expected_message)) in answers.into_iter().zip(expected) {
        let server = Server::start(vec![answer]).await;
        let error = server.checkpoint().await.unwrap_err();
        let ServiceError::Rejected { code, message, .. } = error else {
            panic!("{error}");
        };
        assert_eq!(code, expected_code);
        assert_eq!(message, expected_message);
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn answer_that_is_not_json_is_an_error() {
    let server = Server::start(vec![Answer::Ok("<html>"); 1]).await;
    let error = server.checkpoint().await.unwrap_err();
    assert!(
        error.to_string().contains("answer cannot be read"),
        "{error}"
    );
}

/// When a request was signed, as its header says.
fn signed_at(request: &str) -> SystemTime {
    let header = request
        .lines()
        .find_map(|line| line.strip_prefix("x-amz-date: "));
    let at = header.unwrap_or_else(|| panic!("no date in {request}"));
    let number = |range: std::ops::Range<usize>| -> u64 { at[range].parse().unwrap() };
    // Converts it to a date that a library can parse.
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let month = MONTHS[usize::try_from(number(4..6) - 1).unwrap()];
    let (day, year) = (number(6..8), number(0..4));
    let (hour, minute, second) = (&at[9..11], &at[11..13], &at[13..15]);
    ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
        .into_iter()
        .find_map(|weekday| {
            let date = format!("{weekday}, {day:02} {month} {year} {hour}:{minute}:{second} GMT");
            httpdate::parse_http_date(&date).ok()
        })
        .unwrap()
}

#[tokio::test]
async fn clock_that_is_off_is_corrected_by_the_answer_to_a_refused_signature() {
    let hour = Duration::from_secs(3600);
    for code in ["RequestTimeTooSkewed", "InvalidSignatureException"] {
        for theirs in [SystemTime::now() + hour, SystemTime::now() - hour] {
            let answers = vec![
                Answer::Dated(code, httpdate::fmt_http_date(theirs)),
                Answer::Ok(ACCEPTED),
                Answer::Ok(ACCEPTED),
            ];
            let server = Server::start(answers).await;
            server.checkpoint().await.unwrap();
            server.checkpoint().await.unwrap();
            let requests = server.requests();
            assert_eq!(requests.len(), 3, "the second call is signed right at once");
            for request in &requests[1..] {
                let signed_at = signed_at(request);
                let off = signed_at
                    .duration_since(theirs)
                    .unwrap_or_else(|error| error.duration());
                assert!(
                    off < Duration::from_secs(60),
                    "{signed_at:?} instead of {theirs:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn refusal_for_another_reason_is_not_repeated() {
    let now = httpdate::fmt_http_date(SystemTime::now());
    let hour_ago = httpdate::fmt_http_date(SystemTime::now() - Duration::from_secs(3600));
    let refused = [
        // The clocks agree: the key is wrong.
        vec![Answer::Dated("InvalidSignatureException", now)],
        vec![Answer::Dated("AccessDeniedException", hour_ago.clone())],
        // Corrected, and refused again.
        vec![Answer::Dated("RequestTimeTooSkewed", hour_ago.clone()); 2],
    ];
    for answers in refused {
        let expected = answers.len();
        let server = Server::start(answers).await;
        let error = server.checkpoint().await.unwrap_err();
        assert!(
            matches!(error, ServiceError::Rejected { status: 403, .. }),
            "{error}"
        );
        assert_eq!(server.requests().len(), expected);
    }
}

#[tokio::test]
async fn page_of_state_is_read_whatever_its_size() {
    const BYTES: usize = 70_000_000;
    let server = Server::start(vec![Answer::Page(BYTES)]).await;
    let page = server.client.get_state(ARN, "token", "1").await.unwrap();
    let details = page.operations[0].step_details.as_ref().unwrap();
    assert_eq!(details.result.as_ref().unwrap().len(), BYTES);
}

#[test]
fn endpoint_is_what_the_configuration_asks_for() {
    let region = aws_config::Region::new("us-gov-west-1");
    let plain = SdkConfig::builder().region(region).build();
    let (region, endpoint) = place(&plain).unwrap();
    assert_eq!(region, "us-gov-west-1");
    assert_eq!(endpoint.authority(), "lambda.us-gov-west-1.amazonaws.com");
    let both = SdkConfig::builder()
        .region(plain.region().cloned())
        .use_fips(true)
        .use_dual_stack(true)
        .build();
    let (_, endpoint) = place(&both).unwrap();
    assert_eq!(endpoint.authority(), "lambda-fips.us-gov-west-1.api.aws");
    let named = SdkConfig::builder()
        .region(plain.region().cloned())
        .use_fips(true)
        .endpoint_url("http://127.0.0.1:1")
        .build();
    assert_eq!(place(&named).unwrap().1.authority(), "127.0.0.1:1");
    assert!(place(&SdkConfig::builder().build()).is_err());
}
