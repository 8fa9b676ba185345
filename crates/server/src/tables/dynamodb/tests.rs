//! The embedded tables behind their one thread: stored, synced, and unreachable for others.

use super::*;

fn list_tables() -> Request<Full<Bytes>> {
    Request::post("/")
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", "DynamoDB_20120810.ListTables")
        .header("x-amz-date", "20260101T000000Z")
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, \
             SignedHeaders=host, Signature=b",
        )
        .body(Full::from("{}"))
        .expect("the parts are all valid")
}

#[tokio::test]
async fn tables_are_as_durable_as_the_server() {
    for (durability, is_kept) in [
        (Durability::Disk, true),
        (Durability::Os, true),
        (Durability::Memory, false),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("dynamodb.sqlite3");
        let shutdown = CancellationToken::new();
        let tables = Embedded::start(&path, durability, shutdown.clone())
            .await
            .expect("it starts");
        for _ in 0..3 {
            let answer = tables.ask(list_tables()).await.expect("it is served");
            let body = String::from_utf8_lossy(answer.body()).into_owned();
            assert_eq!(
                (answer.status(), body.as_str()),
                (StatusCode::OK, r#"{"TableNames":[]}"#)
            );
        }
        assert_eq!(path.exists(), is_kept, "with {durability:?}");
        shutdown.cancel();
    }
}

#[tokio::test]
async fn the_file_is_for_one_server_and_one_user() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("dynamodb.sqlite3");
    let shutdown = CancellationToken::new();
    let start = |until: &CancellationToken| Embedded::start(&path, Durability::Disk, until.clone());
    let tables = start(&shutdown).await.expect("it starts");
    let mode = std::fs::metadata(&path).expect("the file").permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    let refused = start(&shutdown).await.map(drop);
    let refused = refused.expect_err("it is in use");
    let said = refused.to_string();
    let expected = format!("is in use by process {}", std::process::id());
    assert!(said.contains(&expected), "{said}");
    drop(tables);
    shutdown.cancel();
    let again = CancellationToken::new();
    start(&again).await.map(drop).expect("it was released");
    again.cancel();
}

#[tokio::test]
async fn no_port_stays_open_and_a_connection_that_ends_is_made_anew() {
    let database = Database::memory().expect("it opens");
    let shutdown = CancellationToken::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("it is bound");
    let sender = connect_on(listener, &database, &shutdown).await;
    let mut sender = sender.expect("it is served");
    let refused = TcpStream::connect(address).await;
    assert!(refused.is_err(), "{address} is still open");
    let asked = |name: &'static str, value: &'static str| {
        let mut request = list_tables();
        let value = hyper::header::HeaderValue::from_static(value);
        request.headers_mut().insert(name, value);
        request
    };
    // A browser's `Origin` gets no CORS headers.
    let answer = send(&mut sender, asked("origin", "http://evil.example")).await;
    let answer = answer.expect("it is served");
    let allowed = answer.headers().keys();
    let allowed = allowed.filter(|name| name.as_str().starts_with("access-control"));
    assert_eq!(allowed.count(), 0, "{:?}", answer.headers());
    // The connection closes, and the next request opens another one.
    let (requests, asked_of) = mpsc::channel(1);
    let (began, begins) = oneshot::channel();
    let log = Log::Unsynced;
    tokio::spawn(answer_all(database.clone(), log, asked_of, began, shutdown));
    begins.await.expect("it began").expect("it is served");
    let tables = Embedded {
        database,
        requests,
        failed: Arc::default(),
        _file: None,
    };
    for _ in 0..3 {
        let closing = tables.ask(asked("connection", "close")).await;
        assert_eq!(closing.expect("it is served").status(), StatusCode::OK);
    }
}

fn request(operation: &str, body: &serde_json::Value) -> Request<Full<Bytes>> {
    let mut request = list_tables();
    let target = format!("DynamoDB_20120810.{operation}");
    let target = target.parse().expect("a header value");
    request.headers_mut().insert("x-amz-target", target);
    *request.body_mut() = Full::from(body.to_string());
    request
}

