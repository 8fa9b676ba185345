//! The two operations of a small world.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context as _, bail};
use model::{OperationId, OperationType};

/// The types of operation that a function starts. EXECUTION is not among them: every world has one.
pub const TYPES: [OperationType; 5] = [
    OperationType::Step,
    OperationType::Wait,
    OperationType::Callback,
    OperationType::ChainedInvoke,
    OperationType::Context,
];

/// The two operations of a world. Written `step,wait`, or `context/step` for a step in a context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pair {
    /// The type of the first.
    pub first: OperationType,
    /// The type of the second.
    pub second: OperationType,
    /// Whether the second is a child of the first, which is then a CONTEXT.
    pub nested: bool,
}

/// One of the two operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it all")]
pub enum Slot {
    First,
    Second,
}

impl Slot {
    /// Both of them.
    pub const BOTH: [Self; 2] = [Self::First, Self::Second];

    /// The operation's id.
    pub fn id(self) -> OperationId {
        OperationId::parse(self.name()).expect("both names are valid operation ids")
    }

    /// The operation with this id, if it is one of the two.
    pub fn of(id: &OperationId) -> Option<Self> {
        Self::BOTH
            .into_iter()
            .find(|slot| slot.name() == id.as_str())
    }

    /// The operation's id as text, which is its name too.
    pub const fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Second => "second",
        }
    }
}

impl Pair {
    /// Every pair of types, a type with itself included, and a child of every type in a context.
    pub fn all() -> Vec<Self> {
        let beside = TYPES.iter().enumerate().flat_map(|(index, first)| {
            TYPES[index..].iter().map(|second| Self {
                first: *first,
                second: *second,
                nested: false,
            })
        });
        let within = TYPES.iter().map(|second| Self {
            first: OperationType::Context,
            second: *second,
            nested: true,
        });
        beside.chain(within).collect()
    }

    /// The type of one of the operations.
    pub const fn operation_type(self, slot: Slot) -> OperationType {
        match slot {
            Slot::First => self.first,
            Slot::Second => self.second,
        }
    }

    /// The parent of one of the operations.
    pub fn parent(self, slot: Slot) -> Option<OperationId> {
        (self.nested && slot == Slot::Second).then(|| Slot::First.id())
    }

    /// Whether exchanging the two makes no difference: then only the worlds in which the first
    /// begins first are explored.
    pub fn is_symmetric(self) -> bool {
        self.first == self.second && !self.nested
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let between = if self.nested { '/' } else { ',' };
        write!(f, "{}{between}{}", name(self.first), name(self.second))
    }
}

impl FromStr for Pair {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let nested = text.contains('/');
        let (first, second) = text.split_once(['/', ',']).with_context(|| {
            format!("`{text}` is not of the form `step,wait` or `context/step`")
        })?;
        let pair = Self {
            first: parse(first)?,
            second: parse(second)?,
            nested,
        };
        if nested && pair.first != OperationType::Context {
            bail!("only a context has children, not a {first}");
        }
        Ok(pair)
    }
}

fn parse(text: &str) -> anyhow::Result<OperationType> {
    let names = TYPES.map(name).join(", ");
    TYPES
        .into_iter()
        .find(|operation_type| name(*operation_type) == text)
        .with_context(|| format!("`{text}` is not a type of operation: give one of {names}"))
}

const fn name(operation_type: OperationType) -> &'static str {
    match operation_type {
        OperationType::Execution => "execution",
        OperationType::Context => "context",
        OperationType::Step => "step",
        OperationType::Wait => "wait",
        OperationType::Callback => "callback",
        OperationType::ChainedInvoke => "chained-invoke",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_reads_back() {
        let pairs = Pair::all();
        assert_eq!(pairs.len(), 15 + 5);
        for pair in pairs {
            let read: Pair = pair.to_string().parse().expect("what is written is read");
            assert_eq!(read, pair);
        }
    }

    #[test]
    fn what_is_no_pair_is_told() {
        for text in ["step", "step,nap", "step/wait", "execution,step"] {
            assert!(text.parse::<Pair>().is_err(), "{text}");
        }
    }
}
