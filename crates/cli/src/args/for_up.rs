//! What `up` would be given by commands that read and build a template as it does.

use clap::Parser as _;

use super::{Arguments, Command, DebugArguments, DeployArguments, UpArguments};

impl DebugArguments {
    /// What `up` would be given.
    pub fn for_up(&self) -> Result<UpArguments, clap::Error> {
        let mut words = vec!["lambdura", "up"];
        if let Some(stack) = &self.stack {
            words.extend(["--stack-name", stack]);
        }
        for parameter in &self.parameter {
            words.extend(["--parameter", parameter]);
        }
        words.extend(["--", &self.template]);
        up(&words)
    }
}

impl DeployArguments {
    /// What `up` would be given to read and build the template.
    ///
    /// # Errors
    /// When the environment has values for `up` that make no sense.
    pub fn for_up(&self) -> Result<UpArguments, clap::Error> {
        let mut up = up(&["lambdura", "up"])?;
        up.template = self.template.clone();
        up.stack_name = self.stack_name.clone();
        up.parameter = self.parameter.clone();
        up.references = self.references.clone();
        up.layer = self.layer.clone();
        up.build_profile = self.build_profile;
        up.no_build = self.no_build;
        up.data_dir = self.build_dir.clone();
        up.server.aws_endpoint = self.aws_endpoint.clone();
        up.server.aws_credentials = self.aws_credentials.clone();
        Ok(up)
    }
}

/// What a command line of `up` gives it.
fn up(words: &[&str]) -> Result<UpArguments, clap::Error> {
    match Arguments::try_parse_from(words)?.command {
        Command::Up(up) => Ok(*up),
        _ => unreachable!("it was given as the command"),
    }
}
