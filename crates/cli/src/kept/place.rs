//! Where executions and functions are kept: a data folder, or a database that servers share.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::args::PlaceArguments;
use crate::exit::CliError;

/// The account of everything local, as `lambdura up` has it.
pub const ACCOUNT_ID: &str = "000000000000";

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Folder(PathBuf),
    Database(String),
}

impl Place {
    /// The place that the arguments name.
    ///
    /// # Errors
    /// When they name two.
    pub fn of(arguments: &PlaceArguments) -> Result<Self, CliError> {
        match (&arguments.data_dir, &arguments.store) {
            (Some(_), Some(_)) => Err(CliError::usage(
                "both a data folder and a store are named",
                "name one of them; LAMBDURA_DATA_DIR and LAMBDURA_STORE count too",
            )),
            (Some(folder), None) => Ok(Self::Folder(folder.clone())),
            (None, Some(url)) => Ok(Self::Database(url.clone())),
            (None, None) => Ok(Self::Folder(PathBuf::from(".lambdura"))),
        }
    }

    /// The place that a text names.
    pub fn parse(text: &str) -> Self {
        let is_url = ["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| text.starts_with(scheme));
        match is_url {
            true => Self::Database(text.to_owned()),
            false => Self::Folder(PathBuf::from(text)),
        }
    }

    /// The folder, where it is one.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(folder) => Some(folder),
            Self::Database(_) => None,
        }
    }
}

impl fmt::Display for Place {
    /// Without the password of a URL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "data folder `{}`", folder.display()),
            Self::Database(url) => write!(f, "database `{}`", without_secrets(url)),
        }
    }
}

/// Only what tells databases apart: the scheme, the host, the path.
fn without_secrets(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", ""));
    let rest = rest.split_once('?').map_or(rest, |(before, _)| before);
    let host = rest.rsplit_once('@').map_or(rest, |(_, after)| after);
    format!("{scheme}://{host}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_url_or_a_folder() {
        assert_eq!(Place::parse("./here"), Place::Folder("./here".into()));
        let url = "postgres://me:secret@db:5432/lambdura?password=secret";
        let place = Place::parse(url);
        assert_eq!(place, Place::Database(url.to_owned()));
        assert_eq!(place.to_string(), "database `postgres://db:5432/lambdura`");
        let tricky = Place::parse("postgres://me:a@b@db/lambdura");
        assert_eq!(tricky.to_string(), "database `postgres://db/lambdura`");
    }
}
