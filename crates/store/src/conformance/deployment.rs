//! Versions and aliases of functions.

use model::{FunctionName, Version};

use super::subject::BEGINNING;
use crate::{AliasRecord, FunctionVersionRecord, Store};

fn version(function: &str, version: Version, code: &str) -> FunctionVersionRecord {
    FunctionVersionRecord {
        function: FunctionName::parse(function).expect("a valid name"),
        version,
        code_sha256: code.to_owned(),
        config_sha256: "config".to_owned(),
        code_dir: "/data/code/1".to_owned(),
        configuration: "{\"FunctionName\":\"Loan\"}".to_owned(),
        published_at: BEGINNING,
    }
}

pub(super) async fn versions_and_aliases_are_kept(store: &dyn Store) {
    let expected = [
        version("Fraud", Version::Published(1), "a"),
        version("Loan", Version::Latest, "b"),
        version("Loan", Version::Published(2), "c"),
        version("Loan", Version::Published(10), "d"),
    ];
    for record in expected.iter().rev() {
        store
            .put_function_version(record.clone())
            .await
            .expect("new");
    }
    assert_eq!(store.function_versions().await.expect("works"), expected);

    // $LATEST moves; a published version does not.
    let latest = version("Loan", Version::Latest, "newer");
    store
        .put_function_version(latest.clone())
        .await
        .expect("replaced");
    let again = version("Loan", Version::Published(2), "other code");
    let refused = store.put_function_version(again).await;
    assert!(!refused.expect_err("it is frozen").retryable);
    let versions = store.function_versions().await.expect("works");
    assert_eq!(versions[1], latest);
    assert_eq!(versions[2], expected[2]);

    let alias = |name: &str, version| AliasRecord {
        function: FunctionName::parse("Loan").expect("a valid name"),
        name: name.to_owned(),
        version,
        description: "for people".to_owned(),
    };
    let live = alias("live", Version::Published(2));
    let beta = alias("beta", Version::Latest);
    for record in [&live, &beta] {
        store.put_alias(record.clone()).await.expect("works");
    }
    assert_eq!(store.aliases().await.expect("works"), [beta.clone(), live]);
    let moved = alias("live", Version::Published(10));
    store.put_alias(moved.clone()).await.expect("works");
    assert_eq!(store.aliases().await.expect("works"), [beta, moved]);
}
