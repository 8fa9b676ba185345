//! Arguments of `lambdura demo`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

/// Run the loan approval demo, which is built into this program: page, functions, APIs and console, until Ctrl-C
#[derive(Debug, Args)]
#[command(after_help = "\
This program is all you need: no Rust, no Node, no clone. If a default address is in use, a free one is taken instead.

Examples:
  lambdura demo                          open the page whose address it prints, and apply as Alice
  lambdura demo --pace 0                 no simulated work: everything happens at once
  lambdura demo --data-dir loans         executions are kept there, and continue the next time")]
pub struct DemoArguments {
    /// Address of the page; port 0 takes a free one [default: 127.0.0.1:5173]
    #[arg(long, value_name = "ADDR:PORT", env = "LAMBDURA_PAGE_LISTEN", value_parser = loopback)]
    pub page_listen: Option<SocketAddr>,
    /// Address of the Lambda API and the console; port 0 takes a free one [default: 127.0.0.1:3001]
    #[arg(long, value_name = "ADDR:PORT", env = "LAMBDURA_LISTEN")]
    pub listen: Option<SocketAddr>,
    /// Address of the loan API; port 0 takes a free one [default: 127.0.0.1:3000]
    #[arg(long, value_name = "ADDR:PORT", env = "LAMBDURA_HTTP_API_LISTEN")]
    pub http_api_listen: Option<SocketAddr>,
    /// Folder for executions and tables [default: a temporary one, deleted at the end]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Multiplies the seconds of simulated work: 0 for none
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = pace)]
    pub pace: f64,
    /// A file to write once everything answers: URLs, functions and process id as JSON
    #[arg(long, value_name = "PATH", env = "LAMBDURA_READY_FILE")]
    pub ready_file: Option<PathBuf>,
}

/// Be the demo's server: what `lambdura demo` starts, and starts again when it is killed
#[derive(Debug, Args)]
pub struct DemoServerArguments {
    #[arg(long)]
    pub listen: SocketAddr,
    #[arg(long)]
    pub http_api_listen: SocketAddr,
    #[arg(long)]
    pub data_dir: PathBuf,
    /// The folder is the command's own, which removes it in the end
    #[arg(long)]
    pub is_temporary: bool,
    #[arg(long, value_parser = pace)]
    pub pace: f64,
    /// Where the page is served by the command
    #[arg(long)]
    pub page_url: String,
    #[arg(long)]
    pub ready_file: Option<PathBuf>,
}

/// Be one of the demo's functions: what its `bootstrap` starts
#[derive(Debug, Args)]
pub struct DemoFunctionArguments {
    /// Its name
    pub name: String,
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text
        .parse()
        .map_err(|_| "an address such as 127.0.0.1:5173 is meant".to_owned())?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err("only an address of this machine alone, such as 127.0.0.1, is served".to_owned())
    }
}

fn pace(text: &str) -> Result<f64, String> {
    match text.parse() {
        // As far as the template's parameter goes.
        Ok(pace) if (0.0..=99.0).contains(&pace) => Ok(pace),
        Ok(_) | Err(_) => Err("must be a number from 0 to 99".to_owned()),
    }
}
