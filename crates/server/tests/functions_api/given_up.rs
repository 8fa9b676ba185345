//! Invocations that are given up or held back.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_up_is_found_among_the_dead_letters() {
    let server = TestServer::start().await;
    let config = "/2019-09-25/functions/Plain/event-invoke-config";
    assert!(
        refused(&server, Method::GET, config, &Value::Null)
            .await
            .starts_with("404")
    );
    let bad = json!({"MaximumRetryAttempts": 3});
    assert!(
        refused(&server, Method::PUT, config, &bad)
            .await
            .starts_with("400 ValidationException")
    );
    let put = ok(
        &server,
        Method::PUT,
        config,
        &json!({"MaximumRetryAttempts": 0}),
    )
    .await;
    assert_eq!(put["MaximumRetryAttempts"], 0);
    assert!(
        put["FunctionArn"]
            .as_str()
            .unwrap()
            .ends_with(":Plain:$LATEST")
    );
    let update = ok(
        &server,
        Method::POST,
        config,
        &json!({"MaximumEventAgeInSeconds": 60}),
    )
    .await;
    assert_eq!(
        (
            &update["MaximumRetryAttempts"],
            &update["MaximumEventAgeInSeconds"]
        ),
        (&json!(0), &json!(60))
    );
    let list = ok(
        &server,
        Method::GET,
        &format!("{config}/list"),
        &Value::Null,
    )
    .await;
    assert_eq!(
        list["FunctionEventInvokeConfigs"].as_array().unwrap().len(),
        1
    );

    let event = [("x-amz-invocation-type", "Event")];
    assert_eq!(
        server
            .invoke("Plain", &event, r#"{"fail":"told to"}"#)
            .await
            .status,
        202
    );
    let letter = server
        .until("the event is a dead letter", async || {
            let letters = server.get("/lambdura/dead-letters").await.json();
            let first = letters["dead_letters"][0].clone();
            if first.is_null() {
                Err(letters.to_string())
            } else {
                Ok(first)
            }
        })
        .await;
    assert_eq!(
        (&letter["condition"], &letter["attempts"]),
        (&json!("RetriesExhausted"), &json!(1))
    );
    assert_eq!(letter["payload"], r#"{"fail":"told to"}"#);
    assert_eq!(letter["error"]["errorMessage"], "told to");
    assert_eq!(
        call(&server, Method::DELETE, config, &Value::Null)
            .await
            .status,
        204
    );
    let server = server.restart().await;
    let letters = server.get("/lambdura/dead-letters?limit=1").await.json();
    assert_eq!(letters["dead_letters"][0], letter);
}

#[tokio::test(flavor = "multi_thread")]
async fn reserved_concurrency_is_enforced_and_tags_are_kept() {
    let server = TestServer::start().await;
    let concurrency = "/2017-10-31/functions/Plain/concurrency";
    ok(
        &server,
        Method::PUT,
        concurrency,
        &json!({"ReservedConcurrentExecutions": 0}),
    )
    .await;
    let throttled = server.invoke("Plain", &[], "{}").await;
    assert_eq!(throttled.status, 429, "{throttled:?}");
    assert_eq!(
        throttled.json()["Reason"],
        "ReservedFunctionConcurrentInvocationLimitExceeded"
    );
    let server = server.restart().await;
    assert_eq!(
        server.invoke("Plain", &[], "{}").await.status,
        429,
        "a restart forgets nothing"
    );
    let read = "/2019-09-30/functions/Plain/concurrency";
    let shown = ok(&server, Method::GET, read, &Value::Null).await;
    assert_eq!(shown["ReservedConcurrentExecutions"], 0);
    ok(
        &server,
        Method::PUT,
        concurrency,
        &json!({"ReservedConcurrentExecutions": 1}),
    )
    .await;
    assert_eq!(server.invoke("Plain", &[], "{}").await.status, 200);
    assert_eq!(
        call(&server, Method::DELETE, concurrency, &Value::Null)
            .await
            .status,
        204
    );
    assert_eq!(
        ok(&server, Method::GET, read, &Value::Null).await,
        json!({})
    );

    let tags = format!(
        "/2017-03-31/tags/{}",
        encode("arn:aws:lambda:us-east-1:000000000000:function:Plain")
    );
    ok(
        &server,
        Method::POST,
        &tags,
        &json!({"Tags": {"a": "1", "b c": "2"}}),
    )
    .await;
    let untag = format!("{tags}?tagKeys=b%20c&tagKeys=x");
    assert_eq!(
        call(&server, Method::DELETE, &untag, &Value::Null)
            .await
            .status,
        204
    );
    assert_eq!(
        ok(&server, Method::GET, &tags, &Value::Null).await["Tags"],
        json!({"a": "1"})
    );
    assert!(
        refused(
            &server,
            Method::GET,
            &format!("{tags}%3Alive"),
            &Value::Null
        )
        .await
        .starts_with("400")
    );
    assert!(
        refused(&server, Method::POST, &tags, &json!({}))
            .await
            .starts_with("400 ValidationException")
    );
}
