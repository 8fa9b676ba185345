//! The price table that a command or a server is given.

use std::path::Path;

use cost::Prices;

use crate::exit::CliError;

/// Reads a table; none: the one that comes with the program.
///
/// # Errors
/// The file cannot be read, or is not such a table.
pub fn read(path: Option<&Path>) -> Result<Prices, CliError> {
    let Some(path) = path else {
        return Ok(Prices::published());
    };
    let wrong = |problem: String| {
        CliError::usage(problem, "`lambdura cost --print-prices` prints an example")
    };
    let text = std::fs::read_to_string(path).map_err(|error| {
        wrong(format!(
            "cannot read the prices in `{}`: {error}",
            path.display()
        ))
    })?;
    Prices::parse(&text).map_err(|error| {
        wrong(format!(
            "`{}` is not a price table: {error}",
            path.display()
        ))
    })
}
