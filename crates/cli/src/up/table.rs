//! The table that `lambdura up` prints once everything answers.

use owo_colors::{OwoColorize, Style};
use server::{DeployedEventSource, DeployedSchedule, Deployment};

use super::not_provided;
use super::presenter::Up;
use crate::args::{Clock, Durability};
use crate::grid::{Cell, Grid};
use crate::preview::preview;

/// The lines of the table; verbose, everything is listed one by one.
pub fn lines(up: &Up<'_>, is_verbose: bool, width: usize) -> Vec<String> {
    let mut lines = vec![
        String::new(),
        format!("{} {} is up", "✓".green(), text(up.stack_name).bold()),
        String::new(),
    ];
    lines.extend(indent(addresses(up).lines(width.saturating_sub(2))));
    if !up.deployment.functions.is_empty() || !up.deployment.left_out.is_empty() {
        lines.push(String::new());
        let functions = functions(up.deployment);
        lines.extend(indent(functions.lines(width.saturating_sub(2))));
    }
    if !up.deployment.schedules.is_empty() {
        lines.push(String::new());
        let schedules = schedules(&up.deployment.schedules);
        lines.extend(indent(schedules.lines(width.saturating_sub(2))));
    }
    if !up.deployment.event_sources.is_empty() {
        lines.push(String::new());
        let queues = event_sources(&up.deployment.event_sources);
        lines.extend(indent(queues.lines(width.saturating_sub(2))));
    }
    if !up.deployment.warnings.is_empty() {
        lines.push(String::new());
        let warnings = not_provided::grid(&up.deployment.warnings, is_verbose);
        lines.extend(indent(warnings.lines(width.saturating_sub(2))));
        if !is_verbose && not_provided::is_grouped(&up.deployment.warnings) {
            let each = "  --verbose lists each of them, and so does the ready file.";
            lines.push(each.dimmed().to_string());
        }
    }
    lines.push(String::new());
    lines.extend(next(up));
    lines
}

fn indent(lines: Vec<String>) -> impl Iterator<Item = String> {
    lines.into_iter().map(|line| format!("  {line}"))
}

fn text(text: &str) -> String {
    preview(text, 512)
}

fn addresses(up: &Up<'_>) -> Grid {
    let mut grid = Grid::default();
    let mut row = |name: &str, value: &str, style: Style| {
        grid.push(vec![
            Cell::styled(text(name), Style::new().dimmed()),
            Cell::styled(text(value), style),
        ]);
    };
    let link = Style::new().cyan();
    row("Console", up.endpoint, link);
    row("Lambda API", up.endpoint, link);
    let deployment = up.deployment;
    for (kind, urls) in [
        ("HTTP API", &deployment.http_apis),
        ("REST API", &deployment.rest_apis),
        ("Function URL", &deployment.function_urls),
    ] {
        for (logical_id, url) in urls {
            row(&format!("{kind} {logical_id}"), url, link);
        }
    }
    for (logical_id, value) in &up.deployment.api_keys {
        row(&format!("API key {logical_id}"), value, Style::new());
    }
    for output in &up.deployment.outputs {
        row(
            &format!("Output {}", output.name),
            &output.value,
            Style::new(),
        );
    }
    for table in &up.deployment.tables {
        row("Table", table, Style::new());
    }
    let durability = match up.durability {
        Durability::Disk => "disk: an answered request survives power loss",
        Durability::Os => "os: an answered request survives a crash of this process only",
        Durability::Memory => "memory: nothing survives the end of this process",
    };
    row("Durability", durability, Style::new());
    match up.clock {
        Clock::Real => {}
        Clock::Auto => row(
            "Clock",
            "auto: it jumps to what is next while nothing is at work",
            Style::new(),
        ),
        Clock::Manual => row(
            "Clock",
            "manual: it stands still until `lambdura clock` moves it",
            Style::new(),
        ),
    }
    row("Data", &up.data_dir.display().to_string(), Style::new());
    grid
}

