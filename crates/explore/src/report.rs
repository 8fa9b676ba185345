//! The output of `explore`: a table or JSON, and a counterexample as the moves that lead to it.

use std::fmt::Write as _;
use std::time::Duration;

use explore::{Counterexample, Counts, End, Pair, World};

/// A line of the table.
pub struct Row {
    pub pair: Pair,
    pub counts: Counts,
}

/// The table, and the end of the search.
pub fn table(rows: &[Row], end: &End, took: Duration) -> String {
    let mut text = line("pair", "depth", "states", "transitions");
    for Row { pair, counts } in rows {
        let depth = depth(counts);
        let (states, transitions) = (grouped(counts.states), grouped(counts.transitions));
        text += &line(&pair.to_string(), &depth, &states, &transitions);
    }
    let (states, transitions) = totals(rows);
    text += &line("total", "", &grouped(states), &grouped(transitions));
    let seconds = took.as_secs_f64();
    let per_second = grouped((transitions as f64 / seconds.max(0.001)) as u64);
    let _ = writeln!(text, "\n{seconds:.1} s, {per_second} transitions a second");
    match end {
        End::Complete => text += "Every invariant holds.\n",
        End::OutOfTime => {
            text +=
                "The time was over: the depth is what was explored whole. Every invariant held.\n"
        }
        End::Violated(counterexample) => text += &story(counterexample),
    }
    text
}

/// The same as JSON.
pub fn json(rows: &[Row], end: &End, took: Duration) -> String {
    let pairs: Vec<_> = rows
        .iter()
        .map(|Row { pair, counts }| {
            format!(
                r#"{{"pair":"{pair}","depth":{},"exhausted":{},"states":{},"transitions":{}}}"#,
                counts.depth, counts.exhausted, counts.states, counts.transitions
            )
        })
        .collect();
    let (states, transitions) = totals(rows);
    let ended = match end {
        End::Complete => r#""complete""#.to_owned(),
        End::OutOfTime => r#""out of time""#.to_owned(),
        End::Violated(found) => {
            let moves: Vec<_> = found
                .moves
                .iter()
                .map(|by| quoted(&by.to_string()))
                .collect();
            format!(
                r#"{{"invariant":"{}","pair":"{}","moves":[{}],"seen":{}}}"#,
                found.violation.invariant,
                found.pair,
                moves.join(","),
                quoted(&found.violation.seen)
            )
        }
    };
    format!(
        "{{\"pairs\":[{}],\"states\":{states},\"transitions\":{transitions},\"seconds\":{:.3},\"ended\":{ended}}}\n",
        pairs.join(","),
        took.as_secs_f64()
    )
}

/// The moves that lead to a violated invariant, each with its result.
fn story(found: &Counterexample) -> String {
    let mut text = format!(
        "\n{} does not hold, with {}:\n",
        found.violation.invariant, found.pair
    );
    let mut world = World::start(found.pair);
    for (place, by) in found.moves.iter().enumerate() {
        let after = world.after(*by);
        let came_to = match &after {
            Some(after) => position(after),
            None => "nothing changes".to_owned(),
        };
        let _ = writeln!(text, "  {}. {by}: {came_to}", place + 1);
        world = after.unwrap_or(world);
    }
    let _ = writeln!(text, "Seen: {}", found.violation.seen);
    text
}

fn position(world: &World) -> String {
    let state = &world.execution.state;
    let at = world.now.since(world.execution.spec.started_at).as_secs();
    let flight = match &world.process {
        Some(_) if world.token.is_some() => "an invocation in flight",
        Some(_) => "an invocation in flight without a token",
        None => "no invocation in flight",
    };
    let operations: Vec<_> = (world.execution.operations().skip(1))
        .map(|operation| format!(", {} {:?}", operation.id, operation.status))
        .collect();
    format!(
        "{at} s, {:?}, {flight}{}",
        state.status(),
        operations.concat()
    )
}

fn depth(counts: &Counts) -> String {
    match counts.exhausted {
        true => format!("{} (all)", counts.depth),
        false => counts.depth.to_string(),
    }
}

fn totals(rows: &[Row]) -> (u64, u64) {
    let states = rows.iter().map(|row| row.counts.states).sum();
    let transitions = rows.iter().map(|row| row.counts.transitions).sum();
    (states, transitions)
}

fn line(pair: &str, depth: &str, states: &str, transitions: &str) -> String {
    format!("{pair:<30} {depth:>9} {states:>15} {transitions:>17}\n")
}

/// A number with separated thousands.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// Text as a JSON string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            char if char < ' ' => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(char));
            }
            char => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use explore::{Action, Chained, Move, Slot, Violation};

    use super::*;

    #[test]
    fn a_counterexample_reads_as_a_story() {
        let found = Counterexample {
            pair: "wait,chained-invoke".parse().expect("it is a pair"),
            moves: vec![
                Move::StartBoth,
                Move::ChainedEnds(Slot::Second, Chained::Failed),
                Move::Checkpoint(Slot::First, Action::Start),
                Move::Pause,
                Move::Deadline,
            ],
            violation: Violation {
                invariant: "all_is_well",
                seen: "it is not".to_owned(),
            },
        };
        let expected = "
all_is_well does not hold, with wait,chained-invoke:
  1. checkpoint Start of both: 0 s, Running, an invocation in flight, first Started, second Started
  2. chained invoke second ends: Failed: 0 s, Running, an invocation in flight, first Started, second Failed
  3. checkpoint Start of first: nothing changes
  4. pause: 0 s, Pausing, an invocation in flight, first Started, second Failed
  5. the next deadline is reached: 4 s, Pausing, an invocation in flight, first Succeeded, second Failed
Seen: it is not
";
        assert_eq!(story(&found), expected);
        let json = json(&[], &End::Violated(found), Duration::ZERO);
        assert!(json.contains(r#""invariant":"all_is_well""#), "{json}");
    }

    #[test]
    fn numbers_are_grouped_and_text_is_quoted() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_234_567), "1 234 567");
        assert_eq!(quoted("a \"b\"\n"), r#""a \"b\"\u000a""#);
    }
}
