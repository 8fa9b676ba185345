//! The operations of an execution as a tree: status, kind, duration and timeline of each, errors below them.

use lambda_api::{ErrorObject, OperationStatus, OperationType};
use owo_colors::{OwoColorize, Style};
use unicode_width::UnicodeWidthStr;

use crate::duration_text::{ago, duration, time_of_day};
use crate::neutral::neutral;
use crate::operations::{Activity, ExecutionTrace, OperationTrace};
use crate::preview::{fit, preview};
use crate::timeline::{Timeline, Track, tracks};

/// Settings of the drawing.
#[derive(Debug, Clone, Copy)]
pub struct TreeOptions {
    /// Columns of the terminal.
    pub width: usize,
    /// Whether results are shown too, and errors in full.
    pub full: bool,
    /// The execution's start and, where it has ended, its end.
    pub timeline: Timeline,
    /// Whether it has ended: then no operation goes on, even if its status says so.
    pub ended: bool,
    /// The present, in milliseconds since the epoch.
    pub now: i64,
}

/// Narrowest bar that says anything, in columns.
const BAR_WIDTH_MIN: usize = 10;

/// Widest bar: beyond it the eye loses the row.
const BAR_WIDTH_MAX: usize = 72;

/// Columns that a name keeps, however deep it lies.
const NAME_WIDTH_MIN: usize = 12;

struct Row {
    operation: usize,
    /// The text before the glyph.
    branch: String,
    /// The text before further lines of the operation.
    below: String,
}

/// The tree's lines, header first. Nothing for an execution without operations.
pub fn lines(trace: &ExecutionTrace, options: TreeOptions) -> Vec<String> {
    let label_max = label_max(options.width);
    // Operations nested deeper are drawn at this depth.
    let depth_max = label_max.saturating_sub(NAME_WIDTH_MIN) / 3;
    let rows = rows(trace, depth_max);
    if rows.is_empty() {
        return Vec::new();
    }
    let tracks = tracks(trace, options.now);
    let kinds: Vec<String> = trace.operations.iter().map(kind).collect();
    let durations: Vec<String> = trace
        .operations
        .iter()
        .map(|operation| elapsed(operation, options))
        .collect();
    let columns = Columns::new(trace, &rows, &kinds, &durations, options.width);
    let mut lines = vec![columns.header(options.timeline)];
    for row in &rows {
        let index = row.operation;
        let operation = &trace.operations[index];
        lines.push(columns.row(
            row,
            operation,
            (&kinds[index], &durations[index]),
            &tracks[index],
            options,
        ));
        for note in notes(operation, options) {
            lines.push(format!("{}{note}", row.below.dimmed()));
        }
    }
    lines
}

/// Depth-first, in order of start, each with its lines drawn.
fn rows(trace: &ExecutionTrace, depth_max: usize) -> Vec<Row> {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); trace.operations.len()];
    let mut roots = Vec::new();
    for (index, operation) in trace.operations.iter().enumerate() {
        match operation.parent {
            Some(parent) => children[parent].push(index),
            None => roots.push(index),
        }
    }
    let mut rows = Vec::with_capacity(trace.operations.len());
    // A stack of our own: the nesting comes from outside and must not exhaust the thread's stack.
    let mut left: Vec<(usize, usize, String, bool)> = roots
        .iter()
        .rev()
        .map(|&root| (root, 0, String::new(), false))
        .collect();
    while let Some((operation, depth, indent, is_last)) = left.pop() {
        let (branch, inner) = match depth {
            0 => (String::new(), String::new()),
            _ if is_last => (format!("{indent}└─ "), format!("{indent}   ")),
            _ => (format!("{indent}├─ "), format!("{indent}│  ")),
        };
        let count = children[operation].len();
        for (place, &child) in children[operation].iter().enumerate().rev() {
            let (depth, indent) = if depth < depth_max {
                (depth + 1, inner.clone())
            } else {
                (depth, indent.clone())
            };
            left.push((child, depth, indent, place + 1 == count));
        }
        let below = if count > 0 {
            format!("{inner}│ ")
        } else {
            format!("{inner}  ")
        };
        rows.push(Row {
            operation,
            branch,
            below,
        });
    }
    rows
}

/// Columns that branches, glyphs and names may take together.
fn label_max(width: usize) -> usize {
    (width * 2 / 5).max(24)
}

struct Columns {
    label: usize,
    kind: usize,
    duration: usize,
    bar: usize,
}

impl Columns {
    fn new(
        trace: &ExecutionTrace,
        rows: &[Row],
        kinds: &[String],
        durations: &[String],
        width: usize,
    ) -> Self {
        let widest = |texts: &[String]| texts.iter().map(|it| it.width()).max().unwrap_or(0);
        let label = rows
            .iter()
            .map(|row| row.branch.width() + 2 + label(&trace.operations[row.operation]).width())
            .max()
            .unwrap_or(0)
            .clamp("OPERATION".len(), label_max(width));
        let kind = widest(kinds).clamp("TYPE".len(), 24);
        let duration = widest(durations).max("TIME".len());
        let used = label + kind + duration + 6;
        let bar = width.saturating_sub(used).min(BAR_WIDTH_MAX);
        Self {
            label,
            kind,
            duration,
            bar: if bar < BAR_WIDTH_MIN { 0 } else { bar },
        }
    }