fn functions(deployment: &Deployment) -> Grid {
    // AWS's tools and a CDK app have different names for a function.
    let has_constructs = deployment
        .functions
        .iter()
        .any(|it| it.construct_path.is_some());
    let mut grid = Grid::with_header(match has_constructs {
        true => vec!["FUNCTION", "NAME", "VERSION", "RUNTIME", ""],
        false => vec!["FUNCTION", "VERSION", "RUNTIME", ""],
    });
    let mut push = |shown: &str, name: &str, mut rest: Vec<Cell>| {
        let mut row = vec![Cell::styled(text(shown), Style::new().bold())];
        row.extend(has_constructs.then(|| Cell::from(text(name))));
        row.append(&mut rest);
        grid.push(row);
    };
    for function in &deployment.functions {
        let version = match &function.alias {
            Some(alias) => format!("{} ({alias})", function.version),
            None => function.version.clone(),
        };
        let mut marks = Vec::new();
        if function.durable {
            marks.push("durable");
        }
        if function.changed {
            marks.push("new");
        }
        let rest = vec![
            text(&version).into(),
            text(&function.runtime).into(),
            Cell::styled(marks.join(", "), Style::new().green()),
        ];
        push(function.shown(), &function.name, rest);
    }
    for function in &deployment.left_out {
        let reason = format!("left out: {}", text(&function.reason));
        let rest = vec![
            "-".into(),
            text(&function.runtime).into(),
            Cell::styled(reason, Style::new().yellow()),
        ];
        push(function.shown(), &function.name, rest);
    }
    grid
}

