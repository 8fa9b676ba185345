//! Usage times prices.

use serde::Serialize;

use crate::prices::{Architecture, Prices};
use crate::usage::Usage;

/// The cost of a usage, line by line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bill {
    /// The lines, of which some may be zero.
    pub lines: Vec<Line>,
    /// Their sum, in US dollars.
    pub total: f64,
}

/// One line of a bill.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// The meter's name.
    pub meter: &'static str,
    /// The metered amount.
    pub quantity: f64,
    /// The unit of `quantity`.
    pub unit: &'static str,
    /// In US dollars.
    pub amount: f64,
}

const GB: f64 = 1024.0 * 1024.0 * 1024.0;
const MILLION: f64 = 1_000_000.0;

impl Bill {
    /// The cost of one usage.
    pub fn of(usage: &Usage, prices: &Prices) -> Self {
        let line = |meter, quantity, unit, price| Line {
            meter,
            quantity,
            unit,
            amount: quantity * price,
        };
        let operations = usage.operations.total();
        let gb_written = usage.bytes_written / GB;
        let gb_months = usage.byte_hours_retained / GB / prices.hours_per_month;
        let per_operation = prices.durable.million_operations / MILLION;
        let per_request = prices.lambda.million_requests / MILLION;
        let lines = vec![
            line(
                "durable operations",
                operations,
                "operations",
                per_operation,
            ),
            line("data written", gb_written, "GB", prices.durable.gb_written),
            line(
                "data retained",
                gb_months,
                "GB-months",
                prices.durable.gb_month_retained,
            ),
            line(
                "state transitions",
                usage.transitions,
                "transitions",
                prices.step_functions.million_transitions / MILLION,
            ),
            line(
                "Express executions",
                usage.express_requests,
                "executions",
                prices.step_functions.express_million_requests / MILLION,
            ),
            line(
                "Express duration",
                usage.express_gb_seconds,
                "GB-seconds",
                prices.step_functions.express_gb_second,
            ),
            line("requests", usage.requests, "invocations", per_request),
            line(
                "compute on x86-64",
                usage.gb_seconds_x86_64,
                "GB-seconds",
                prices.gb_second(Architecture::X86_64),
            ),
            line(
                "compute on Arm",
                usage.gb_seconds_arm64,
                "GB-seconds",
                prices.gb_second(Architecture::Arm64),
            ),
        ];
        let total = lines.iter().map(|line| line.amount).sum();
        Self { lines, total }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::Operations;

    /// The example of AWS's price list: a million executions with four operations each are 32 dollars.
    #[test]
    fn a_million_executions_of_four_operations() {
        let usage = Usage {
            operations: Operations {
                executions: 1.0,
                step_attempts: 2.0,
                waits: 1.0,
                ..Operations::default()
            },
            ..Usage::default()
        };
        let bill = Bill::of(&usage, &Prices::published());
        assert!((bill.total * MILLION - 32.0).abs() < 1e-6);
    }

    #[test]
    fn a_line_for_each_meter() {
        let usage = Usage {
            operations: Operations::default(),
            bytes_written: GB,
            byte_hours_retained: GB * 730.0,
            transitions: 1_000.0,
            express_requests: MILLION,
            express_gb_seconds: MILLION,
            // Not charged.
            bytes_passed: GB,
            requests: MILLION,
            gb_seconds_x86_64: MILLION,
            gb_seconds_arm64: MILLION,
        };
        let bill = Bill::of(&usage, &Prices::published());
        let amounts: Vec<String> = bill
            .lines
            .iter()
            .map(|line| format!("{:.2}", line.amount))
            .collect();
        let expected = [
            "0.00", "0.25", "0.15", "0.03", "1.00", "16.67", "0.20", "16.67", "13.33",
        ];
        assert_eq!(amounts, expected);
        assert!((bill.total - 48.295).abs() < 0.001, "{}", bill.total);
    }
}
