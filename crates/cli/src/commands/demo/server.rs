//! `lambdura demo-server`: the demo's server, as `lambdura demo` starts it.

use std::path::Path;

use anyhow::Context as _;
use clap::Parser as _;
use loan_demo::{Folder, LOAN_API, PROGRAM_VARIABLE, Page};
use owo_colors::{OwoColorize, Style};

use super::told::{ToCommand, Told};
use crate::args::{
    Arguments, Command, DemoServerArguments, Durability, ServerArguments, UpArguments,
};
use crate::exit::CliError;
use crate::grid::{Cell, Grid};
use crate::screen::{Screen, note};
use crate::up::{self, Presenter, Ready, Up};

/// The version of the functions' code: another release has other code.
const RELEASE: &str = env!("CARGO_PKG_VERSION");

/// Runs the server until it is stopped, or the command that started it is gone.
pub fn server(arguments: &DemoServerArguments, screen: &Screen) -> Result<(), CliError> {
    let command = ToCommand::standard_input()?;
    command.end_with_it()?;
    let program = std::env::current_exe().context("cannot tell where this program is")?;
    let data_dir = &arguments.data_dir;
    let folder = Folder::write(data_dir, RELEASE).with_context(|| {
        let data_dir = data_dir.display();
        format!("cannot write the demo's files into `{data_dir}`")
    })?;
    let up = up_arguments(arguments, &folder, &program)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the asynchronous runtime")?;
    let mut presenter = DemoPresenter {
        page_url: Page::is_built().then(|| arguments.page_url.clone()),
        command,
        is_kept: !arguments.is_temporary,
    };
    runtime.block_on(up::run(up, &mut presenter, screen))
}

/// The arguments for `lambdura up`.
fn up_arguments(
    arguments: &DemoServerArguments,
    folder: &Folder,
    program: &Path,
) -> Result<UpArguments, CliError> {
    let words = [
        "lambdura",
        "up",
        "--no-build",
        "--stack-name",
        loan_demo::STACK_NAME,
    ];
    let parsed = Arguments::try_parse_from(words).context("read the demo's own arguments")?;
    let Command::Up(up) = parsed.command else {
        unreachable!("it was given as the command")
    };
    Ok(UpArguments {
        template: folder.template().to_owned(),
        data_dir: Some(arguments.data_dir.clone()),
        server: ServerArguments {
            listen: arguments.listen,
            http_api_listen: arguments.http_api_listen,
            ready_file: arguments.ready_file.clone(),
            env: vec![
                ("DEMO_PACE".to_owned(), arguments.pace.to_string()),
                (PROGRAM_VARIABLE.to_owned(), program.display().to_string()),
            ],
            ..up.server
        },
        ..*up
    })
}

/// Says where the demo is: to a person, and to the command, which serves the page.
struct DemoPresenter {
    /// None where this program was built without the page.
    page_url: Option<String>,
    command: ToCommand,
    is_kept: bool,
}

impl Presenter for DemoPresenter {
    fn starts(&mut self, up: &Up<'_>, ready: &mut Ready) {
        let loan_api = up.deployment.http_apis.get(LOAN_API).cloned();
        if let Err(error) = self.command.tell(&Told::new(up.endpoint, loan_api)) {
            // It has gone, which ends this process too.
            tracing::warn!(%error, "cannot tell the command that the demo is running");
        }
        match &self.page_url {
            Some(page_url) => ready.set_page(page_url),
            None => note(format!(
                "{} this program was built without the demo's page: `cargo xtask console` builds it, before cargo does",
                "!".yellow()
            )),
        }
    }

    fn lines(&self, up: &Up<'_>, width: usize) -> Vec<String> {
        let mut grid = Grid::default();
        let mut row = |name: &str, value: &str, remark: &str| {
            grid.push(vec![
                Cell::styled(name, Style::new().dimmed()),
                Cell::styled(value, Style::new().cyan()),
                Cell::styled(remark, Style::new().dimmed()),
            ]);
        };
        if let Some(page_url) = &self.page_url {
            row("Page", page_url, "apply as Alice, Bob or Charlie");
        }
        if let Some(url) = up.deployment.http_apis.get(LOAN_API) {
            let routes = "POST /apply, GET /status/{id}, POST /approve/{id}";
            row("Loan API", url, routes);
        }
        row("Console", up.endpoint, "every execution, live");
        row("Lambda API", up.endpoint, "for AWS's CLI and SDKs");
        let kept = if self.is_kept {
            "kept for the next time"
        } else {
            "gone at the end; --data-dir keeps it"
        };
        row("Data", &up.data_dir.display().to_string(), kept);
        let title = format!(
            "{} {} is running",
            "✓".green(),
            "the loan approval demo".bold()
        );
        let mut lines = vec![String::new(), title, String::new()];
        let rows = grid.lines(width.saturating_sub(2));
        lines.extend(rows.into_iter().map(|line| format!("  {line}")));
        lines.push(String::new());
        let show = format!("lambdura show @last --endpoint {}", up.endpoint);
        lines.push(format!(
            "  {}  {show}",
            "An execution in the terminal".dimmed()
        ));
        lines.push(format!("  {}", "Ctrl-C ends it.".dimmed()));
        lines
    }

    fn farewell(&self, _: Durability, data_dir: &Path) -> String {
        if self.is_kept {
            let again = format!("lambdura demo --data-dir {}", data_dir.display());
            format!("stopped. Applications go on with `{again}`.")
        } else {
            "stopped. Applications are gone.".to_owned()
        }
    }
}
