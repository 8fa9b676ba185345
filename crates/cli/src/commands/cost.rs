//! `lambdura cost`.

use std::collections::HashMap;

use cost::{ASSUMPTIONS, Bill, Histories, Prices, StateMachine, Usage};
use lambda_api::{DurableExecutionSummary, Event, FunctionConfiguration};
use owo_colors::{OwoColorize, Style};
use serde::Serialize;
use server::state_machine_type;

use super::wait::is_terminal;
use crate::args::CostArguments;
use crate::client::{Client, ExecutionQuery};
use crate::execution_selector;
use crate::exit::CliError;
use crate::function_selector;
use crate::grid::{Cell, Grid};
use crate::neutral::neutral;
use crate::prices;
use crate::screen::{Screen, note};

/// Executions of one bill: a chain that goes on and on would otherwise be read for ever.
const EXECUTIONS_MAX: usize = 10_000;

/// Executions that an average is of, unless `--last` says how many.
const LAST: usize = 20;

pub async fn run(
    client: &Client,
    arguments: CostArguments,
    screen: &Screen,
) -> Result<(), CliError> {
    let prices = prices::read(arguments.prices.as_deref())?;
    let meter = Meter::new(client).await?;
    let mut all = Vec::new();
    for subject in &arguments.subjects {
        let metered = meter.metered(subject, &arguments).await?;
        let bill = Bill::of(&metered.usage, &prices);
        all.push(Billed { metered, bill });
    }
    if screen.is_json() {
        let documents = all.iter().map(|it| it.document(&arguments.runs, &prices));
        let documents: Vec<Document<'_>> = documents.collect();
        match documents.as_slice() {
            [one] => screen.json(one)?,
            several => screen.json(&several)?,
        }
        return Ok(());
    }
    let lines = match all.as_slice() {
        [one] => text(&one.metered, &one.bill, &arguments.runs, screen.width()),
        several => side_by_side(several, &arguments.runs, screen.width()),
    };
    for line in lines {
        screen.line(line)?;
    }
    note(
        format!(
            "AWS's list prices in {}, in US dollars, {}: {}",
            prices.region,
            prices.read_on,
            prices.sources.join(", ")
        )
        .dimmed(),
    );
    for it in all.iter().filter(|it| it.metered.running > 0) {
        let subject = neutral(&it.metered.subject);
        note(format!("{subject} is still running: its costs so far").yellow());
    }
    for assumption in ASSUMPTIONS {
        note(assumption.dimmed());
    }
    Ok(())
}

/// The metered usage, and its cost.
struct Billed {
    metered: Metered,
    bill: Bill,
}

impl Billed {
    fn document<'a>(&'a self, runs: &[u32], prices: &'a Prices) -> Document<'a> {
        let runs = runs.iter().map(|runs| Runs {
            runs: *runs,
            total: self.bill.total * f64::from(*runs),
        });
        Document {
            metered: &self.metered,
            bill: &self.bill,
            runs: runs.collect(),
            prices,
            assumptions: ASSUMPTIONS,
        }
    }
}

/// Prints the table of prices that comes with the program.
pub fn print_prices(screen: &Screen) -> Result<(), CliError> {
    screen.line(Prices::PUBLISHED.trim_end())?;
    Ok(())
}

/// The metered usage.
#[derive(Debug, Serialize)]
struct Metered {
    /// The execution's name, or that of the function whose executions these are.
    subject: String,
    /// How many executions it is the average of, without those that they invoked.
    executions: usize,
    /// How many of them still run.
    running: usize,
    /// The usage of one execution, with everything that it invoked in a chain.
    usage: Usage,
}

/// The output of `--output json`.
#[derive(Debug, Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    metered: &'a Metered,
    bill: &'a Bill,
    runs: Vec<Runs>,
    prices: &'a Prices,
    assumptions: &'a [&'a str],
}

/// The cost of a number of executions.
#[derive(Debug, Serialize)]
struct Runs {
    runs: u32,
    total: f64,
}

/// An execution that has ended, with each time that it was redriven.
struct Ended {
    first: DurableExecutionSummary,
    parts: Vec<DurableExecutionSummary>,
}

