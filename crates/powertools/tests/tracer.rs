//! The datagrams that an X-Ray daemon receives: a UDP listener takes those of whole invocations.

#![expect(clippy::unwrap_used, reason = "a failed test is what a panic is for")]

use std::net::UdpSocket;
use std::time::Duration;

use powertools::{DOCUMENT_BYTES_MAX, Invocation, MemorySink, Powertools, Settings};
use serde_json::{Value, json};

const HEADER: &str = "{\"format\": \"json\", \"version\": 1}\n";
const TRACE: &str = "1-5759e988-bd862e3fe1be46a994272793";

struct Daemon(UdpSocket);

impl Daemon {
    fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        Self(socket)
    }

    fn tools(&self, variables: &[(&str, &str)]) -> Powertools {
        let address = self.0.local_addr().unwrap().to_string();
        let settings = Settings::from_lookup(|name| match name {
            "AWS_XRAY_DAEMON_ADDRESS" => Some(address.clone()),
            "POWERTOOLS_SERVICE_NAME" => Some("LoanApi".to_owned()),
            _ => variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned()),
        });
        Powertools::new(settings, MemorySink::new())
    }

    fn receive(&self) -> Value {
        let mut buffer = vec![0; 70_000];
        let length = self
            .0
            .recv(&mut buffer)
            .expect("a document arrives within ten seconds");
        let text = std::str::from_utf8(&buffer[..length]).unwrap();
        let document = text
            .strip_prefix(HEADER)
            .expect("every datagram begins with the header line");
        serde_json::from_str(document).unwrap()
    }

    /// Datagrams to loopback are delivered within the call that sends them, so an empty queue means: none was sent.
    fn received_nothing(&self) -> bool {
        self.0.set_nonblocking(true).unwrap();
        let nothing = self.0.recv(&mut [0; 16]).is_err();
        self.0.set_nonblocking(false).unwrap();
        nothing
    }
}

fn invocation(header: &str) -> Invocation {
    let mut invocation = Invocation::new("request-1").trace_header(header);
    invocation.cold_start = true;
    invocation
}

fn sampled() -> Invocation {
    invocation(&format!("Root={TRACE};Parent=53995c3f42cd8ad8;Sampled=1"))
}

#[tokio::test]
async fn methods_nest_below_the_handler_also_across_tasks() {
    let daemon = Daemon::start();
    let tools = daemon.tools(&[]);
    let work = async {
        tools
            .tracer
            .capture_method("apply", async {
                assert!(powertools::put_annotation("application_id", "LOAN-1"));
                assert!(powertools::put_metadata(
                    "LoanApi",
                    "response",
                    json!({ "statusCode": 200 })
                ));
                let tracer = tools.tracer.clone();
                let task = async move {
                    tracer
                        .capture_aws("DynamoDB", "PutItem", async { Ok::<_, String>(()) })
                        .await
                };
                tokio::spawn(powertools::carry(task)).await.unwrap()
            })
            .await
    };
    assert_eq!(tools.run(sampled(), work).await, Ok(()));

    let (call, method, handler) = (daemon.receive(), daemon.receive(), daemon.receive());
    assert_eq!(
        (&call["name"], &call["namespace"]),
        (&json!("DynamoDB"), &json!("aws"))
    );
    assert_eq!(call["aws"], json!({ "operation": "PutItem" }));
    assert_eq!(method["name"], "## apply");
    assert_eq!(method["annotations"], json!({ "application_id": "LOAN-1" }));
    assert_eq!(
        method["metadata"],
        json!({ "LoanApi": { "response": { "statusCode": 200 } } })
    );
    assert_eq!(handler["name"], "## lambda_handler");
    assert_eq!(
        handler["annotations"],
        json!({ "ColdStart": true, "Service": "LoanApi" })
    );

    assert_eq!(handler["parent_id"], "53995c3f42cd8ad8");
    assert_eq!(method["parent_id"], handler["id"]);
    assert_eq!(call["parent_id"], method["id"]);
    for document in [&call, &method, &handler] {
        assert_eq!(
            (&document["trace_id"], &document["type"]),
            (&json!(TRACE), &json!("subsegment"))
        );
        assert_eq!(document.get("fault"), None);
        let (start, end) = (
            document["start_time"].as_f64().unwrap(),
            document["end_time"].as_f64().unwrap(),
        );
        assert!(
            start <= end && handler["start_time"].as_f64().unwrap() <= start,
            "{document}"
        );
    }
    assert!(daemon.received_nothing());
}

