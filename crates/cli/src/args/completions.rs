//! Arguments of `lambdura completions` and `lambdura man`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Print what a shell needs to complete commands, with the functions and executions that there are
#[derive(Debug, Args)]
#[command(after_help = "\
Completed words come from the service at LAMBDURA_ENDPOINT or `--endpoint`; where nothing answers, there are none.

Examples:
  source <(lambdura completions bash)                               in ~/.bashrc
  lambdura completions zsh > ~/.zfunc/_lambdura                     a folder of zsh's fpath
  lambdura completions fish > ~/.config/fish/completions/lambdura.fish
  lambdura completions powershell >> $PROFILE")]
pub struct CompletionsArguments {
    /// Which shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// A shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
    #[value(name = "powershell", alias = "pwsh")]
    Pwsh,
}

/// Write the manual's pages, one for each command
#[derive(Debug, Args)]
pub struct ManArguments {
    /// The folder that gets them
    pub folder: PathBuf,
}
