//! Bars that show when an operation ran and when it waited, fitted to the width of the terminal.

use owo_colors::{OwoColorize, Style};

use crate::interval::{Span, Spans};
use crate::operations::{Activity, ExecutionTrace};

/// When one row of the tree ran and waited.
#[derive(Debug, Clone, Default)]
pub struct Track {
    /// The function's code ran.
    pub running: Spans,
    /// It waited.
    pub waiting: Spans,
}

/// The stretch of time that all bars of one tree share.
#[derive(Debug, Clone, Copy)]
pub struct Timeline {
    /// Left edge, in milliseconds since the epoch.
    pub from: i64,
    /// Right edge.
    pub to: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Nothing,
    Running,
    Waiting,
}

impl Timeline {
    /// The bar of a track, `width` columns wide.
    pub fn bar(&self, track: &Track, width: usize, style: Style) -> String {
        let marks = self.marks(track, width);
        let mut bar = String::new();
        for run in marks.chunk_by(|a, b| a == b) {
            match run[0] {
                Mark::Nothing => bar.push_str(&" ".repeat(run.len())),
                Mark::Running => {
                    bar.push_str(&"█".repeat(run.len()).style(style).to_string());
                }
                Mark::Waiting => bar.push_str(&"░".repeat(run.len()).dimmed().to_string()),
            }
        }
        bar.trim_end_matches(' ').to_owned()
    }

    fn marks(&self, track: &Track, width: usize) -> Vec<Mark> {
        let mut marks = vec![Mark::Nothing; width];
        if width == 0 {
            return marks;
        }
        let cell = (self.to - self.from).max(1) as f64 / width as f64;
        for (column, mark) in marks.iter_mut().enumerate() {
            let from = self.from as f64 + column as f64 * cell;
            let running = track.running.overlap(from, from + cell);
            let waiting = track.waiting.overlap(from, from + cell);
            // A little work shows even in a long wait; next to nothing does not hide it.
            if running > 0.0 && running * 4.0 >= waiting {
                *mark = Mark::Running;
            } else if waiting > 0.0 {
                *mark = Mark::Waiting;
            }
        }
        // A span of less than a millisecond still gets a mark.
        let instants = [
            (&track.running, Mark::Running),
            (&track.waiting, Mark::Waiting),
        ];
        for (spans, mark) in instants {
            for Span { from, .. } in spans.iter().filter(|span| span.from == span.to) {
                let column = ((from - self.from) as f64 / cell) as usize;
                let column = &mut marks[column.min(width - 1)];
                if *column == Mark::Nothing {
                    *column = mark;
                }
            }
        }
        marks
    }
}

/// The tracks of all operations, in the order of the trace.
///
/// A context has no spans of its own: it waits while something in it waits and nothing in it runs, and otherwise runs
/// while the function does.
pub fn tracks(trace: &ExecutionTrace, now: i64) -> Vec<Track> {
    let invocations = invocations(trace, now);
    let has_children = trace.has_children();
    let operations = &trace.operations;
    let mut below: Vec<(Vec<Span>, Vec<Span>)> = vec![Default::default(); operations.len()];
    let mut tracks = vec![Track::default(); operations.len()];
    // Children come after their parents, so going backwards every context is met when all in it is known.
    for index in (0..operations.len()).rev() {
        let operation = &operations[index];
        let (running, waiting) = std::mem::take(&mut below[index]);
        let own_running = operation.spans(Activity::Running, now);
        let track = if has_children[index] {
            let whole: Spans = [Span::new(
                operation.started_at,
                operation.ended_at.unwrap_or(now),
            )]
            .into_iter()
            .collect();
            let running: Spans = running.into_iter().collect();
            let waiting: Spans = waiting.into_iter().collect();
            let idle = waiting.difference(&running);
            let running = whole.intersection(&invocations).difference(&idle);
            Track {
                waiting: whole.difference(&running),
                running,
            }
        } else {
            Track {
                running: own_running,
                waiting: operation.spans(Activity::Waiting, now),
            }
        };
        if let Some(parent) = operation.parent {
            below[parent].0.extend(track.running.iter());
            below[parent].1.extend(track.waiting.iter());
        }
        tracks[index] = track;
    }
    tracks
}

/// When the function ran, with an invocation that has not ended.
pub fn invocations(trace: &ExecutionTrace, now: i64) -> Spans {
    let open = trace.invocation_since.map(|since| Span::new(since, now));
    trace.invocations.iter().chain(open).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(list: &[(i64, i64)]) -> Spans {
        list.iter().map(|&(from, to)| Span::new(from, to)).collect()
    }

    fn bar(running: &[(i64, i64)], waiting: &[(i64, i64)]) -> String {
        let track = Track {
            running: spans(running),
            waiting: spans(waiting),
        };
        let bar = Timeline { from: 0, to: 1000 }.bar(&track, 10, Style::new());
        anstream::adapter::strip_str(&bar).to_string()
    }

    #[test]
    fn bars_tell_running_from_waiting() {
        assert_eq!(bar(&[(0, 200), (900, 1000)], &[(200, 900)]), "██░░░░░░░█");
        assert_eq!(bar(&[(250, 260)], &[(0, 1000)]), "░░░░░░░░░░");
        assert_eq!(bar(&[(250, 280)], &[(0, 1000)]), "░░█░░░░░░░");
    }

    #[test]
    fn the_shortest_work_shows_and_nothing_leaves_the_bar() {
        assert_eq!(bar(&[(300, 300)], &[]), "   █");
        assert_eq!(bar(&[(1000, 1000)], &[]), "         █");
        assert_eq!(bar(&[(5000, 6000)], &[]), "");
        assert_eq!(bar(&[], &[]), "");
    }

    #[test]
    fn a_stretch_of_no_time_is_no_division_by_zero() {
        let track = Track {
            running: spans(&[(5, 5)]),
            waiting: Spans::default(),
        };
        let bar = Timeline { from: 5, to: 5 }.bar(&track, 3, Style::new());
        assert_eq!(anstream::adapter::strip_str(&bar).to_string(), "█");
    }
}
