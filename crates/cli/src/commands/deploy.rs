//! `lambdura deploy`.

use crate::args::DeployArguments;
use crate::client::Client;
use crate::deploy::{self, Bundle};
use crate::exit::CliError;
use crate::screen::{Screen, note};

pub async fn run(
    client: &Client,
    arguments: DeployArguments,
    screen: &Screen,
) -> Result<(), CliError> {
    // First: an answer here takes a moment, and a build may take minutes.
    let server = client.stacks().await?;
    let Bundle {
        name,
        submitted,
        archives,
    } = deploy::bundle(&arguments, &server).await?;
    let plan = client.plan_stack(&name, &submitted).await?;
    if arguments.plan {
        return deploy::show_plan(&plan, &archives, screen);
    }
    if plan.changes.is_empty() {
        if !plan.missing_code.is_empty() {
            // Nothing else changes, and code with the same hash needs no confirmation.
            note(format!(
                "stack `{name}` does not change, but some of its code is missing or damaged on the server"
            ));
            deploy::upload(client, &plan.missing_code, archives).await?;
        }
        note(format!("stack `{name}` is up to date: nothing changes"));
        return deploy::show_stack(&client.stack(&name).await?, screen);
    }
    deploy::say_plan(&plan, &archives, client.endpoint());
    if !arguments.yes {
        deploy::confirm("deploy this?", "--yes")?;
    }
    deploy::upload(client, &plan.missing_code, archives).await?;
    let mut submitted = submitted;
    submitted["on"] = serde_json::json!(plan.on);
    note("starting each function that changes …");
    let live = client.deploy_stack(&name, &submitted).await?;
    deploy::show_stack(&live, screen)
}