fn schedules(schedules: &[DeployedSchedule]) -> Grid {
    let mut grid = Grid::wrapping(vec!["SCHEDULE", "FUNCTION", "WHEN", "NEXT"]);
    for schedule in schedules {
        let next = schedule.next_at.and_then(|at| {
            let at = jiff::Timestamp::from_millisecond(at.as_millis()).ok()?;
            Some(at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
        });
        grid.push(vec![
            Cell::styled(text(&schedule.name), Style::new().bold()),
            text(&schedule.function).into(),
            text(&schedule.expression).into(),
            next.unwrap_or_else(|| "never: disabled or over".to_owned())
                .into(),
        ]);
    }
    grid
}

fn event_sources(sources: &[DeployedEventSource]) -> Grid {
    let mut grid = Grid::wrapping(vec!["QUEUE", "FUNCTION", ""]);
    for source in sources {
        let name = source.queue_arn.rsplit(':').next().unwrap_or_default();
        let state = if source.enabled { "" } else { "disabled" };
        grid.push(vec![
            Cell::styled(text(name), Style::new().bold()),
            text(&source.function).into(),
            state.into(),
        ]);
    }
    grid
}

fn next(up: &Up<'_>) -> Vec<String> {
    const DEFAULT_ENDPOINT: &str = "http://127.0.0.1:3001";
    let functions = &up.deployment.functions;
    let example = functions.iter().find(|it| it.durable).or(functions.first());
    let mut commands = Vec::new();
    if up.endpoint != DEFAULT_ENDPOINT {
        commands.push(format!("export LAMBDURA_ENDPOINT={}", up.endpoint));
    }
    if let Some(function) = example {
        let event = if function.durable { " --event" } else { "" };
        commands.push(format!(
            "lambdura invoke {} --payload '{{}}'{event}",
            text(function.shown())
        ));
    }
    commands.push("lambdura ls".to_owned());
    if functions.iter().any(|it| it.durable) {
        commands.push("lambdura show @last".to_owned());
    }
    commands.push("lambdura logs --follow".to_owned());
    if functions.iter().any(|it| it.state_machine) {
        // Without the variable, AWS's clients put `sync-` before the host of `start-sync-execution` and `test-state`.
        commands.push(format!(
            "AWS_DISABLE_HOST_PREFIX_INJECTION=true aws stepfunctions list-state-machines --endpoint-url {}",
            up.endpoint
        ));
    }
    let commands = commands
        .into_iter()
        .enumerate()
        .map(|(index, command)| format!("  {}  {command}", if index == 0 { "Try" } else { "   " }));
    commands
        .chain([String::new(), "  Ctrl-C stops it.".to_owned()])
        .map(|line| line.dimmed().to_string())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use std::collections::BTreeMap;

    use expect_test::expect;
    use server::{DeployedFunction, LeftOutFunction};

    use super::*;

    fn function(name: &str, alias: Option<&str>) -> DeployedFunction {
        DeployedFunction {
            logical_id: name.to_owned(),
            name: name.to_owned(),
            arn: String::new(),
            version: alias.map_or("$LATEST", |_| "3").to_owned(),
            alias: alias.map(str::to_owned),
            changed: alias.is_some(),
            state_machine: false,
            durable: alias.is_some(),
            runtime: "provided.al2023".to_owned(),
            construct_path: None,
        }
    }

    #[test]
    fn everything_that_is_up_is_in_the_table() {
        let deployment = Deployment {
            functions: vec![
                DeployedFunction {
                    state_machine: true,
                    ..function("Workflow", Some("live"))
                },
                function("Api", None),
            ],
            http_apis: [("LoanApi".to_owned(), "http://127.0.0.1:3000".to_owned())].into(),
            rest_apis: [("Old".to_owned(), "http://127.0.0.1:3001/Prod".to_owned())].into(),
            function_urls: BTreeMap::new(),
            api_keys: [("Key".to_owned(), "a".repeat(20))].into(),
            left_out: vec![LeftOutFunction {
                logical_id: "Net".to_owned(),
                name: "Net".to_owned(),
                runtime: "dotnet8".to_owned(),
                reason: "it cannot run here".to_owned(),
                construct_path: None,
            }],
            schedules: vec![DeployedSchedule {
                name: "nightly".to_owned(),
                function: "Api".to_owned(),
                expression: "rate(1 day)".to_owned(),
                next_at: Some(model::Timestamp::from_millis(1_795_564_800_000)),
            }],
            event_sources: vec![DeployedEventSource {
                queue_arn: "arn:aws:sqs:us-east-1:000000000000:jobs".to_owned(),
                function: "Api".to_owned(),
                enabled: false,
            }],
            tables: vec!["loan-progress".to_owned()],
            outputs: vec![stack::Output {
                name: "Url".to_owned(),
                description: None,
                value: "http://127.0.0.1:3000\u{1b}[2J".to_owned(),
            }],
            warnings: vec![stack::Warning {
                logical_id: "Queue".to_owned(),
                resource_type: "AWS::SQS::Queue".to_owned(),
                property: None,
                meaning: "there is no queue: sending to it and receiving from it fails".to_owned(),
                file: "./template.yaml".to_owned(),
                line: 12,
                column: 3,
            }],
        };
        let up = Up {
            stack_name: "loan",
            endpoint: "http://127.0.0.1:4001",
            deployment: &deployment,
            data_dir: Path::new("/loan/.lambdura"),
            durability: Durability::Disk,
            clock: Clock::Real,
        };
        let text = lines(&up, false, 80).join("\n");
        let plain = anstream::adapter::strip_str(&text).to_string();
        let trimmed: Vec<&str> = plain.lines().map(str::trim_end).collect();
        expect![[r#"

            ✓ loan is up

              Console           http://127.0.0.1:4001
              Lambda API        http://127.0.0.1:4001
              HTTP API LoanApi  http://127.0.0.1:3000
              REST API Old      http://127.0.0.1:3001/Prod
              API key Key       aaaaaaaaaaaaaaaaaaaa
              Output Url        http://127.0.0.1:3000\u{1b}[2J
              Table             loan-progress
              Durability        disk: an answered request survives power loss
              Data              /loan/.lambdura

              FUNCTION  VERSION   RUNTIME
              Workflow  3 (live)  provided.al2023  durable, new
              Api       $LATEST   provided.al2023
              Net       -         dotnet8          left out: it cannot run here

              SCHEDULE  FUNCTION  WHEN         NEXT
              nightly   Api       rate(1 day)  2026-11-25 00:00:00 UTC

              QUEUE  FUNCTION
              jobs   Api       disabled

              NOT PROVIDED HERE        WHERE             WHAT IT MEANS
              Queue (AWS::SQS::Queue)  template.yaml:12  there is no queue: sending to it
                                                         and receiving from it fails

              Try  export LAMBDURA_ENDPOINT=http://127.0.0.1:4001
                   lambdura invoke Workflow --payload '{}' --event
                   lambdura ls
                   lambdura show @last
                   lambdura logs --follow
                   AWS_DISABLE_HOST_PREFIX_INJECTION=true aws stepfunctions list-state-machines --endpoint-url http://127.0.0.1:4001

              Ctrl-C stops it."#]]
        .assert_eq(&trimmed.join("\n"));
    }
}
