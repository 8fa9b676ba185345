//! Unused executions, the ones that were left last, in a fixed amount of memory.

use std::collections::{HashMap, VecDeque};

use engine::Execution;
use model::ExecutionId;

/// The most that is kept, by [`weight`].
const WEIGHT_MAX: usize = 32 * 1024 * 1024;

/// One that is heavier is not kept: a few of them would push out all others.
const WEIGHT_OF_ONE_MAX: usize = WEIGHT_MAX / 256;

/// The bytes of an execution, and of each of its operations, besides payloads: names, ids, times and maps.
const WEIGHT_OF_RECORD: usize = 1024;

/// Open executions that may be needed again soon.
#[derive(Debug, Default)]
pub(super) struct Kept {
    executions: HashMap<ExecutionId, Place>,
    /// In the order in which they came, with the number of their place. One that was taken since leaves its line
    /// behind.
    order: VecDeque<(u64, ExecutionId)>,
    numbers: u64,
    weight: usize,
    is_closed: bool,
}

#[derive(Debug)]
struct Place {
    number: u64,
    weight: usize,
    execution: Execution,
}

impl Kept {
    /// Keeps an execution if it is open and not too heavy, in place of the oldest ones.
    pub fn put(&mut self, execution: Execution) {
        let weight = weight(&execution);
        if self.is_closed || execution.state.outcome.is_some() || weight > WEIGHT_OF_ONE_MAX {
            return;
        }
        let id = execution.spec.arn.id.clone();
        self.take(&id);
        self.numbers += 1;
        let number = self.numbers;
        self.order.push_back((number, id.clone()));
        self.weight += weight;
        let place = Place {
            number,
            weight,
            execution,
        };
        self.executions.insert(id, place);
        while self.weight > WEIGHT_MAX
            && let Some((number, id)) = self.order.pop_front()
        {
            if self.is_at(&id, number) {
                self.take(&id);
            }
        }
        self.drop_old_lines();
    }

    /// Takes an execution out, if it is kept.
    pub fn take(&mut self, id: &ExecutionId) -> Option<Execution> {
        let place = self.executions.remove(id)?;
        self.weight -= place.weight;
        Some(place.execution)
    }

    pub fn has(&self, id: &ExecutionId) -> bool {
        self.executions.contains_key(id)
    }

    /// Drops everything, and keeps nothing more.
    pub fn close(&mut self) {
        *self = Self {
            is_closed: true,
            ..Self::default()
        };
    }

    fn is_at(&self, id: &ExecutionId, number: u64) -> bool {
        let place = self.executions.get(id);
        place.is_some_and(|place| place.number == number)
    }

    /// Lines of executions that were taken go once they are the most, so that it costs little by execution.
    fn drop_old_lines(&mut self) {
        if self.order.len() > 64 + 2 * self.executions.len() {
            let mut order = std::mem::take(&mut self.order);
            order.retain(|(number, id)| self.is_at(id, *number));
            self.order = order;
        }
    }
}

/// About how many bytes an execution takes.
fn weight(execution: &Execution) -> usize {
    let state = &execution.state;
    let payloads = usize::try_from(state.bytes).unwrap_or(usize::MAX);
    let records = WEIGHT_OF_RECORD * (1 + state.operation_count as usize);
    payloads.saturating_add(records)
}

#[cfg(test)]
mod tests {
    use engine::Context;
    use model::{
        ExecutionArn, ExecutionName, ExecutionSpec, FunctionArn, FunctionName, Limits, Timestamp,
        Trigger, Version,
    };

    use super::*;
    use crate::seeds::Seeds;

    /// One that was just started, with an input of so many bytes.
    fn execution(seeds: &Seeds, input: usize) -> Execution {
        let now = Timestamp::from_millis(1_790_000_000_000);
        let id = seeds.chance().execution_id(now);
        let spec = ExecutionSpec {
            arn: ExecutionArn {
                function: FunctionArn {
                    partition: "aws".into(),
                    region: "us-east-1".into(),
                    account_id: "000000000000".into(),
                    name: FunctionName::parse("Loan").expect("a valid name"),
                },
                version: Version::Published(1),
                name: ExecutionName::parse(id.as_str()).expect("a valid name"),
                id,
            },
            started_at: now,
            input: Some(format!("\"{}\"", "x".repeat(input)).as_str().into()),
            execution_timeout_seconds: 60,
            retention_days: 1,
            result_bytes_max: 1_000,
            trace_header: None,
            tenant_id: None,
            trigger: Trigger::Invoke,
        };
        let context = Context {
            now,
            chance: seeds.chance(),
            limits: &Limits::AWS,
            owner: seeds.owner(),
        };
        Execution::create(&engine::start(spec, context))
    }

    #[test]
    fn the_last_ones_are_kept_in_a_fixed_amount_of_memory() {
        let (seeds, mut kept) = (Seeds::new(1), Kept::default());
        let mut ids = Vec::new();
        for _ in 0..1_000 {
            let execution = execution(&seeds, WEIGHT_OF_ONE_MAX / 2);
            ids.push(execution.spec.arn.id.clone());
            kept.put(execution);
            assert!(kept.weight <= WEIGHT_MAX);
        }
        let is_kept: Vec<bool> = ids.iter().map(|id| kept.has(id)).collect();
        let count = is_kept.iter().filter(|it| **it).count();
        assert!((256..1_000).contains(&count), "{count} are kept");
        assert!(
            is_kept[1_000 - count..].iter().all(|it| *it),
            "the last ones are"
        );
        for id in &ids {
            kept.take(id);
        }
        assert_eq!((kept.weight, kept.executions.len()), (0, 0));
    }

    #[test]
    fn lines_of_those_that_come_and_go_do_not_add_up() {
        let (seeds, mut kept) = (Seeds::new(1), Kept::default());
        let id = {
            let execution = execution(&seeds, 10);
            let id = execution.spec.arn.id.clone();
            kept.put(execution);
            id
        };
        for _ in 0..1_000 {
            let execution = kept.take(&id).expect("it is kept");
            kept.put(execution);
            assert!(kept.order.len() <= 67, "{} lines", kept.order.len());
        }
        assert!(kept.has(&id));
    }

    #[test]
    fn heavy_ones_and_all_of_them_after_the_end_are_not_kept() {
        let (seeds, mut kept) = (Seeds::new(1), Kept::default());
        let heavy = execution(&seeds, WEIGHT_OF_ONE_MAX);
        let id = heavy.spec.arn.id.clone();
        kept.put(heavy);
        assert!(!kept.has(&id));
        kept.put(execution(&seeds, 10));
        kept.close();
        kept.put(execution(&seeds, 10));
        assert_eq!((kept.weight, kept.executions.len()), (0, 0));
    }
}
