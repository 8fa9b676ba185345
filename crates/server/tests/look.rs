//! The console on the file of a program that runs its own executions.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::{Method, Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use lambdura::embedded::Embedded;
use lambdura::{BoxError, DurableContext, StepContext};
use serde_json::Value;
use server::{Server, StartServerError};
use tempfile::TempDir;

async fn order(name: String, ctx: DurableContext) -> Result<String, BoxError> {
    let packed = ctx.step(|_: StepContext| async { Ok::<_, BoxError>("packed".to_owned()) });
    let packed = packed.name("pack").await?;
    let (_, answer) = (
        name,
        ctx.create_callback::<String>().name("received").await?,
    );
    Ok(format!("{packed}, {}", answer.await?))
}

async fn look(file: &Path, scratch: &TempDir) -> Result<Server, StartServerError> {
    let any: SocketAddr = "127.0.0.1:0".parse().expect("it works");
    Server::look(file, any, scratch.path()).await
}

async fn request(server: &Server, method: Method, path: &str) -> (StatusCode, Value) {
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let request = Request::builder()
        .method(method)
        .uri(format!("{}{path}", server.endpoint()))
        .body(Empty::new())
        .expect("it works");
    let response = client.request(request).await.expect("it works");
    let status = response.status();
    let body = response
        .into_body()
        .collect()
        .await
        .expect("it works")
        .to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

/// Reads events of a live view until one of them holds `text`.
async fn read_until(body: &mut hyper::body::Incoming, text: &str) {
    let mut read = String::new();
    let reading = async {
        while !read.contains(text) {
            let frame = body
                .frame()
                .await
                .expect("the view goes on")
                .expect("it works");
            if let Ok(data) = frame.into_data() {
                read.push_str(&String::from_utf8_lossy(&data));
            }
        }
    };
    let read_it = tokio::time::timeout(Duration::from_secs(30), reading).await;
    assert!(read_it.is_ok(), "`{text}` did not come; read: {read}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_shows_what_a_running_program_does_and_changes_nothing() {
    let (folder, scratch) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let file = folder.path().join("app.db");
    let nothing = look(&file, &scratch).await.err().expect("there is no file");
    let why = std::error::Error::source(&nothing)
        .expect("it says why")
        .to_string();
    assert!(why.contains("there is no such file"), "{why}");

    let app = Embedded::builder(&file)
        .handler("order", order)
        .open()
        .await
        .unwrap();
    let execution = app.start("order", "shed").name("one").await.unwrap();
    let server = look(&file, &scratch).await.unwrap();
    let (status, listed) = request(&server, Method::GET, "/lambdura/v1/executions").await;
    assert_eq!(status, StatusCode::OK, "{listed}");
    assert_eq!(listed["executions"][0]["name"], "one", "{listed}");

    let arn = execution.arn();
    let id = arn.rsplit('/').next().unwrap();
    let (status, detail) = request(
        &server,
        Method::GET,
        &format!("/lambdura/v1/executions/{id}"),
    )
    .await;
    assert_eq!(status, StatusCode::OK, "{detail}");

    // The page follows the program's changes.
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let live = format!("{}/lambdura/v1/executions/{id}/live", server.endpoint());
    let live = Request::builder().uri(live).body(Empty::new()).unwrap();
    let mut view = client.request(live).await.unwrap().into_body();
    read_until(&mut view, "CallbackStarted").await;
    let history = execution.history().await.unwrap();
    let callback = history
        .iter()
        .find_map(|it| it.callback_started_details.as_ref());
    let callback = callback.unwrap().callback_id.clone();

    // Requests for changes are refused with the reason.
    let arn = percent_encoding::utf8_percent_encode(&arn, percent_encoding::NON_ALPHANUMERIC);
    let stop = format!("/2025-12-01/durable-executions/{arn}/stop");
    let (status, refused) = request(&server, Method::POST, &stop).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{refused}");
    assert!(
        refused.to_string().contains("This console only looks"),
        "{refused}"
    );

    app.send_callback_success(&callback, "thanks")
        .await
        .unwrap();
    read_until(&mut view, "ExecutionSucceeded").await;
    assert_eq!(
        execution.result::<String>().await.unwrap(),
        "packed, thanks"
    );
    drop(view);
    server.shut_down().await.unwrap();
    app.shut_down().await.unwrap();

    // Also while the program does not run; it can start again while the console is open.
    let server = look(&file, &scratch).await.unwrap();
    let (_, listed) = request(&server, Method::GET, "/lambdura/v1/executions").await;
    assert_eq!(listed["executions"][0]["status"], "SUCCEEDED", "{listed}");
    let app = Embedded::builder(&file)
        .handler("order", order)
        .open()
        .await
        .unwrap();
    app.shut_down().await.unwrap();
    server.shut_down().await.unwrap();
}
