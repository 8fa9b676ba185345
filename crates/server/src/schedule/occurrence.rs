//! One occurrence of a schedule: its ids, which stay the same each time that it is fired.

use model::{ExecutionName, RequestId, Timestamp};
use sha2::{Digest as _, Sha256};
use stack::ScheduleResource;

/// Characters of the schedule's name in the name of an execution: 64, without the instant, the digits that tell
/// schedules of the same name apart, and two hyphens.
const NAME_CHARACTERS_MAX: usize = 64 - 16 - 8 - 2;

/// An occurrence. A crash between firing it and storing that fires it a second time: its invocation has the same ids as
/// the first, and a durable execution of that name is started once.
pub(super) struct Occurrence<'a> {
    pub schedule: &'a ScheduleResource,
    pub at: Timestamp,
}

impl Occurrence<'_> {
    /// The instant to the second, as AWS writes it.
    pub fn time(&self) -> String {
        self.instant().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// The id of the function's event.
    pub fn event_id(&self) -> String {
        self.uuid("event")
    }

    /// The request id of a plain function's invocation.
    pub fn request_id(&self) -> RequestId {
        RequestId::parse(&self.uuid("request")).expect("a UUID is a valid request id")
    }

    /// The name of a durable function's execution: `nightly-20261125T080000Z-0f3c5a7e`.
    pub fn execution_name(&self) -> ExecutionName {
        let name = self.schedule.name.chars().take(NAME_CHARACTERS_MAX);
        let word = |it: char| it.is_ascii_alphanumeric() || it == '-' || it == '_';
        let name: String = name.map(|it| if word(it) { it } else { '-' }).collect();
        let time = self.instant().strftime("%Y%m%dT%H%M%SZ");
        let digits = u32::from_be_bytes(self.bytes("execution"));
        let name = format!("{name}-{time}-{digits:08x}");
        ExecutionName::parse(&name).expect("64 characters of words at the most")
    }

    fn instant(&self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.at.as_millis()).unwrap_or_default()
    }

    fn uuid(&self, purpose: &str) -> String {
        uuid::Builder::from_random_bytes(self.bytes(purpose))
            .into_uuid()
            .to_string()
    }

    fn bytes<const N: usize>(&self, purpose: &str) -> [u8; N] {
        let text = format!("{purpose}\n{}\n{}", self.schedule.arn, self.at.as_millis());
        let digest = Sha256::digest(text.as_bytes());
        std::array::from_fn(|index| digest[index])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::plan::tests::every_minute;

    #[test]
    fn it_is_told_by_its_schedule_and_its_instant() {
        let named = |name: &str, arn: &str| ScheduleResource {
            name: name.to_owned(),
            arn: arn.to_owned(),
            ..every_minute()
        };
        let at = Timestamp::from_millis(1_795_000_000_000);
        let name = |schedule: &ScheduleResource, at| {
            let occurrence = Occurrence { schedule, at };
            occurrence.execution_name().to_string()
        };
        let nightly = named("nightly", "arn:1");
        let first = name(&nightly, at);
        assert!(first.starts_with("nightly-20261118T110640Z-"), "{first}");
        assert_eq!(name(&nightly, at), first);
        assert_ne!(name(&named("nightly", "arn:2"), at), first);
        // Within the same second.
        assert_ne!(
            name(&nightly, Timestamp::from_millis(1_795_000_000_001)),
            first
        );
        let odd = name(&named(&"a.b/ü ".repeat(30), "arn:1"), at);
        assert!(odd.starts_with("a-b---a-b---"), "{odd}");
        assert_eq!(odd.len(), 64);
        let occurrence = Occurrence {
            schedule: &nightly,
            at,
        };
        assert_ne!(occurrence.event_id(), occurrence.request_id().to_string());
    }
}
