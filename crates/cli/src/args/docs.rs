//! Arguments of `lambdura docs`.

use clap::Args;

/// Read the documentation, which is part of this program: first steps, concepts, guides, reference, errors
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambdura docs                          in the browser, until Ctrl-C
  lambdura docs testing
  lambdura docs ResourceNotFoundException
  lambdura docs --print limits           as Markdown, in the terminal
  lambdura docs --list                   the chapters")]
pub struct DocsArguments {
    /// A chapter, a section of one, or the name of an error, such as `testing`, `testing#answers` or `Sandbox.Timedout`
    #[arg(value_name = "PAGE[#SECTION]")]
    pub page: Option<String>,
    /// Print it as Markdown, and do not open a browser
    #[arg(long, requires = "page")]
    pub print: bool,
    /// List the chapters
    #[arg(long, conflicts_with_all = ["page", "print"])]
    pub list: bool,
    /// Port to serve it on; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    pub port: u16,
}
