//! Which files a program can have its executions in.

use std::time::Duration;

use lambdura::embedded::rusqlite::Connection;
use lambdura::embedded::{Durability, Embedded, HandlerOptions, OpenError};
use lambdura::{BoxError, DurableContext};

use crate::world::World;

async fn nothing((): (), _: DurableContext) -> Result<(), BoxError> {
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_belongs_to_one_program_at_a_time() {
    let world = World::new();
    let app = world.builder().open().await.unwrap();
    let second = world.builder().open().await.unwrap_err();
    assert!(
        second.to_string().contains("is in use by process"),
        "{second}"
    );
    // Under another name it is the same file, with the same files beside it.
    let link = world.file().with_file_name("link.db");
    std::os::unix::fs::symlink(world.file(), &link).unwrap();
    let second = Embedded::builder(&link).open().await.unwrap_err();
    assert!(
        second.to_string().contains("is in use by process"),
        "{second}"
    );
    app.shut_down().await.unwrap();
    let app = Embedded::builder(&link).open().await.unwrap();
    app.shut_down().await.unwrap();
    let beside = |ending: &str| world.file().with_file_name(ending).exists();
    assert!(beside("app.db-clock.json") && !beside("link.db-clock.json"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_tables_of_the_application_is_shared_with_it() {
    let world = World::new();
    let own = Connection::open(world.file()).unwrap();
    own.execute_batch("CREATE TABLE accounts (owner TEXT); INSERT INTO accounts VALUES ('Alice')")
        .unwrap();
    drop(own);
    let app = world
        .builder()
        .handler("nothing", nothing)
        .open()
        .await
        .unwrap();
    app.start("nothing", &())
        .await
        .unwrap()
        .result::<()>()
        .await
        .unwrap();
    let owner = app.query(|connection| {
        connection.query_row("SELECT owner FROM accounts", [], |row| {
            row.get::<_, String>(0)
        })
    });
    assert_eq!(owner.await.unwrap(), "Alice");
    app.shut_down().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_the_application_numbers_or_fills_itself_is_refused_untouched() {
    for (sql, expected) in [
        (
            "CREATE TABLE own (a); PRAGMA user_version = 3",
            "`PRAGMA user_version` is 3",
        ),
        ("CREATE TABLE Events (a)", "has a `Events`"),
    ] {
        let world = World::new();
        let own = Connection::open(world.file()).unwrap();
        own.execute_batch(sql).unwrap();
        drop(own);
        let refused = world.builder().open().await.unwrap_err();
        assert!(refused.to_string().contains(expected), "{refused}");
        let own = Connection::open(world.file()).unwrap();
        let tables: i64 = own
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .unwrap();
        assert_eq!(tables, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_program_is_refused_by_name() {
    let world = World::new();
    let refused = world
        .builder()
        .handler("no name", nothing)
        .open()
        .await
        .unwrap_err();
    assert!(
        matches!(refused, OpenError::HandlerName { .. }),
        "{refused}"
    );
    assert!(refused.to_string().contains("\"no name\""), "{refused}");
    let twice = world
        .builder()
        .handler("one", nothing)
        .handler("one", nothing);
    let refused = twice.open().await.unwrap_err();
    assert!(
        matches!(refused, OpenError::HandlerTwice { .. }),
        "{refused}"
    );
    for (options, expected) in [
        (
            HandlerOptions::default().execution_timeout(Duration::ZERO),
            "`one`: an execution timeout of zero",
        ),
        (
            HandlerOptions::default().retention_days(0),
            "`one`: with a retention of zero days",
        ),
    ] {
        let builder = world.builder().handler_with("one", nothing, options);
        let refused = builder.open().await.unwrap_err().to_string();
        assert!(refused.contains(expected), "{refused}");
    }
    // None of the attempts above has left the file locked.
    world
        .builder()
        .open()
        .await
        .unwrap()
        .shut_down()
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_survives_nothing_leaves_no_file() {
    let world = World::new();
    let builder = world.builder().durability(Durability::Memory);
    let app = builder.handler("nothing", nothing).open().await.unwrap();
    app.start("nothing", &())
        .await
        .unwrap()
        .result::<()>()
        .await
        .unwrap();
    app.shut_down().await.unwrap();
    assert!(!world.file().exists());
}

#[test]
fn the_guide_shows_the_example_as_it_is() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let read = |path: &str| std::fs::read_to_string(format!("{root}/{path}")).unwrap();
    let example = read("crates/sdk/examples/embedded.rs");
    let guide = read("docs/embedded.md");
    assert!(
        guide.contains(&format!("```rust\n{example}```")),
        "docs/embedded.md must show crates/sdk/examples/embedded.rs whole"
    );
}
