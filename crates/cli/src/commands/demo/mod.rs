//! `lambdura demo`: the loan approval demo, from this program alone.
//!
//! Its files are written where its data is kept, and run as `lambdura up` runs what `sam build` left, by this program
//! once more as `lambdura demo-server` ([`server`]). The command itself keeps it running and serves the page, with the
//! button that kills it ([`supervisor`]). Each function's `bootstrap` starts this program as
//! `lambdura demo-function NAME`.

mod server;
mod supervisor;
mod told;

use std::fs::Permissions;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use loan_demo::Function;
use tempfile::TempDir;

use crate::args::{DemoArguments, DemoFunctionArguments, GlobalArguments};
use crate::exit::CliError;
use crate::screen::Screen;
use crate::up;

pub use server::server;
use supervisor::Supervised;

/// Runs the demo until it is stopped.
pub fn run(
    arguments: &DemoArguments,
    global: &GlobalArguments,
    screen: &Screen,
) -> Result<(), CliError> {
    let program = std::env::current_exe().context("cannot tell where this program is")?;
    let data = DataFolder::of(arguments)?;
    let page = listen(arguments.page_listen, 5173, "--page-listen")?;
    let supervised = Supervised {
        program,
        listen: address(arguments.listen, 3001),
        http_api_listen: address(arguments.http_api_listen, 3000),
        data_dir: data.path().to_owned(),
        is_temporary: !data.is_kept(),
        pace: arguments.pace,
        page_url: format!("http://{}", page.local_addr()?),
        ready_file: arguments.ready_file.clone(),
        is_json: screen.is_json(),
        verbose: global.verbose,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the asynchronous runtime")?;
    let ended = runtime.block_on(async {
        let page = tokio::net::TcpListener::from_std(page)?;
        supervisor::run(supervised, page).await
    });
    drop(runtime);
    data.close()?;
    ended
}

/// Runs one of the demo's functions until the process is ended.
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
