//! How the chores speak: to standard error while they work, so that standard output holds results only.

use std::time::Duration;

use anstream::eprintln;
use owo_colors::OwoColorize;

/// One line about a step that begins and may take a while.
pub fn step(text: &str) {
    eprintln!("{} {text}", "==>".green().bold());
}

/// One line that can be overlooked.
pub fn note(text: &str) {
    eprintln!("    {}", text.dimmed());
}

/// Why the chore failed: what happened, then each cause on a line of its own.
pub fn error(error: &anyhow::Error) {
    eprintln!("{} {error}", "error:".red().bold());
    for cause in error.chain().skip(1) {
        for (number, line) in cause.to_string().lines().enumerate() {
            let lead = if number == 0 { "cause: " } else { "       " };
            eprintln!("  {}{line}", lead.dimmed());
        }
    }
}

/// `0.4 s`, `12.3 s`, `4 min 05 s`.
pub fn duration(duration: Duration) -> String {
    let tenths = (duration.as_millis() + 50) / 100;
    if tenths < 600 {
        return format!("{}.{} s", tenths / 10, tenths % 10);
    }
    let seconds = (duration.as_millis() + 500) / 1000;
    format!("{} min {:02} s", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        let cases = [
            (49, "0.0 s"),
            (50, "0.1 s"),
            (59_940, "59.9 s"),
            (59_960, "1 min 00 s"),
            (125_499, "2 min 05 s"),
            (125_500, "2 min 06 s"),
        ];
        for (milliseconds, expected) in cases {
            assert_eq!(duration(Duration::from_millis(milliseconds)), expected);
        }
    }
}