    fn header(&self, timeline: Timeline) -> String {
        let mut header = format!(
            "{}  {}  {}",
            pad("OPERATION", self.label),
            pad("TYPE", self.kind),
            pad("TIME", self.duration)
        );
        if self.bar > 0 {
            let end = duration(timeline.to - timeline.from);
            let room = self.bar.saturating_sub(1 + end.width());
            header.push_str(&format!("  0{}{end}", " ".repeat(room)));
        }
        header.trim_end().dimmed().to_string()
    }

    fn row(
        &self,
        row: &Row,
        operation: &OperationTrace,
        (kind, duration): (&str, &str),
        track: &Track,
        options: TreeOptions,
    ) -> String {
        let (glyph, style) = glyph(operation, options);
        let room = self.label.saturating_sub(row.branch.width() + 2);
        let name = pad(&fit(&label(operation), room), room);
        let padding = " ".repeat(self.duration.saturating_sub(duration.width()));
        let bar = options.timeline.bar(track, self.bar, style);
        let line = format!(
            "{}{} {}  {}  {padding}{duration}",
            row.branch.dimmed(),
            glyph.style(style),
            name.bold(),
            pad(&fit(kind, self.kind), self.kind).dimmed(),
        );
        if bar.is_empty() {
            return line;
        }
        format!("{line}  {bar}")
    }
}

fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// The name, or a substitute for it.
pub fn label(operation: &OperationTrace) -> String {
    let name = operation.name.as_deref().filter(|name| !name.is_empty());
    match name.or(operation.sub_type.as_deref()) {
        Some(name) => preview(name, 256),
        None => preview(operation.kind.as_str(), 256),
    }
}

/// The kind in the SDK's words, and how often a step was tried.
fn kind(operation: &OperationTrace) -> String {
    let kind = match (&operation.sub_type, &operation.kind) {
        (Some(sub_type), _) => preview(sub_type, 64),
        (None, OperationType::Context) => "Context".to_owned(),
        (None, OperationType::Step) => "Step".to_owned(),
        (None, OperationType::Wait) => "Wait".to_owned(),
        (None, OperationType::Callback) => "Callback".to_owned(),
        (None, OperationType::ChainedInvoke) => "ChainedInvoke".to_owned(),
        (None, OperationType::Execution | OperationType::Unknown(_)) => {
            preview(operation.kind.as_str(), 64)
        }
    };
    match operation.attempts {
        0 | 1 => kind,
        attempts => format!("{kind} ×{attempts}"),
    }
}

fn elapsed(operation: &OperationTrace, options: TreeOptions) -> String {
    let end = operation.ended_at.unwrap_or(if options.ended {
        options.timeline.to
    } else {
        options.now
    });
    duration(end - operation.started_at)
}

fn glyph(operation: &OperationTrace, options: TreeOptions) -> (&'static str, Style) {
    let style = Style::new();
    match &operation.status {
        OperationStatus::Succeeded => ("✓", style.green()),
        OperationStatus::Failed => ("✗", style.red()),
        OperationStatus::TimedOut => ("⧖", style.red()),
        OperationStatus::Stopped => ("■", style.dimmed()),
        OperationStatus::Cancelled => ("⊘", style.dimmed()),
        OperationStatus::Unknown(_) => ("?", style.dimmed()),
        OperationStatus::Started | OperationStatus::Pending | OperationStatus::Ready
            if options.ended =>
        {
            ("■", style.dimmed())
        }
        OperationStatus::Pending => ("↻", style.yellow()),
        OperationStatus::Ready => ("●", style.blue()),
        OperationStatus::Started => match operation.doing {
            Some((Activity::Waiting, _)) => ("◌", style.yellow()),
            Some((Activity::Running, _)) | None => ("●", style.blue()),
        },
    }
}

/// The lines below an operation: what it waits for, why it failed, and with `full` its result.
fn notes(operation: &OperationTrace, options: TreeOptions) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(function) = &operation.chained_function {
        notes.push(
            format!("invokes {}", neutral(function))
                .dimmed()
                .to_string(),
        );
    }
    if operation.ended_at.is_none() && !options.ended {
        notes.extend(waiting_for(operation, options.now).map(|it| it.yellow().to_string()));
    }
    if let Some(error) = &operation.error {
        let text = error_text(error, options);
        notes.push(text.red().to_string());
    }
    if let Some(result) = operation.result.as_ref().filter(|_| options.full) {
        notes.push(format!("→ {}", neutral(result)).dimmed().to_string());
    }
    notes
}

fn waiting_for(operation: &OperationTrace, now: i64) -> Option<String> {
    let due = |at: i64| match at - now {
        left if left > 0 => format!("in {} ({})", duration(left), time_of_day(at)),
        _ => format!("since {}", ago(at, now)),
    };
    match (&operation.kind, operation.due_at) {
        (OperationType::Wait, Some(at)) => Some(format!("goes on {}", due(at))),
        (OperationType::Step, Some(at)) => Some(format!("tries again {}", due(at))),
        (OperationType::Callback, Some(at)) => {
            Some(format!("waits for its callback, times out {}", due(at)))
        }
        (OperationType::Callback, None) => Some("waits for its callback".to_owned()),
        _ => None,
    }
}

/// An error on one line.
pub fn error_text(error: &ErrorObject, options: TreeOptions) -> String {
    let text = match (&error.error_type, &error.error_message) {
        (Some(error_type), Some(message)) => format!("{error_type}: {message}"),
        (Some(text), None) | (None, Some(text)) => text.clone(),
        (None, None) => "failed without a message".to_owned(),
    };
    if options.full {
        return neutral(&text).into_owned();
    }
    preview(&text, options.width.saturating_sub(8).max(40))
}

#[cfg(test)]
mod tests;
