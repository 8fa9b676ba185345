//! `lambdura servers`.

use owo_colors::{OwoColorize, Style};

use crate::args::ServersArguments;
use crate::client::{Client, ServerShown};
use crate::duration_text::ago;
use crate::exit::CliError;
use crate::grid::{Cell, Grid};
use crate::preview::preview;
use crate::screen::{Screen, note};

pub async fn run(
    client: &Client,
    arguments: &ServersArguments,
    screen: &Screen,
) -> Result<(), CliError> {
    let list = client.servers().await?;
    if arguments.json || screen.is_json() {
        screen.json(&list)?;
        return Ok(());
    }
    if !list.is_shared {
        let alone = "this server shares its store with no other; servers started with `--store postgres://…` can";
        note(alone.dimmed());
        return Ok(());
    }
    let mut grid = Grid::with_header(vec![
        "SERVER",
        "STATE",
        "SHARDS",
        "INVOCATIONS",
        "STARTED",
        "LEASE",
        "VERSION",
        "ADDRESS",
    ]);
    for server in &list.servers {
        let asked = if server.is_this { " (this one)" } else { "" };
        grid.push(vec![
            preview(&format!("{}{asked}", server.id), 32).into(),
            state(server),
            server.shard_count.to_string().into(),
            server.invocations.to_string().into(),
            ago(server.started_at, list.now_at).into(),
            lease(server, list.now_at).into(),
            preview(&server.version, 24).into(),
            preview(&server.address, 80).into(),
        ]);
    }
    for line in grid.lines(screen.width()) {
        screen.line(line)?;
    }
    let free = list.shards.iter().filter(|owner| owner.is_none()).count();
    if free > 0 {
        note(
            format!(
                "{free} of {} shards have no server at this moment",
                list.shards.len()
            )
            .yellow(),
        );
    }
    Ok(())
}

fn state(server: &ServerShown) -> Cell {
    let style = match server.state.as_str() {
        "live" => Style::new().green(),
        "leaving" => Style::new().yellow(),
        _ => Style::new().red(),
    };
    Cell::styled(preview(&server.state, 16), style)
}

/// How long a lease lasts yet, or since when it has been over.
fn lease(server: &ServerShown, now: i64) -> String {
    let left = server.lease_ends_at - now;
    if left > 0 {
        let tenths = left / 100;
        format!("{}.{} s left", tenths / 10, tenths % 10)
    } else {
        format!("over {}", ago(server.lease_ends_at, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_left_or_over() {
        let server = ServerShown {
            id: "0000000000000001".to_owned(),
            is_this: true,
            address: "10.0.0.1:3002".to_owned(),
            version: "0.1.0".to_owned(),
            state: "live".to_owned(),
            started_at: 0,
            lease_ends_at: 10_000,
            shard_count: 256,
            invocations: 0,
        };
        assert_eq!(lease(&server, 7_350), "2.6 s left");
        assert_eq!(lease(&server, 10_000), "over now");
        assert_eq!(lease(&server, 40_000), "over 30 s ago");
    }
}
