//! The log of a function whose `LoggingConfig` asks for JSON.

mod support;

use function_host::{LogFormat, LogLevel, LogStream};
use serde_json::Value;
use support::World;

fn world(behaviour: &str, system_level: LogLevel) -> World {
    World::with(behaviour, |_, function| {
        function.logging.format = LogFormat::Json;
        function.logging.application_level = LogLevel::Warn;
        function.logging.system_level = system_level;
    })
}

fn platform(world: &World) -> Vec<Value> {
    let lines = world.logs.lines().into_iter();
    let platform = lines.filter(|line| line.stream == LogStream::Platform);
    let platform = platform.map(|line| {
        assert_eq!(line.request_id.as_deref(), Some("r-1"));
        serde_json::from_str(&line.text).expect("a JSON log has JSON lines")
    });
    platform.collect()
}

fn types(lines: &[Value]) -> Vec<&str> {
    let types = lines.iter().map(|line| line["type"].as_str());
    types.map(|name| name.expect("each has a type")).collect()
}

#[tokio::test]
async fn the_platforms_lines_are_json() {
    let world = world("echoes", LogLevel::Debug);
    world.invoke_ok("r-1", "1").await;
    let lines = platform(&world);
    assert_eq!(
        types(&lines),
        [
            "platform.initStart",
            "platform.initReport",
            "platform.start",
            "platform.runtimeDone",
            "platform.report"
        ]
    );
    let report = &lines[4]["record"];
    assert_eq!(report["requestId"], "r-1");
    assert_eq!(report["status"], "success");
    assert_eq!(report["metrics"]["memorySizeMB"], 128);
    assert!(report["metrics"]["initDurationMs"].as_f64().is_some());
    let time = lines[0]["time"].as_str().expect("each has a time");
    assert!(
        time.parse::<jiff::Timestamp>().is_ok() && time.ends_with('Z'),
        "{time}"
    );
}

#[tokio::test]
async fn the_system_level_leaves_out_what_went_well() {
    let world = world("fails", LogLevel::Warn);
    world.invoke("r-1", "1").await.expect("it runs");
    let lines = platform(&world);
    assert_eq!(types(&lines), ["platform.runtimeDone", "platform.report"]);
    assert_eq!(lines[1]["record"]["errorType"], "LoanError");
}

#[tokio::test]
async fn the_functions_own_lines_are_filtered_by_their_level() {
    let world = world("prints and echoes", LogLevel::Info);
    world.invoke_ok("r-1", "1").await;
    assert_eq!(world.logs.printed(), ["printed 1", "printed 1"]);

    let world = self::world("prints as it is told", LogLevel::Info);
    let at =
        |level: &str| format!(r#"{{"timestamp":"2026-01-01T00:00:00.000Z","level":"{level}"}}"#);
    let payload = [at("DEBUG"), at("ERROR"), at("INFO")].join("\n");
    world.invoke_ok("r-1", payload).await;
    assert_eq!(world.logs.printed(), [at("ERROR")]);
}
