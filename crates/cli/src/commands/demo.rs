//! `lambdura demo`: the loan approval demo, from this program alone.
//!
//! Its files are written where its data is kept, and run as `lambdura up` runs what `sam build` left. Each function's
//! `bootstrap` starts this program again, as `lambdura demo-function NAME`. The page is served beside it.

use std::fs::Permissions;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Parser as _;
use loan_demo::{EXECUTION_PATH, Folder, Function, LOAN_API, PROGRAM_VARIABLE, Page, PageSettings};
use owo_colors::{OwoColorize, Style};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::args::{
    Arguments, Command, DemoArguments, DemoFunctionArguments, Durability, ServerArguments,
    UpArguments,
};
use crate::exit::CliError;
use crate::grid::{Cell, Grid};
use crate::screen::{Screen, note};
use crate::up::{self, Presenter, Ready, Up};

/// What the functions are made of: another release is other code.
const RELEASE: &str = env!("CARGO_PKG_VERSION");

/// Runs the demo until it is stopped.
pub fn run(arguments: &DemoArguments, screen: &Screen) -> Result<(), CliError> {
    let program = std::env::current_exe().context("cannot tell where this program is")?;
    let data = DataFolder::of(arguments)?;
    let folder = Folder::write(data.path(), RELEASE).with_context(|| {
        format!(
            "cannot write the demo's files into `{}`",
            data.path().display()
        )
    })?;
    let page = listen(arguments.page_listen, 5173, "--page-listen")?;
    let up = up_arguments(arguments, &folder, data.path(), &program)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the asynchronous runtime")?;
    let ended = runtime.block_on(async {
        let mut presenter = DemoPresenter {
            page_url: format!("http://{}", page.local_addr()?),
            listener: Some(tokio::net::TcpListener::from_std(page)?),
            serving: None,
            is_kept: data.is_kept(),
        };
        let ended = up::run(up, &mut presenter, screen).await;
        if let Some(serving) = presenter.serving {
            serving.abort();
        }
        ended
    });
    data.close()?;
    ended
}

/// Is one of the demo's functions, until its process is ended.
pub fn function(arguments: &DemoFunctionArguments) -> Result<(), CliError> {
    let Some(function) = Function::named(&arguments.name) else {
        return Err(CliError::not_found(
            format!("the demo has no function `{}`", arguments.name),
            "only what `lambdura demo` starts uses this command",
        ));
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the asynchronous runtime")?;
    let served = runtime.block_on(function.serve());
    served.map_err(|error| CliError::Failed(anyhow::Error::from_boxed(error)))
}

/// What `lambdura up` would be given.
fn up_arguments(
    arguments: &DemoArguments,
    folder: &Folder,
    data_dir: &Path,
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
        data_dir: Some(data_dir.to_owned()),
        server: ServerArguments {
            listen: address(arguments.listen, 3001),
            http_api_listen: address(arguments.http_api_listen, 3000),
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

/// The address that was named; else the usual one, or any free port where that is taken.
fn address(named: Option<SocketAddr>, usual_port: u16) -> SocketAddr {
    if let Some(named) = named {
        return named;
    }
    let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, usual_port));
    match TcpListener::bind(usual) {
        Ok(_) => usual,
        Err(_) => SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
    }
}

fn listen(
    named: Option<SocketAddr>,
    usual_port: u16,
    option: &str,
) -> Result<TcpListener, CliError> {
    let address = address(named, usual_port);
    let listening = TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    listening.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied => CliError::usage(
            format!("the page cannot listen on {address}: {error}"),
            format!("`{option} 127.0.0.1:0` takes any free port"),
        ),
        _ => CliError::Failed(
            anyhow::Error::new(error).context(format!("the page cannot listen on {address}")),
        ),
    })
}

/// Where the demo keeps everything.
#[derive(Debug)]
enum DataFolder {
    Kept(PathBuf),
    Temporary(TempDir),
}

impl DataFolder {
    fn of(arguments: &DemoArguments) -> Result<Self, CliError> {
        let Some(named) = &arguments.data_dir else {
            let folder = tempfile::Builder::new()
                .prefix("lambdura-demo-")
                .permissions(Permissions::from_mode(0o700))
                .tempdir()
                .context("make a folder for itself")?;
            return Ok(Self::Temporary(folder));
        };
        let named = std::path::absolute(named)
            .with_context(|| format!("cannot tell where `{}` is", named.display()))?;
        up::prepare_data_folder(&named)?;
        Ok(Self::Kept(named))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(folder) => folder.path(),
        }
    }

    fn is_kept(&self) -> bool {
        match self {
            Self::Kept(_) => true,
            Self::Temporary(_) => false,
        }
    }

    fn close(self) -> Result<(), CliError> {
        match self {
            Self::Kept(_) => Ok(()),
            Self::Temporary(folder) => Ok(folder
                .close()
                .context("remove the demo's temporary folder")?),
        }
    }
}

/// Says where the demo is, and serves its page.
struct DemoPresenter {
    page_url: String,
    /// Until the page is served; a browser that is too early waits.
    listener: Option<tokio::net::TcpListener>,
    serving: Option<JoinHandle<std::convert::Infallible>>,
    is_kept: bool,
}

impl Presenter for DemoPresenter {
    fn starts(&mut self, up: &Up<'_>, ready: &mut Ready) {
        let api_url = up.deployment.http_apis.get(LOAN_API).cloned();
        let page = Page::new(&PageSettings {
            api_url: api_url.unwrap_or_default(),
            execution_url: format!("{}{EXECUTION_PATH}", up.endpoint),
        });
        match (page, self.listener.take()) {
            (Some(page), Some(listener)) => {
                self.serving = Some(tokio::spawn(page.serve(listener)));
                ready.set_page(&self.page_url);
            }
            (None, _) => note(format!(
                "{} this program was built without the demo's page: `cargo xtask console` builds it, before cargo does",
                "!".yellow()
            )),
            (Some(_), None) => unreachable!("it starts once"),
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
        if self.serving.is_some() {
            row("Page", &self.page_url, "apply as Alice, Bob or Charlie");
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
