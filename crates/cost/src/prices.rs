//! A dated table of list prices.

use std::fmt;

use serde::{Deserialize, Serialize};

/// AWS's list prices in one region on one day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// For example `us-east-1`.
    pub region: String,
    /// The day on which these prices were valid, as `YYYY-MM-DD`.
    pub read_on: String,
    /// Where they are published.
    pub sources: Vec<String>,
    /// The length of a month, for prices by GB and month.
    pub hours_per_month: f64,
    /// Lambda's.
    pub lambda: LambdaPrices,
    /// The prices of durable functions, charged in addition.
    pub durable: DurablePrices,
    /// The prices of state machines.
    pub step_functions: StepFunctionsPrices,
}

/// Prices of Lambda, in US dollars.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LambdaPrices {
    /// Of a million invocations.
    pub million_requests: f64,
    /// Of a second with one GB on x86-64, in the first tier of volume.
    pub gb_second_x86_64: f64,
    /// The same on Arm.
    pub gb_second_arm64: f64,
}

/// Prices of durable functions, in US dollars.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DurablePrices {
    /// Of a million durable operations.
    pub million_operations: f64,
    /// Of a GB written.
    pub gb_written: f64,
    /// Of a GB retained for a month.
    pub gb_month_retained: f64,
}

/// Prices of Step Functions, in US dollars.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepFunctionsPrices {
    /// Of a million state transitions of standard state machines.
    pub million_transitions: f64,
    /// Of a million executions of Express state machines.
    pub express_million_requests: f64,
    /// Of a second of an Express execution with one GB, in the first tier of volume.
    pub express_gb_second: f64,
}

/// A function's processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Architecture {
    /// `x86_64`, Lambda's default.
    X86_64,
    /// `arm64`.
    Arm64,
}

/// A table of prices that is invalid.
#[derive(Debug)]
pub struct PricesError(String);

impl fmt::Display for PricesError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for PricesError {}

impl Prices {
    /// The built-in table, in TOML: an example for [`Prices::parse`].
    pub const PUBLISHED: &str = include_str!("prices.toml");

    /// The built-in prices.
    pub fn published() -> Self {
        Self::parse(Self::PUBLISHED).expect("a test reads it")
    }

    /// Reads a table, such as [`Prices::PUBLISHED`].
    ///
    /// # Errors
    /// If it is not TOML, lacks a price or has an unknown one, with its line; or if a price is below zero.
    pub fn parse(text: &str) -> Result<Self, PricesError> {
        let prices: Self = toml::from_str(text).map_err(|error| PricesError(error.to_string()))?;
        let amounts = [
            prices.lambda.million_requests,
            prices.lambda.gb_second_x86_64,
            prices.lambda.gb_second_arm64,
            prices.durable.million_operations,
            prices.durable.gb_written,
            prices.durable.gb_month_retained,
            prices.step_functions.million_transitions,
            prices.step_functions.express_million_requests,
            prices.step_functions.express_gb_second,
        ];
        if amounts.iter().any(|it| !it.is_finite() || *it < 0.0) {
            return Err(PricesError("a price is not a number from 0".to_owned()));
        }
        if !prices.hours_per_month.is_finite() || prices.hours_per_month <= 0.0 {
            let message = "`hours_per_month` is not a number above 0";
            return Err(PricesError(message.to_owned()));
        }
        Ok(prices)
    }

    /// Of a second with one GB.
    pub(crate) fn gb_second(&self, architecture: Architecture) -> f64 {
        match architecture {
            Architecture::X86_64 => self.lambda.gb_second_x86_64,
            Architecture::Arm64 => self.lambda.gb_second_arm64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_program_is_read() {
        let prices = Prices::published();
        assert_eq!(prices.region, "us-east-1");
        assert_eq!(prices.durable.million_operations, 8.0);
        assert_eq!(prices.step_functions.million_transitions, 25.0);
    }

    #[test]
    fn a_table_with_a_mistake_is_refused_with_its_line() {
        let misspelt = Prices::PUBLISHED.replace("gb_written", "gb_writen");
        let error = Prices::parse(&misspelt).unwrap_err().to_string();
        assert!(error.contains("gb_writen"), "{error}");
        assert!(error.contains("line "), "{error}");
        let negative = Prices::PUBLISHED.replace("= 8.00", "= -8.00");
        assert!(Prices::parse(&negative).is_err());
        let endless = Prices::PUBLISHED.replace("= 730", "= 0");
        assert!(Prices::parse(&endless).is_err());
    }
}
