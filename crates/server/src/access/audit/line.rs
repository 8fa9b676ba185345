//! A record as people and programs read it.

use model::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{AuditKind, AuditRecord};

use crate::permission::is_data_event;

/// Something that was done, or refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AuditLine {
    /// Sorts by time.
    #[serde(default)]
    #[schema(required = true)]
    pub id: String,
    /// `management`: the service was changed; `data`: what is there was used, or somebody was refused.
    #[serde(default)]
    #[schema(required = true)]
    pub kind: String,
    /// When, as RFC 3339.
    pub at: String,
    /// The server that was asked, by its address among those that share the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// Who: an access key by its name, a function, or nobody who is known.
    pub who: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_key_id: Option<String>,
    /// From which address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_ip: Option<String>,
    /// What, in IAM's words.
    pub action: String,
    /// To what.
    pub resource: String,
    /// `done`, `refused` or `failed`; `left` when the client left before the answer, whatever came of it.
    pub outcome: String,
    /// The answer's HTTP status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The answer's error, by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl AuditLine {
    /// Reads a line. Lines of an older version have no ids: each gets an id that is always the same.
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        let mut line: Self = serde_json::from_slice(text).ok()?;
        if line.kind.is_empty() {
            line.kind = word(kind_of(&line.action)).to_owned();
        }
        if line.id.is_empty() {
            let hash: [u8; 32] = Sha256::digest(text).into();
            let [a, b, c, d, e, f, g, h, i, j, k, l, ..] = hash;
            let run = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
            let number = u32::from_be_bytes([i, j, k, l]);
            line.id = AuditRecord::id_of(line.instant()?, run, number);
        }
        Some(line)
    }

    /// The record of this line; none when its time is not valid.
    pub(super) fn record(self) -> Option<AuditRecord> {
        let at = self.instant()?;
        Some(AuditRecord {
            id: self.id,
            kind: match self.kind.as_str() {
                "data" => AuditKind::Data,
                _ => AuditKind::Management,
            },
            at,
            server: self.server,
            who: self.who,
            access_key_id: self.access_key_id,
            source_ip: self.source_ip,
            action: self.action,
            resource: self.resource,
            outcome: self.outcome,
            status: self.status,
            error: self.error,
        })
    }

    fn instant(&self) -> Option<Timestamp> {
        let moment: jiff::Timestamp = self.at.parse().ok()?;
        Some(Timestamp::from_millis(moment.as_millisecond()))
    }
}

impl From<AuditRecord> for AuditLine {
    fn from(record: AuditRecord) -> Self {
        Self {
            id: record.id,
            kind: word(record.kind).to_owned(),
            at: moment(record.at),
            server: record.server,
            who: record.who,
            access_key_id: record.access_key_id,
            source_ip: record.source_ip,
            action: record.action,
            resource: record.resource,
            outcome: record.outcome,
            status: record.status,
            error: record.error,
        }
    }
}

/// How often an action is done.
pub(super) fn kind_of(action: &str) -> AuditKind {
    match is_data_event(action) {
        true => AuditKind::Data,
        false => AuditKind::Management,
    }
}

fn word(kind: AuditKind) -> &'static str {
    match kind {
        AuditKind::Management => "management",
        AuditKind::Data => "data",
    }
}

/// A time, as RFC 3339.
fn moment(at: Timestamp) -> String {
    let moment = jiff::Timestamp::from_millisecond(at.as_millis());
    moment.unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_before_has_the_same_id_each_time() {
        let text = br#"{"at":"2026-11-29T10:00:00.5Z","who":"key ci","action":"lambda:InvokeFunction","resource":"f","outcome":"done"}"#;
        let read = AuditLine::read(text).expect("it is one");
        assert_eq!(read.kind, "data");
        assert!(read.id.len() == 36, "{}", read.id);
        assert_eq!(AuditLine::read(text), Some(read.clone()));
        let record = read.clone().record().expect("it has a time");
        assert!(record.id.starts_with(&AuditRecord::id_at(record.at)));
        let again = AuditLine::from(record);
        assert_eq!(
            (again.at.as_str(), again.id),
            ("2026-11-29T10:00:00.5Z", read.id)
        );
        assert_eq!(AuditLine::read(b"{\"at\":\"2026"), None);
    }
}