/// Reads executions and the executions that they invoked.
struct Meter<'a> {
    client: &'a Client,
    functions: HashMap<String, cost::Function>,
}

impl<'a> Meter<'a> {
    async fn new(client: &'a Client) -> Result<Self, CliError> {
        let functions = client.list_functions().await?;
        let known = |it: FunctionConfiguration| {
            let machine = state_machine_type(&it).map(StateMachine::of_type);
            let function = cost::Function::of(Some(&it), machine);
            (it.function_name, function)
        };
        Ok(Self {
            client,
            functions: functions.into_iter().map(known).collect(),
        })
    }

    /// Finds out what a subject of the command line is, and meters it.
    async fn metered(&self, subject: &str, arguments: &CostArguments) -> Result<Metered, CliError> {
        let function = arguments.function.as_deref();
        if self.is_durable(subject) {
            let last = arguments.last.unwrap_or(LAST);
            return self.average(Some(subject), last).await;
        }
        if let Some(last) = arguments.last {
            if subject != "@last" {
                let message = format!("`{}` is not a durable function", neutral(subject));
                let hint = "`--last` is for functions, which `lambdura functions` lists";
                return Err(CliError::usage(message, hint));
            }
            return self.average(function, last).await;
        }
        let arn = execution_selector::find(self.client, subject, function).await?;
        let execution = self.client.get_execution(&arn).await?;
        let name = execution.durable_execution_name.clone();
        let parts = self.parts(&arn, &name).await?;
        let status = parts.last().map_or(&execution.status, |it| &it.status);
        let running = usize::from(!is_terminal(status));
        Ok(Metered {
            executions: 1,
            running,
            usage: self.usage(&arn, &parts).await?,
            subject: name,
        })
    }

    fn is_machine(&self, arn: &str) -> bool {
        let function = arn.split(':').nth(6).unwrap_or_default();
        let known = self.functions.get(function);
        known.is_some_and(|it| it.state_machine.is_some())
    }

    /// Each time that a state machine's execution was redriven: to Step Functions, all are one execution.
    async fn parts(&self, arn: &str, name: &str) -> Result<Vec<DurableExecutionSummary>, CliError> {
        let mut parts = Vec::new();
        if !self.is_machine(arn) {
            return Ok(parts);
        }
        let function = arn.split(':').nth(6).unwrap_or_default();
        loop {
            let next = server::redrive_name(name, parts.len() + 1);
            let query = ExecutionQuery {
                name: Some(next.clone()),
                status: None,
                limit: 1,
            };
            let listed = self.client.list_executions(function, &query).await?;
            let found = listed
                .into_iter()
                .find(|it| it.durable_execution_name == next);
            match found {
                Some(part) => parts.push(part),
                None => return Ok(parts),
            }
        }
    }

    /// Whether an execution is a part of another one: a redrive, or that of an item of a distributed Map.
    async fn is_part(&self, it: &DurableExecutionSummary) -> Result<bool, CliError> {
        let (arn, name) = (&it.durable_execution_arn, &it.durable_execution_name);
        if !self.is_machine(arn) {
            return Ok(false);
        }
        if server::is_redrive_name(name) {
            return Ok(true);
        }
        // Without a name of its own, an execution is named by its id. Its input shows whether it is an item's.
        if execution_selector::id_of(arn) != name {
            return Ok(false);
        }
        let execution = self.client.get_execution(arn).await?;
        let input = execution.input_payload.unwrap_or_default();
        Ok(state_machine::looks_like_item(&input))
    }

    fn is_durable(&self, name: &str) -> bool {
        let known = self.functions.get(name);
        known.is_some_and(|it| it.retention_days > 0 || it.state_machine.is_some())
    }

    /// The usage of an execution and of everything that it invoked in a chain, with each time that it was redriven.
    async fn usage(&self, arn: &str, parts: &[DurableExecutionSummary]) -> Result<Usage, CliError> {
        let mut usage = cost::walk(self, arn, EXECUTIONS_MAX).await?.usage;
        for part in parts {
            let walked = cost::walk(self, &part.durable_execution_arn, EXECUTIONS_MAX).await?;
            usage += walked.usage;
        }
        Ok(usage)
    }

