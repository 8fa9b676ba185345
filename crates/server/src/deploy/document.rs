//! A stack as it is stored: its template's resources, and the code and versions of its functions.

use std::collections::{BTreeMap, BTreeSet};

use model::Timestamp;
use serde::{Deserialize, Serialize};
use stack::Stack;
use store::StackRecord;
use thiserror::Error;
use utoipa::ToSchema;

/// The version of the document format. Documents of another version come from another version of
/// the program.
const FORMAT: u32 = 1;

/// What a deployment is made of, as clients send it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = StackSubmitted)]
pub(super) struct Submitted {
    /// The template, resolved: between a client and a server of the same version.
    #[schema(value_type = Object)]
    pub stack: Stack,
    /// The code of each function, by logical id.
    pub code: BTreeMap<String, Code>,
}

/// The code of a function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = StackCode)]
pub(super) struct Code {
    /// SHA-256 of its archive: 64 hexadecimal digits.
    pub sha256: String,
    /// Size of the archive.
    pub bytes: u64,
}

/// How far a deployment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = StackStage)]
pub(super) enum Stage {
    /// It is decided: a server that sees it makes the functions match it.
    Applying,
    /// The functions are what it says.
    Live,
    /// Its functions are being removed, and then it is.
    Destroying,
}

/// A stored stack, see the module.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Document {
    format: u32,
    /// Identifies this deployment among those of the stack.
    pub revision: String,
    pub stage: Stage,
    /// With the local URLs of its APIs.
    pub stack: Stack,
    pub code: BTreeMap<String, Code>,
    /// The version of each function's alias, by logical id; `$LATEST` for functions without an
    /// alias.
    pub versions: BTreeMap<String, String>,
    /// The port of each API and function URL, by logical id, as an offset from the first port.
    pub ports: BTreeMap<String, usize>,
    /// Functions of earlier deployments that are to be removed.
    pub gone: BTreeSet<String>,
}

/// A document with the store's details of it.
#[derive(Debug, Clone)]
pub(super) struct Deployed {
    pub name: String,
    pub deployed_at: Timestamp,
    pub document: Document,
}

/// Why a stored stack cannot be read.
#[derive(Debug, Error)]
pub(super) enum ReadDocumentError {
    #[error(
        "it is of form {0}, and this program knows form {FORMAT}: use the program that deployed it, or a newer one"
    )]
    Format(u32),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl Document {
    pub fn new(stage: Stage, submitted: Submitted) -> Self {
        let Submitted { stack, code } = submitted;
        Self {
            format: FORMAT,
            revision: uuid::Uuid::new_v4().to_string(),
            stage,
            stack,
            code,
            versions: BTreeMap::new(),
            ports: BTreeMap::new(),
            gone: BTreeSet::new(),
        }
    }

    /// Logical ids of all HTTP resources.
    pub fn api_ids(&self) -> impl Iterator<Item = &String> {
        let stack = &self.stack;
        let http = stack.http_apis.iter().map(|it| &it.logical_id);
        let rest = stack.rest_apis.iter().map(|it| &it.logical_id);
        let urls = stack.function_urls.iter().map(|it| &it.logical_id);
        http.chain(rest).chain(urls)
    }
}

impl Deployed {
    /// Reads a stored stack.
    pub fn read(record: &StackRecord) -> Result<Self, ReadDocumentError> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let head: Head = serde_json::from_str(&record.document)?;
        if head.format != FORMAT {
            return Err(ReadDocumentError::Format(head.format));
        }
        Ok(Self {
            name: record.name.clone(),
            deployed_at: record.deployed_at,
            document: serde_json::from_str(&record.document)?,
        })
    }

    pub fn record(&self) -> StackRecord {
        StackRecord {
            name: self.name.clone(),
            document: serde_json::to_string(&self.document).expect("it is always JSON"),
            deployed_at: self.deployed_at,
        }
    }
}
