//! The data of a Map state for `DEBUG`: its items, and its limits.

use asl::{Map, ProcessorMode, Scope, StateError, Template};
use serde_json::{Value, json};

use super::{StatesError, Test};

/// How many items may fail, and how many there are.
pub(super) struct Limits {
    count: Option<u64>,
    percentage: Option<f64>,
    total: usize,
}

impl Test<'_> {
    /// Evaluates the items and limits of a Map state, and shows them.
    pub(super) fn map(&mut self, map: &Map) -> Result<Limits, StateError> {
        let state = self.state;
        let effective = self.evaluate(None, |scope| state.flow.effective_input(scope))?;
        if state.language == asl::Language::JsonPath {
            self.inspect("afterInputPath", &effective);
        }
        let items = match (&map.reader, self.reader_data.take()) {
            (None, _) => {
                self.evaluate(None, |scope| map.items.find(&scope.with_input(&effective)))?
            }
            (Some(reader), Some(text)) => reader.format.items(&text, usize::MAX)?,
            (Some(_), None) => Vec::new(),
        };
        if state.language == asl::Language::JsonPath && map.reader.is_none() {
            self.inspect("afterItemsPath", &json!(items));
        }
        let total = items.len();
        let inputs = self.selected(map, &effective, items)?;
        if let Some(batcher) = &map.batcher {
            let batches = self.evaluate(None, |scope| {
                batcher.batches(inputs, &scope.with_input(&effective))
            })?;
            self.inspect("afterItemBatcher", &json!(batches));
        }
        let number = |template: &Option<Template>, field: &'static str| {
            let evaluated = template.as_ref().map(|it| {
                let whole = |scope: &Scope<'_>| it.number(&scope.with_input(&effective), field);
                self.evaluate(None, whole)
            });
            evaluated.transpose()
        };
        let concurrency = number(&map.max_concurrency, "MaxConcurrency")?;
        let count = number(&map.tolerance.count, "ToleratedFailureCount")?;
        let percentage = number(&map.tolerance.percentage, "ToleratedFailurePercentage")?;
        let whole = |number: f64| number as u64;
        let limits = Limits {
            count: count.map(whole),
            percentage,
            total,
        };
        let shown = [
            ("maxConcurrency", concurrency.map(|it| json!(whole(it)))),
            ("toleratedFailureCount", limits.count.map(|it| json!(it))),
            ("toleratedFailurePercentage", percentage.map(|it| json!(it))),
        ];
        for (name, value) in shown {
            if let Some(value) = value {
                self.inspected.insert(name.to_owned(), value);
            }
        }
        Ok(limits)
    }

    fn selected(
        &mut self,
        map: &Map,
        effective: &Value,
        items: Vec<Value>,
    ) -> Result<Vec<Value>, StateError> {
        let Some(template) = &map.item_selector else {
            return Ok(items);
        };
        let context = self.context.clone();
        let mut inputs = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            self.context["Map"] = json!({ "Item": { "Index": index, "Value": item } });
            let input = self.evaluate(None, |scope| {
                template.evaluate(&scope.with_input(effective), "ItemSelector")
            });
            inputs.push(input?);
        }
        self.context = context;
        self.inspect("afterItemSelector", &json!(inputs));
        Ok(inputs)
    }
}

impl Limits {
    /// The error of a run in which so many items failed, if they are too many.
    pub(super) fn check(
        &self,
        map: &Map,
        failed: u64,
    ) -> Result<Result<(), StateError>, StatesError> {
        if map.mode == ProcessorMode::Inline {
            return Err(StatesError::validation(
                "'mapIterationFailureCount' is for Map states in DISTRIBUTED mode.",
            ));
        }
        if map.reader.is_none() && failed > self.total as u64 {
            return Err(StatesError::validation(format!(
                "'mapIterationFailureCount' is {failed}, and there are {} items.",
                self.total
            )));
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "there are fewer than 2^53 items"
        )]
        let share = failed as f64 * 100.0 / self.total.max(1) as f64;
        let is_exceeded = match (self.count, self.percentage) {
            (None, None) => failed > 0,
            (count, percentage) => {
                count.is_some_and(|it| failed > it) || percentage.is_some_and(|it| share > it)
            }
        };
        Ok(match is_exceeded {
            false => Ok(()),
            true => Err(StateError::new(
                asl::EXCEED_TOLERATED_FAILURE_THRESHOLD,
                "The specified tolerated failure threshold was exceeded",
            )),
        })
    }
}