    /// The newest executions of a function that have ended, without those that are parts of others.
    async fn ended(&self, function: &str, last: usize) -> Result<Vec<Ended>, CliError> {
        let mut limit = last * 2;
        loop {
            let query = ExecutionQuery {
                limit,
                ..ExecutionQuery::default()
            };
            let listed = self.client.list_executions(function, &query).await?;
            let is_all = listed.len() < limit || limit >= EXECUTIONS_MAX;
            let mut found = Vec::new();
            for it in listed {
                if found.len() >= last {
                    break;
                }
                if self.is_part(&it).await? {
                    continue;
                }
                let parts = self
                    .parts(&it.durable_execution_arn, &it.durable_execution_name)
                    .await?;
                if is_terminal(&parts.last().unwrap_or(&it).status) {
                    found.push(Ended { first: it, parts });
                }
            }
            if is_all || found.len() >= last {
                return Ok(found);
            }
            limit = (limit * 4).min(EXECUTIONS_MAX);
        }
    }

    /// The average of the newest executions that have ended.
    async fn average(&self, name: Option<&str>, last: usize) -> Result<Metered, CliError> {
        let functions = function_selector::durable(self.client, name).await?;
        let mut found = Vec::new();
        for function in &functions {
            found.extend(self.ended(&function.function_name, last).await?);
        }
        found.sort_by_key(|it| std::cmp::Reverse(it.first.start_timestamp.as_millis()));
        found.truncate(last);
        if found.is_empty() {
            return Err(CliError::not_found(
                "no execution has ended yet",
                "start one with `lambdura invoke`, or name one that runs",
            ));
        }
        let mut usage = Usage::default();
        for execution in &found {
            let Ended { first, parts } = execution;
            usage += self.usage(&first.durable_execution_arn, parts).await?;
        }
        let subject = name.unwrap_or("all durable functions").to_owned();
        Ok(Metered {
            subject,
            executions: found.len(),
            running: 0,
            usage: usage.divided(found.len()),
        })
    }
}

impl Histories for Meter<'_> {
    type Error = CliError;

    async fn read(
        &self,
        arn: &str,
        each: &mut (dyn FnMut(&Event) + Send),
    ) -> Result<bool, CliError> {
        self.client.each_event(arn, each).await?;
        Ok(true)
    }

    async fn durable(&self, execution: &str) -> Result<Option<String>, CliError> {
        let Some((function, name)) = server::durable_name(execution) else {
            return Ok(None);
        };
        let query = ExecutionQuery {
            name: Some(name.to_string()),
            limit: 1,
            ..ExecutionQuery::default()
        };
        let listed = self.client.list_executions(function.as_str(), &query);
        let found = listed.await?.into_iter().next();
        Ok(found.map(|it| it.durable_execution_arn))
    }

    fn function(&self, name: &str) -> Result<cost::Function, CliError> {
        let known = self.functions.get(name).copied();
        known.ok_or_else(|| {
            let message = format!("the memory of `{}` is not known: it is gone", neutral(name));
            CliError::not_found(message, "deploy it again")
        })
    }
}

fn text(metered: &Metered, bill: &Bill, runs: &[u32], width: usize) -> Vec<String> {
    let subject = neutral(&metered.subject).into_owned();
    let of = match metered.executions {
        1 => String::new(),
        many => format!("  the average of {many} executions"),
    };
    let mut lines = vec![format!("{}{of}", subject.bold()), String::new()];
    let header = ["METER".to_owned(), "EACH".to_owned()].into_iter();
    let header = header.chain(runs.iter().map(|runs| match runs {
        1 => "1 RUN".to_owned(),
        many => format!("{} RUNS", grouped(*many)),
    }));
    let mut grid = Grid::with_header(header.collect());
    for line in bill.lines.iter().filter(|line| line.quantity > 0.0) {
        let mut row: Vec<Cell> = vec![line.meter.into(), quantity(line.quantity, line.unit).into()];
        row.extend(
            runs.iter()
                .map(|it| dollars(line.amount * f64::from(*it)).into()),
        );
        grid.push(row);
    }
    let bold = |text: String| Cell::styled(text, Style::new().bold());
    let mut total = vec![bold("total".to_owned()), "".into()];
    total.extend(
        runs.iter()
            .map(|it| bold(dollars(bill.total * f64::from(*it)))),
    );
    grid.push(total);
    lines.extend(grid.lines(width));
    lines
}

