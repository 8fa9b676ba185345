//! The work of `bench/peers` as durable functions: ten steps, a loan, a wait. The handler is the function's `_HANDLER`.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use futures_util::try_join;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use lambdura::{BoxError, CallbackId, DurableContext, StepContext};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

const STEPS: usize = 10;

/// The input of an execution, and the result of each of its steps: about 200 bytes of JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Parcel {
    number: u64,
    wait_millis: u64,
    filling: String,
}

impl Parcel {
    fn next(&self) -> Self {
        Self {
            number: self.number + 1,
            ..self.clone()
        }
    }
}

fn step(
    parcel: &Parcel,
) -> impl Fn(StepContext) -> std::future::Ready<Result<Parcel, BoxError>> + Send + Sync + use<> {
    let parcel = parcel.clone();
    move |_| std::future::ready(Ok(parcel.next()))
}

async fn steps(mut parcel: Parcel, ctx: DurableContext) -> Result<Parcel, BoxError> {
    for _ in 0..STEPS {
        parcel = ctx.step(step(&parcel)).name("step").await?;
    }
    Ok(parcel)
}

async fn loan(parcel: Parcel, ctx: DurableContext) -> Result<Parcel, BoxError> {
    let parcel = ctx.step(step(&parcel)).name("validate").await?;
    try_join!(
        async { ctx.step(step(&parcel)).name("credit-a").await },
        async { ctx.step(step(&parcel)).name("credit-b").await },
        async { ctx.step(step(&parcel)).name("credit-c").await },
    )?;
    let parcel = ctx.step(step(&parcel)).name("risk").await?;
    let next = parcel.next();
    let parcel: Parcel = ctx
        .wait_for_callback("ask", move |id: CallbackId, _: StepContext| {
            let next = next.clone();
            async move {
                tokio::spawn(answer(id, next));
                Ok::<_, BoxError>(())
            }
        })
        .await?;
    let parcel = ctx.step(step(&parcel)).name("offer").await?;
    Ok(ctx.step(step(&parcel)).name("pay").await?)
}

async fn wait(parcel: Parcel, ctx: DurableContext) -> Result<Parcel, BoxError> {
    let parcel = ctx.step(step(&parcel)).name("before").await?;
    ctx.wait(Duration::from_millis(parcel.wait_millis)).await?;
    Ok(ctx.step(step(&parcel)).name("after").await?)
}

/// Answers a callback over the public API, as an outside client would.
async fn answer(id: CallbackId, parcel: Parcel) {
    const TRIES: u32 = 200;
    for _ in 0..TRIES {
        match try_answer(&id, &parcel).await {
            Ok(()) => return,
            Err(error) => eprintln!("{error:#}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn try_answer(id: &CallbackId, parcel: &Parcel) -> Result<()> {
    thread_local! {
        static CLIENT: Client<HttpConnector, Full<Bytes>> =
            Client::builder(TokioExecutor::new()).build_http();
    }
    let endpoint = std::env::var("AWS_ENDPOINT_URL_LAMBDA").context("find the service")?;
    let id = utf8_percent_encode(id.as_str(), NON_ALPHANUMERIC);
    let url = format!("{endpoint}/2025-12-01/durable-execution-callbacks/{id}/succeed");
    let body = serde_json::to_vec(parcel).context("write the answer")?;
    let request = Request::post(url)
        .body(Full::from(body))
        .context("make a request")?;
    let response = CLIENT
        .with(|client| client.request(request))
        .await
        .context("send")?;
    let status = response.status();
    let said = response
        .into_body()
        .collect()
        .await
        .context("read")?
        .to_bytes();
    if !status.is_success() {
        bail!("{status}: {said:?}");
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambdura::Error> {
    match std::env::var("_HANDLER").as_deref() {
        Ok("loan") => lambdura::run(loan).await,
        Ok("wait") => lambdura::run(wait).await,
        _ => lambdura::run(steps).await,
    }
}