#[tokio::test]
async fn concurrent_methods_are_siblings() {
    let daemon = Daemon::start();
    let tools = daemon.tools(&[]);
    let work = async {
        let method = |name: &'static str| {
            tools.tracer.capture_method(name, async {
                tokio::task::yield_now().await;
                Ok::<_, String>(())
            })
        };
        tokio::try_join!(method("equifax"), method("experian"))
    };
    tools.run(sampled(), work).await.unwrap();
    let (first, second, handler) = (daemon.receive(), daemon.receive(), daemon.receive());
    assert_eq!(
        (&first["parent_id"], &second["parent_id"]),
        (&handler["id"], &handler["id"])
    );
}

#[tokio::test]
async fn error_makes_a_fault_with_its_cause() {
    let daemon = Daemon::start();
    let tools = daemon.tools(&[]);
    let failed = tools.tracer.capture_method("apply", async {
        Err::<(), _>(std::io::Error::other("table \"gone\""))
    });
    assert!(tools.run(sampled(), failed).await.is_err());
    let (method, handler) = (daemon.receive(), daemon.receive());
    for document in [method, handler] {
        assert_eq!(document["fault"], true);
        let exception = &document["cause"]["exceptions"][0];
        assert_eq!(
            (&exception["type"], &exception["message"]),
            (&json!("Error"), &json!("table \"gone\""))
        );
        assert_eq!(exception["id"].as_str().unwrap().len(), 16);
    }
}

#[tokio::test]
async fn cancelled_work_is_a_fault_too() {
    let daemon = Daemon::start();
    let tools = daemon.tools(&[]);
    let endless = tools
        .tracer
        .capture_method("wait", std::future::pending::<Result<(), String>>());
    let invocation_run = tools.run(sampled(), endless);
    tokio::time::timeout(Duration::from_millis(1), invocation_run)
        .await
        .expect_err("it never ends by itself");
    for name in ["## wait", "## lambda_handler"] {
        let document = daemon.receive();
        assert_eq!(
            (&document["name"], &document["fault"]),
            (&json!(name), &json!(true))
        );
        assert_eq!(document["cause"]["exceptions"][0]["type"], "Unfinished");
    }
}

#[tokio::test]
async fn nothing_is_sent_when_not_sampled_or_not_wanted() {
    let daemon = Daemon::start();
    let unsampled = format!("Root={TRACE};Parent=53995c3f42cd8ad8;Sampled=0");
    let wanted = format!("Root={TRACE};Parent=53995c3f42cd8ad8;Sampled=1");
    for (header, variables) in [
        (unsampled.as_str(), &[][..]),
        ("nonsense", &[][..]),
        (
            wanted.as_str(),
            &[("POWERTOOLS_TRACE_DISABLED", "true")][..],
        ),
    ] {
        let tools = daemon.tools(variables);
        let work = tools.tracer.capture_method("apply", async {
            Ok::<_, String>(powertools::put_annotation("a", true))
        });
        assert_eq!(tools.run(invocation(header), work).await, Ok(false));
        assert!(daemon.received_nothing(), "{header} {variables:?}");
    }
}

#[tokio::test]
async fn without_a_parent_the_handler_is_the_segment() {
    let daemon = Daemon::start();
    let tools = daemon.tools(&[]);
    tools
        .run(invocation(&format!("Root={TRACE};Sampled=1")), async {
            Ok::<_, String>(())
        })
        .await
        .unwrap();
    let segment = daemon.receive();
    assert_eq!(
        (&segment["name"], &segment["origin"]),
        (&json!("LoanApi"), &json!("AWS::Lambda::Function"))
    );
    assert_eq!(
        (segment.get("type"), segment.get("parent_id")),
        (None, None)
    );
}

#[tokio::test]
async fn oversized_document_arrives_cut() {
    let daemon = Daemon::start();
    let tools = daemon.tools(&[]);
    let work = async {
        powertools::put_metadata("LoanApi", "payload", "\u{1}".repeat(100_000));
        Ok::<_, String>(())
    };
    tools.run(sampled(), work).await.unwrap();
    let document = daemon.receive();
    assert!(document["metadata"]["powertools"]["dropped"].is_string());
    assert!(document.to_string().len() <= DOCUMENT_BYTES_MAX);
}

#[tokio::test]
async fn absent_daemon_and_unusable_address_cost_nothing() {
    let closed = UdpSocket::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    for address in [
        closed.as_str(),
        "no port",
        "tcp:127.0.0.1:1 tcp:127.0.0.1:2",
        "name.invalid:2000",
    ] {
        let settings = Settings::from_lookup(|name| {
            (name == "AWS_XRAY_DAEMON_ADDRESS").then(|| address.to_owned())
        });
        let tools = Powertools::new(settings, MemorySink::new());
        for _ in 0..3 {
            let work = tools
                .tracer
                .capture_method("apply", async { Ok::<_, String>(1) });
            assert_eq!(tools.run(sampled(), work).await, Ok(1), "{address}");
        }
    }
}