/// One column for each subject: its usage, and the cost of these numbers of executions.
fn side_by_side(all: &[Billed], runs: &[u32], width: usize) -> Vec<String> {
    let subjects = all.iter().map(|it| {
        let subject = neutral(&it.metered.subject).into_owned();
        match it.metered.executions {
            1 => subject,
            many => format!("{subject} (average of {many})"),
        }
    });
    let header = std::iter::once("METER".to_owned()).chain(subjects);
    let mut grid = Grid::with_header(header.collect());
    let meters = all.first().map_or(0, |it| it.bill.lines.len());
    for meter in 0..meters {
        let lines: Vec<_> = all.iter().map(|it| &it.bill.lines[meter]).collect();
        if lines.iter().all(|line| line.quantity <= 0.0) {
            continue;
        }
        let mut row: Vec<Cell> = vec![lines[0].meter.into()];
        row.extend(lines.iter().map(|line| match line.quantity {
            it if it > 0.0 => quantity(it, line.unit).into(),
            _ => "".into(),
        }));
        grid.push(row);
    }
    let bold = |text: String| Cell::styled(text, Style::new().bold());
    for runs in runs {
        let label = match runs {
            1 => "1 run".to_owned(),
            many => format!("{} runs", grouped(*many)),
        };
        let mut row = vec![bold(label)];
        let totals = all.iter().map(|it| it.bill.total * f64::from(*runs));
        row.extend(totals.map(|total| bold(dollars(total))));
        grid.push(row);
    }
    grid.lines(width)
}

fn quantity(quantity: f64, unit: &str) -> String {
    const KIB: f64 = 1024.0;
    let rest = unit.strip_prefix("GB").filter(|_| unit != "GB-seconds");
    if let Some(rest) = rest {
        let bytes = quantity * KIB * KIB * KIB;
        return match bytes {
            it if it < KIB => format!("{it:.0} bytes{rest}"),
            it if it < KIB * KIB => format!("{:.1} KB{rest}", it / KIB),
            it => format!("{:.1} MB{rest}", it / KIB / KIB),
        };
    }
    let is_whole = quantity.fract() == 0.0;
    match quantity {
        1.0 => format!("1 {}", unit.strip_suffix('s').unwrap_or(unit)),
        it if is_whole => format!("{it:.0} {unit}"),
        it if it >= 1.0 => format!("{it:.1} {unit}"),
        it => format!("{it:.6} {unit}"),
    }
}

fn dollars(amount: f64) -> String {
    match amount {
        it if it >= 1.0 => format!("${it:.2}"),
        it if it >= 0.01 => format!("${it:.4}"),
        it if it >= 0.000_001 => format!("${it:.6}"),
        it if it > 0.0 => "<$0.000001".to_owned(),
        _ => "$0".to_owned(),
    }
}

/// `1,000,000`.
fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_as_many_digits_as_they_need() {
        assert_eq!(dollars(112.0), "$112.00");
        assert_eq!(dollars(0.112), "$0.1120");
        assert_eq!(dollars(0.000_112), "$0.000112");
        assert_eq!(dollars(0.000_000_2), "<$0.000001");
        assert_eq!(dollars(0.0), "$0");
        assert_eq!(grouped(1), "1");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(1_000_000), "1,000,000");
        assert_eq!(quantity(14.0, "operations"), "14 operations");
        assert_eq!(quantity(1.0, "invocations"), "1 invocation");
        assert_eq!(quantity(0.25, "GB-seconds"), "0.250000 GB-seconds");
        assert_eq!(quantity(2048.0 / 1_073_741_824.0, "GB"), "2.0 KB");
        assert_eq!(
            quantity(2048.0 / 1_073_741_824.0, "GB-months"),
            "2.0 KB-months"
        );
    }
}
