//! `lambdura stop`.

use lambda_api::ErrorObject;
use owo_colors::OwoColorize;

use crate::args::StopArguments;
use crate::client::Client;
use crate::duration_text::date_time;
use crate::execution_selector;
use crate::exit::CliError;
use crate::neutral::neutral;
use crate::screen::Screen;

pub async fn run(
    client: &Client,
    arguments: StopArguments,
    screen: &Screen,
) -> Result<(), CliError> {
    let function = arguments.function.as_deref();
    let arn = execution_selector::find(client, &arguments.execution, function).await?;
    let error = ErrorObject {
        error_message: arguments.reason,
        ..ErrorObject::default()
    };
    let stopped = client.stop(&arn, &error).await?;
    if screen.is_json() {
        screen.json(&stopped)?;
        return Ok(());
    }
    let execution = client.get_execution(&arn).await?;
    screen.line(format!(
        "{} {} {} {}",
        "■".dimmed(),
        neutral(&execution.durable_execution_name),
        neutral(execution.status.as_str()),
        date_time(stopped.stop_timestamp.as_millis())
    ))?;
    Ok(())
}
