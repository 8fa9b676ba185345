//! `lambdura open`.

use std::process::{Command, Stdio};

use crate::args::OpenArguments;
use crate::client::Client;
use crate::execution_selector::{self, id_of};
use crate::exit::CliError;
use crate::screen::{Screen, note};

/// Programs of desktops that show a URL in the user's browser, after `BROWSER`.
const OPENERS: &[&str] = &["xdg-open", "open", "wslview"];

pub async fn run(
    client: &Client,
    arguments: OpenArguments,
    screen: &Screen,
) -> Result<(), CliError> {
    let console = client.endpoint().trim_end_matches('/');
    let url = match &arguments.execution {
        None => format!("{console}/executions"),
        Some(execution) => {
            let arn = execution_selector::find(client, execution, None).await?;
            format!("{console}/executions/{}", id_of(&arn))
        }
    };
    screen.address(&url)?;
    open_browser(&url);
    Ok(())
}

/// Shows an address in the user's browser; where there is none, says so.
pub fn open_browser(url: &str) {
    let browser = std::env::var("BROWSER").ok().filter(|it| !it.is_empty());
    let openers = browser
        .iter()
        .map(String::as_str)
        .chain(OPENERS.iter().copied());
    let opened = openers.into_iter().any(|opener| {
        let opening = Command::new(opener)
            .arg(url)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        opening.is_ok()
    });
    if !opened {
        note("no browser was found: open the address yourself, or set BROWSER");
    }
}
