//! `lambdura delete`.

use owo_colors::OwoColorize;

use crate::args::DeleteArguments;
use crate::client::Client;
use crate::execution_selector;
use crate::exit::CliError;
use crate::neutral::neutral;
use crate::screen::Screen;

pub async fn run(
    client: &Client,
    arguments: DeleteArguments,
    screen: &Screen,
) -> Result<(), CliError> {
    let function = arguments.function.as_deref();
    let arn = execution_selector::find(client, &arguments.execution, function).await?;
    let deleted = client.delete(&arn).await?;
    if screen.is_json() {
        screen.json(&deleted)?;
        return Ok(());
    }
    screen.line(format!("{} {} deleted", "✗".dimmed(), neutral(&arn)))?;
    Ok(())
}
