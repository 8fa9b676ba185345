//! `lambdura clock`.

use owo_colors::OwoColorize;
use serde_json::json;

use crate::args::{ClockAction, ClockArguments};
use crate::client::{Client, ClockStand};
use crate::duration_text::{date_time, duration};
use crate::execution_selector;
use crate::exit::CliError;
use crate::neutral::neutral;
use crate::screen::Screen;

pub async fn run(
    client: &Client,
    arguments: ClockArguments,
    screen: &Screen,
) -> Result<(), CliError> {
    let within = arguments.within;
    let mut how = match arguments.action {
        None => return say(&client.clock().await?, screen),
        Some(ClockAction::Advance { by }) => json!({"advance": by}),
        Some(ClockAction::To { instant }) => json!({"advance_to": instant}),
        Some(ClockAction::Next) => json!({"next": true}),
        Some(ClockAction::Hold) => json!({"hold": true}),
        Some(ClockAction::Release) => json!({"hold": false}),
        Some(ClockAction::Until {
            execution,
            function,
        }) => {
            let arn = execution_selector::find(client, &execution, function.as_deref()).await?;
            json!({"until_ended": arn})
        }
    };
    how["within_seconds"] = within.as_secs().into();
    let stand = client.move_clock(&how, within).await?;
    say(&stand, screen)
}

fn say(stand: &ClockStand, screen: &Screen) -> Result<(), CliError> {
    if screen.is_json() {
        screen.json(stand)?;
        return Ok(());
    }
    for line in lines(stand) {
        screen.line(line)?;
    }
    Ok(())
}

fn lines(stand: &ClockStand) -> Vec<String> {
    let ahead = match stand.ahead_ms {
        0 => "the time of the machine".to_owned(),
        ahead if ahead > 0 => format!("{} ahead of the machine", duration(ahead)),
        behind => format!("{} behind the machine", duration(-behind)),
    };
    let mut lines = vec![format!(
        "{}  {}",
        date_time(stand.now_at).bold(),
        format!("{}, {ahead}", stand.mode).dimmed()
    )];
    let at = match stand.state.as_str() {
        "works" if stand.busy_functions.is_empty() => "something is at work".to_owned(),
        "works" => format!("at work: {}", stand.busy_functions.join(", ")),
        "nothing_due" => "nothing waits for any time".to_owned(),
        "waits_for_answers" => "it waits for somebody to answer".to_owned(),
        "stands" if stand.is_held => {
            "it is held; `lambdura clock release` lets it run again".to_owned()
        }
        "stands" => "it moves only on command".to_owned(),
        _real => String::new(),
    };
    if !at.is_empty() {
        lines.push(at);
    }
    if let Some(next_at) = stand.next_at {
        let left = duration((next_at - stand.now_at).max(0));
        lines.push(format!("next: {}, in {left}", date_time(next_at)));
    }
    for callback in &stand.unanswered {
        let name = callback.name.as_deref().unwrap_or("a callback");
        let execution = callback.execution.rsplit('/').nth(1).unwrap_or_default();
        let times_out = match callback.times_out {
            true => "",
            false => ", which never times out",
        };
        lines.push(format!(
            "  {} of {}{times_out}: lambdura callback succeed {}",
            neutral(name),
            neutral(execution),
            neutral(&callback.callback_id),
        ));
    }
    lines
}
