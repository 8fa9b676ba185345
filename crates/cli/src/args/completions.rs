//! Arguments of `lambdura completions` and `lambdura man`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Print the completion script for a shell, which also completes names of functions and executions
#[derive(Debug, Args)]
#[command(after_help = "\
Names come from the service at LAMBDURA_ENDPOINT or `--endpoint`; if nothing answers there, none are completed.

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
