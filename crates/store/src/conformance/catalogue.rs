//! Versions, aliases and settings of functions.

use engine::Output;
use model::{FunctionName, Version};

use super::Suite;
use super::queue::invocation;
use super::subject::{BEGINNING, Subject, spec};
use crate::{
    AliasRecord, CatalogueRevision, FunctionSettingsRecord, FunctionVersionRecord, Store,
    StoreFuture,
};

/// The promises of [`Catalogue`](crate::Catalogue).
pub const CATALOGUE: Suite<dyn Store> = suite![catalogue:
    versions_and_aliases_are_kept,
    what_is_deleted_is_gone_and_its_neighbours_stay,
    every_change_raises_the_revision,
    nothing_else_raises_the_revision,
];

pub(super) fn version(function: &str, version: Version, code: &str) -> FunctionVersionRecord {
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

async fn versions_and_aliases_are_kept(store: &dyn Store) {
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

    let mended = version("Loan", Version::Published(2), "mended");
    store
        .replace_function_version(mended.clone())
        .await
        .expect("replaced");
    let versions = store.function_versions().await.expect("works");
    assert_eq!(versions[2], mended);
    assert_eq!(versions[3], expected[3]);

    let alias = |name: &str, version| AliasRecord {
        function: FunctionName::parse("Loan").expect("a valid name"),
        name: name.to_owned(),
        version,
        description: "for people".to_owned(),
        routing: (name == "live").then(|| "{\"AdditionalVersionWeights\":{\"10\":0.5}}".to_owned()),
        revision_id: format!("revision of {name}"),
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

async fn what_is_deleted_is_gone_and_its_neighbours_stay(store: &dyn Store) {
    let name = |text| FunctionName::parse(text).expect("a valid name");
    let (loan, fraud) = (name("Loan"), name("Fraud"));
    let alias = |function: &FunctionName, name: &str| AliasRecord {
        function: function.clone(),
        name: name.to_owned(),
        version: Version::Published(1),
        description: String::new(),
        routing: None,
        revision_id: String::new(),
    };
    let settings = |function: &FunctionName, text: &str| FunctionSettingsRecord {
        function: function.clone(),
        settings: text.to_owned(),
    };
    for function in ["Loan", "Fraud"] {
        for number in [
            Version::Latest,
            Version::Published(1),
            Version::Published(2),
        ] {
            let record = version(function, number, "code");
            store.put_function_version(record).await.expect("new");
        }
    }
    for function in [&loan, &fraud] {
        for name in ["beta", "live"] {
            store.put_alias(alias(function, name)).await.expect("works");
        }
        for text in ["{}", "{\"tags\":{}}"] {
            let record = settings(function, text);
            store.put_function_settings(record).await.expect("works");
        }
    }
    let kept = [
        settings(&fraud, "{\"tags\":{}}"),
        settings(&loan, "{\"tags\":{}}"),
    ];
    assert_eq!(store.function_settings().await.expect("works"), kept);

    store
        .delete_function_version(&fraud, &Version::Published(1))
        .await
        .expect("works");
    store.delete_alias(&fraud, "beta").await.expect("works");
    store.delete_function(&loan).await.expect("works");
    // A missing record can be deleted again.
    store.delete_alias(&loan, "beta").await.expect("works");
    store.delete_function(&loan).await.expect("works");

    let versions = store.function_versions().await.expect("works");
    let versions: Vec<_> = versions
        .into_iter()
        .map(|one| (one.function, one.version))
        .collect();
    let left = [
        (fraud.clone(), Version::Latest),
        (fraud.clone(), Version::Published(2)),
    ];
    assert_eq!(versions, left);
    assert_eq!(
        store.aliases().await.expect("works"),
        [alias(&fraud, "live")]
    );
    assert_eq!(store.function_settings().await.expect("works"), kept[..1]);
}

async fn revision(store: &dyn Store) -> CatalogueRevision {
    store.revision().await.expect("works")
}

async fn every_change_raises_the_revision(store: &dyn Store) {
    let loan = FunctionName::parse("Loan").expect("a valid name");
    let alias = AliasRecord {
        function: loan.clone(),
        name: "live".to_owned(),
        version: Version::Latest,
        description: String::new(),
        routing: None,
        revision_id: String::new(),
    };
    let settings = FunctionSettingsRecord {
        function: loan.clone(),
        settings: "{}".to_owned(),
    };
    let mut last = revision(store).await;
    let mut is_raised_by = async |change: StoreFuture<'_, ()>| {
        change.await.expect("works");
        let raised = revision(store).await;
        assert!(raised > last, "{raised:?} after {last:?}");
        last = raised;
    };
    let first = version("Loan", Version::Published(1), "a");
    is_raised_by(store.put_function_version(first)).await;
    let latest = version("Loan", Version::Latest, "b");
    is_raised_by(store.put_function_version(latest)).await;
    let mended = version("Loan", Version::Published(1), "c");
    is_raised_by(store.replace_function_version(mended)).await;
    is_raised_by(store.put_alias(alias.clone())).await;
    is_raised_by(store.put_function_settings(settings)).await;
    is_raised_by(store.delete_alias(&loan, "live")).await;
    is_raised_by(store.delete_function_version(&loan, &Version::Latest)).await;
    is_raised_by(store.delete_function(&loan)).await;

    // A write whose future is dropped: it is done once a later write is.
    let before = revision(store).await;
    drop(store.put_alias(alias));
    Subject::start(store, spec("Loan", "one", "id-1")).await;
    assert!(revision(store).await > before);
}

async fn nothing_else_raises_the_revision(store: &dyn Store) {
    let latest = version("Loan", Version::Latest, "a");
    store.put_function_version(latest).await.expect("works");
    let before = revision(store).await;
    let mut subject = Subject::start(store, spec("Loan", "one", "id-1")).await;
    subject.end_invocation(store, Output::Succeeded(None)).await;
    let id = store.enqueue(invocation("first", b"{}")).await;
    store.dequeue(id.expect("works")).await.expect("works");
    store.function_versions().await.expect("works");
    assert_eq!(revision(store).await, before);
}
