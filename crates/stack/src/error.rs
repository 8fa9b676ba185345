//! Why a template could not be loaded, and which parts of it do nothing here.

use std::fmt;
use std::io;
use std::path::PathBuf;

use miette::{Diagnostic, SourceSpan};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::TemplateText;

/// A stack could not be loaded.
#[derive(Debug, Error, Diagnostic)]
pub enum LoadStackError {
    /// There is no template at the path.
    #[error("no template at `{}`", path.display())]
    #[diagnostic(help("{help}"))]
    NotFound {
        /// The file or directory that was asked for.
        path: PathBuf,
        /// The names that were searched, and how to name another template.
        help: String,
    },
    /// The file is there and cannot be read.
    #[error("cannot read `{}`", path.display())]
    #[diagnostic(help("check that it is a file and that you may read it"))]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        cause: io::Error,
    },
    /// The file is larger than anything CloudFormation would take.
    #[error("`{}` is larger than {limit_bytes} bytes", path.display())]
    #[diagnostic(help("CloudFormation accepts templates of up to 1 MiB; is this the right file?"))]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The largest size that is read.
        limit_bytes: usize,
    },
    /// The file is not text.
    #[error("`{}` is not UTF-8 text: byte {offset} is wrong", path.display())]
    #[diagnostic(help("save the file as UTF-8"))]
    NotText {
        /// The file.
        path: PathBuf,
        /// The first wrong byte, counted from 0.
        offset: usize,
    },
    /// A value that came with the call, not from a file, is wrong.
    #[error("{message}")]
    #[diagnostic(help("{help}"))]
    Option {
        /// The value's name and the problem.
        message: String,
        /// A correct form.
        help: String,
    },
    /// The template, or `samconfig.toml`, is wrong.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Invalid(#[from] Box<InvalidTemplate>),
}

/// All problems found in one file.
#[derive(Debug, Error, Diagnostic)]
#[error("`{file}` has {}", count(problems.len() + omitted))]
pub struct InvalidTemplate {
    /// The file's path as shown to the user.
    pub file: String,
    /// At least one, in the file's order.
    #[related]
    pub problems: Vec<Problem>,
    /// The number of further problems beyond those kept ([`limits::PROBLEMS_MAX`](crate::limits)).
    pub omitted: usize,
}

fn count(problems: usize) -> String {
    match problems {
        1 => "one problem".to_owned(),
        many => format!("{many} problems"),
    }
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, Error, Diagnostic)]
#[error("{message}")]
pub struct Problem {
    /// The problem, naming resource and property.
    pub message: String,
    /// The file's text.
    #[source_code]
    pub text: TemplateText,
    /// The place to mark.
    #[label("{label}")]
    pub span: SourceSpan,
    /// A few words for the place itself.
    pub label: String,
    /// How to fix it.
    #[help]
    pub help: Option<String>,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
}

/// A resource or property that is not provided here, and what that means for the application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// The resource's key under `Resources`; for other sections, the key there.
    pub logical_id: String,
    /// For example `AWS::SQS::Queue`; for other sections, the section's name.
    pub resource_type: String,
    /// The property's path, such as `Events.Nightly`, where one property is meant.
    pub property: Option<String>,
    /// What the application will notice, as a sentence fragment.
    pub meaning: String,
    /// The file that it is about, as shown to the user.
    pub file: String,
    /// Counted from 1; 0 where the whole file is meant.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, meaning) = (&self.logical_id, &self.meaning);
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        match &self.property {
            Some(property) => write!(f, "`{property}` of `{id}`: {meaning}"),
            None => write!(f, "`{id}` ({}): {meaning}", self.resource_type),
        }
    }
}
