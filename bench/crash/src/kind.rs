//! The kinds of executions, and the end that each must have.

use serde_json::{Value, json};

/// What an execution does; `bench/functions/every-kind` does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Steps,
    AtMostOnce,
    Retries,
    Fails,
    Wait,
    Callback,
    CreatedCallback,
    InvokeDurable,
    InvokePlain,
    Map,
    Parallel,
    Condition,
    ChildContext,
    Pause,
    Stop,
    Sync,
    PlainEvent,
    PlainSync,
}

/// How it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// A durable function; `202` acknowledges it.
    Event,
    /// A durable function, whose end the client waits for.
    Sync,
    /// A plain function; `202` acknowledges it.
    PlainEvent,
    /// A plain function, whose end the client waits for.
    PlainSync,
}

/// How it has to end.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    Succeeds(Value),
    FailsWith(&'static str),
    IsStopped,
    /// Its end is not reported anywhere; the ledger shows that it ran.
    Runs,
}

impl Kind {
    /// Every kind, in the order in which they take turns.
    pub const ALL: [Self; 18] = [
        Self::Steps,
        Self::AtMostOnce,
        Self::Retries,
        Self::Fails,
        Self::Wait,
        Self::Callback,
        Self::CreatedCallback,
        Self::InvokeDurable,
        Self::InvokePlain,
        Self::Map,
        Self::Parallel,
        Self::Condition,
        Self::ChildContext,
        Self::Pause,
        Self::Stop,
        Self::Sync,
        Self::PlainEvent,
        Self::PlainSync,
    ];

    /// As in the function's event and in the names of executions.
    pub fn name(self) -> &'static str {
        match self {
            Self::Steps => "steps",
            Self::AtMostOnce => "at-most-once",
            Self::Retries => "retries",
            Self::Fails => "fails",
            Self::Wait => "wait",
            Self::Callback => "callback",
            Self::CreatedCallback => "created-callback",
            Self::InvokeDurable => "invoke-durable",
            Self::InvokePlain => "invoke-plain",
            Self::Map => "map",
            Self::Parallel => "parallel",
            Self::Condition => "condition",
            Self::ChildContext => "child-context",
            Self::Pause => "pause",
            Self::Stop => "stop",
            Self::Sync => "sync",
            Self::PlainEvent => "plain-event",
            Self::PlainSync => "plain-sync",
        }
    }

    pub fn call(self) -> Call {
        match self {
            Self::Sync => Call::Sync,
            Self::PlainEvent => Call::PlainEvent,
            Self::PlainSync => Call::PlainSync,
            _ => Call::Event,
        }
    }

    /// The end that an execution with this number must have, at whatever point the server dies.
    pub fn end(self, number: u64) -> End {
        let result = match self {
            Self::Steps | Self::Sync | Self::ChildContext | Self::Pause => json!(number + 3),
            Self::AtMostOnce | Self::Wait => json!(number + 2),
            Self::Retries | Self::Condition => json!(3),
            Self::Fails => return End::FailsWith("broken for good"),
            Self::Callback | Self::CreatedCallback => match Reply::to(number) {
                Reply::Refuse => json!("refused"),
                Reply::Answer | Reply::HeartbeatThenAnswer => json!(number * 10),
            },
            Self::InvokeDurable | Self::InvokePlain => json!(number * 2 + 1),
            // Two steps on each of four items, which are 0 to 3 apart from the number.
            Self::Map => json!(number * 4 + 6 + 8),
            Self::Parallel => json!((number + 1) * 3),
            Self::Stop => return End::IsStopped,
            Self::PlainEvent => return End::Runs,
            Self::PlainSync => json!(number * 2),
        };
        End::Succeeds(result)
    }
}

/// The clients' reply to a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    Answer,
    HeartbeatThenAnswer,
    Refuse,
}

impl Reply {
    /// The reply to the callback of the execution with this number.
    pub fn to(number: u64) -> Self {
        match number / Kind::ALL.len() as u64 % 3 {
            0 => Self::Answer,
            1 => Self::HeartbeatThenAnswer,
            _ => Self::Refuse,
        }
    }
}

/// One execution to be started, or one call of a plain function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    pub kind: Kind,
    /// Different for each order.
    pub number: u64,
}

impl Order {
    /// The kinds take turns.
    pub fn nth(number: u64) -> Self {
        let index = number % Kind::ALL.len() as u64;
        Self {
            kind: Kind::ALL[index as usize],
            number,
        }
    }

    /// The execution's name, different for each order.
    pub fn name(self) -> String {
        format!("{}-{}", self.kind.name(), self.number)
    }

    /// The order of an execution with this name.
    pub fn named(name: &str) -> Option<Self> {
        let (kind, number) = name.rsplit_once('-')?;
        Some(Self {
            kind: Kind::ALL.into_iter().find(|it| it.name() == kind)?,
            number: number.parse().ok()?,
        })
    }

    /// The function's event.
    pub fn event(self) -> Value {
        match self.kind.call() {
            Call::Event | Call::Sync => {
                json!({ "kind": self.kind.name(), "number": self.number })
            }
            Call::PlainEvent | Call::PlainSync => {
                json!({ "name": self.name(), "number": self.number })
            }
        }
    }
}

/// The execution's name, out of its ARN.
pub fn name_of(arn: &str) -> Option<&str> {
    arn.rsplit('/').nth(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_orders() {
        for number in 0..40 {
            let order = Order::nth(number);
            assert_eq!(Order::named(&order.name()), Some(order));
        }
        assert_eq!(Order::named("elsewhere-1"), None);
    }
}
