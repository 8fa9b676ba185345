//! Faults of the database are reported so that an operator can mend them.

mod support;

use store_postgres::{OpenError, PostgresStore};

use crate::support::{ACCOUNT, client, open, server};

async fn refused(url: &str) -> OpenError {
    match PostgresStore::open(url, ACCOUNT).await {
        Ok(_) => panic!("`{url}` is not to be opened"),
        Err(error) => error,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_said() {
    let missing = refused(&server().url("nothing")).await;
    assert!(
        missing.to_string().contains("CREATE DATABASE nothing"),
        "{missing}"
    );
    let stranger = server().url("postgres").replace("postgres@", "stranger@");
    let stranger = refused(&stranger).await;
    assert!(
        matches!(stranger, OpenError::Refused { .. }),
        "{stranger:?}"
    );
    assert!(stranger.to_string().contains("`stranger`"), "{stranger}");
    // A port of this machine without a listener: it is bound, and closed again.
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.local_addr().expect("it is bound").port()
    };
    let nobody = refused(&format!("postgres://me@127.0.0.1:{port}/x")).await;
    assert!(
        matches!(nobody, OpenError::Unreachable { .. }),
        "{nobody:?}"
    );
    for wrong in ["", "postgres://", "host=db sslmode=perhaps", "bogus=1"] {
        let error = refused(wrong).await;
        assert!(
            matches!(error, OpenError::Configuration { .. }),
            "{error:?}"
        );
    }
    for account in ["", "12345", "00000000000x", "0000000000000"] {
        let error = PostgresStore::open(&server().url("postgres"), account).await;
        assert!(matches!(error, Err(OpenError::Account { .. })), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn databases_that_cannot_be_used_are_refused() {
    let admin = client(&server().url("postgres")).await;
    let sql =
        "CREATE DATABASE ascii ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'";
    admin.batch_execute(sql).await.expect("it is created");
    let ascii = refused(&server().url("ascii")).await;
    assert!(matches!(ascii, OpenError::Encoding { .. }), "{ascii:?}");

    let url = server().database().await;
    drop(open(&url).await);
    let newer = "INSERT INTO lambdura.migrations (version, name) VALUES (999, 'of tomorrow')";
    let sql = client(&url).await;
    sql.batch_execute(newer).await.expect("it is recorded");
    let newer = refused(&url).await;
    assert!(
        newer.to_string().contains("newer version of this program"),
        "{newer}"
    );

    let url = server().database().await;
    let may_not = "CREATE ROLE guest LOGIN";
    admin.batch_execute(may_not).await.expect("it is created");
    let guest = refused(&url.replace("postgres@", "guest@")).await;
    assert!(matches!(guest, OpenError::Privilege { .. }), "{guest:?}");
    assert!(guest.to_string().contains("GRANT CREATE"), "{guest}");
}
