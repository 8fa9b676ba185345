//! The lines of a backup: one JSON object each, whose only member names its kind.
//!
//! The first is the header, the last the trailer. Long data is in pieces, so that neither side has to hold more than
//! one execution. The format outlives the code: members may be added with a default; for anything else the number goes
//! up and the old form stays readable. A backup of each format is kept as a test.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::{
    ErrorObject, Event, ExecutionId, ExecutionSpec, ExecutionState, FunctionName, Operation,
    RequestId, Timestamp, Version,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Counts, LeftOut};

/// The format that is written, and the newest that is read. The second brought access keys, the third stacks, the
/// fourth the record of changes.
pub(crate) const FORMAT: u32 = 4;

/// Bytes of payloads after which a new piece begins, about.
pub(crate) const PIECE_BYTES: usize = 1024 * 1024;

/// Bytes of a line at the most: far more than the largest operation, escaped.
pub(crate) const LINE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// The first line of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Goes up when an older program could not read it.
    pub format: u32,
    /// When it was made.
    pub made_at: Timestamp,
    /// The version of the program.
    pub program: String,
    /// Its source, for people: a data folder or a store, without secrets.
    pub of: String,
}

/// The last line of a backup: without it, the backup was cut off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct End {
    pub counts: Counts,
    /// The items that could not be read when the backup was made.
    pub left_out: Vec<LeftOut>,
    /// Of all lines before this one, hexadecimal.
    pub sha256: String,
}

/// The beginning of an execution; its operations and events follow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Begin {
    pub spec: ExecutionSpec,
    pub state: ExecutionState,
}

/// The beginning of something of which the bytes follow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Named {
    pub name: String,
    pub bytes: u64,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line {
    LambduraBackup(Header),
    Code(Named),
    FunctionSettings(#[serde(with = "FunctionSettings")] store::FunctionSettingsRecord),
    FunctionVersion(#[serde(with = "FunctionVersion")] store::FunctionVersionRecord),
    Alias(#[serde(with = "Alias")] store::AliasRecord),
    AccessKey(#[serde(with = "AccessKey")] store::AccessKeyRecord),
    Stack(#[serde(with = "Stack")] store::StackRecord),
    Change(#[serde(with = "Change")] store::AuditRecord),
    ScheduleMark(#[serde(with = "ScheduleMark")] store::ScheduleMark),
    Accepted(#[serde(with = "AsyncInvocation")] store::AsyncInvocation),
    DeadLetter(#[serde(with = "DeadLetter")] store::DeadLetter),
    SetAside(#[serde(with = "SetAside")] store::SetAside),
    Execution(Box<Begin>),
    Operations(Vec<Operation>),
    Events(Vec<Event>),
    /// All operations and events of the execution are there.
    ExecutionEnd {},
    File(Named),
    Bytes(Base64),
    End(End),
}

/// Bytes as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Base64(pub Vec<u8>);

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        base64_text::serialize(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        base64_text::deserialize(deserializer).map(Self)
    }
}

mod base64_text {
    use super::*;

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map_err(serde::de::Error::custom)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "store::FunctionSettingsRecord")]
struct FunctionSettings {
    function: FunctionName,
    settings: String,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "store::FunctionVersionRecord")]
struct FunctionVersion {
    function: FunctionName,
    version: Version,
    code_sha256: String,
    config_sha256: String,
    code_dir: String,
    configuration: String,
    published_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "store::AliasRecord")]
struct Alias {
    function: FunctionName,
    name: String,
    version: Version,
    description: String,
    routing: Option<String>,
    revision_id: String,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "store::AccessKeyRecord")]
struct AccessKey {
    id: String,
    name: String,
    #[serde(with = "base64_text")]
    sealed_secret: Vec<u8>,
    policies: String,
    created_at: Timestamp,
    rotated_at: Timestamp,
    disabled_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "store::StackRecord")]
struct Stack {
    name: String,
    document: String,
    deployed_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "store::AuditRecord")]
struct Change {
    id: String,
    #[serde(with = "audit_kind")]
    kind: store::AuditKind,
    at: Timestamp,
    server: Option<String>,
    who: String,
    access_key_id: Option<String>,
    source_ip: Option<String>,
    action: String,
    resource: String,
    outcome: String,
    status: Option<u16>,
    error: Option<String>,
}

/// By the word that tables have for it.
mod audit_kind {
    use store::AuditKind;
    use store::columns::Code as _;

    use super::*;

    pub fn serialize<S: Serializer>(kind: &AuditKind, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(kind.code())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<AuditKind, D::Error> {
        let word = String::deserialize(deserializer)?;
        AuditKind::from_code(&word).map_err(serde::de::Error::custom)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "store::ScheduleMark")]
struct ScheduleMark {
    schedule: String,
    definition: String,
    done_until: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "store::AsyncInvocation")]
struct AsyncInvocation {
    request_id: RequestId,
    function: FunctionName,
    version: Version,
    invoked_arn: String,
    #[serde(with = "base64_text")]
    payload: Vec<u8>,
    client_context: Option<String>,
    trace_header: Option<String>,
    tenant_id: Option<String>,
    accepted_at: Timestamp,
    attempts: u32,
    not_before: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "store::DeadLetter")]
struct DeadLetter {
    #[serde(with = "AsyncInvocation")]
    invocation: store::AsyncInvocation,
    buried_at: Timestamp,
    condition: String,
    error: Option<ErrorObject>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "store::SetAside")]
struct SetAside {
    execution_id: ExecutionId,
    set_aside_at: Timestamp,
    attempted: String,
    reason: String,
}