/// Many changes at once share a sync, and all of them are there after a restart.
#[tokio::test]
async fn changes_that_share_a_sync_are_each_answered_and_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("dynamodb.sqlite3");
    let shutdown = CancellationToken::new();
    let tables = Embedded::start(&path, Durability::Disk, shutdown.clone());
    let tables = tables.await.expect("it starts");
    let create = serde_json::json!({
        "TableName": "things", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
        "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
    });
    let created = tables.ask(request("CreateTable", &create)).await;
    let created = created.expect("it is served");
    assert_eq!(created.status(), StatusCode::OK, "{:?}", created.body());
    let puts = (0..3 * ANSWERS_PER_SYNC).map(|number| {
        let item = serde_json::json!({ "id": { "S": number.to_string() } });
        let put = serde_json::json!({ "TableName": "things", "Item": item });
        let tables = tables.clone();
        async move { tables.ask(request("PutItem", &put)).await }
    });
    for put in futures_util::future::join_all(puts).await {
        assert_eq!(put.expect("it is served").status(), StatusCode::OK);
    }
    shutdown.cancel();
    drop(tables);
    let again = CancellationToken::new();
    let tables = Embedded::start(&path, Durability::Disk, again.clone());
    let tables = tables.await.expect("it was released");
    let count = serde_json::json!({ "TableName": "things", "Select": "COUNT" });
    let counted = tables.ask(request("Scan", &count)).await;
    let counted = counted.expect("it is served");
    let counted: serde_json::Value = serde_json::from_slice(counted.body()).expect("it is JSON");
    assert_eq!(counted["Count"], 3 * ANSWERS_PER_SYNC);
    again.cancel();
}

fn synced(path: PathBuf) -> Log {
    let failed = Arc::default();
    Log::Synced { path, failed }
}

/// The system reports a failed write only once; a later sync does not put it on the disk.
#[test]
fn after_a_sync_that_failed_none_succeeds() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tables-wal");
    let log = synced(path.clone());
    log.sync().expect_err("there is no file");
    File::create(&path).expect("it can be written");
    log.sync().expect("nothing was asked of the disk before");
    std::fs::remove_file(&path).expect("it is there");
    // A device that cannot be synced.
    std::os::unix::fs::symlink("/dev/null", &path).expect("it can be linked");
    let first = log.sync().expect_err("it cannot be synced");
    std::fs::remove_file(&path).expect("it is there");
    File::create(&path).expect("it can be written");
    assert_eq!(log.sync(), Err(first.clone()));
    assert_eq!(log.failed().get(), Some(&first));
}

/// An answer confirms that the change is on the disk; without that knowledge there is no answer.
#[tokio::test]
async fn without_its_log_no_change_is_answered_and_reading_goes_on() {
    let database = Database::memory().expect("it opens");
    let folder = tempfile::tempdir().expect("a folder");
    let log = synced(folder.path().join("gone-wal"));
    let (requests, asked) = mpsc::channel(1);
    let (began, begins) = oneshot::channel();
    let shutdown = CancellationToken::new();
    tokio::spawn(answer_all(database.clone(), log, asked, began, shutdown));
    begins.await.expect("it began").expect("it is served");
    let tables = Embedded {
        database,
        requests,
        failed: Arc::default(),
        _file: None,
    };
    let put = serde_json::json!({ "TableName": "things", "Item": {} });
    let refused = tables.ask(request("PutItem", &put)).await;
    let refused = refused.expect_err("it is not on the disk");
    assert!(refused.contains("gone-wal"), "{refused}");
    let listed = tables.ask(list_tables()).await.expect("it is served");
    assert_eq!(listed.status(), StatusCode::OK);
}

#[test]
fn what_may_change_something_is_synced() {
    for operation in ["GetItem", "Query", "DescribeTable", "ListTables"] {
        assert!(only_reads(&request(operation, &serde_json::json!({}))));
    }
    for operation in ["PutItem", "TransactWriteItems", "ExecuteStatement", "New"] {
        assert!(!only_reads(&request(operation, &serde_json::json!({}))));
    }
    assert!(!only_reads(&Request::new(Full::default())));
}
