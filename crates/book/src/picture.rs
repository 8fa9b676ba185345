//! Drawings of real executions: which operation ran in which invocation, and which was read from the record.
//!
//! `conformance/book_pictures.py` records the executions as JSON in `docs/pictures`; each becomes a drawing with the
//! same name. A column is an invocation, a row an operation; time is not to scale.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::Deserialize;
use thiserror::Error;

const COLUMN_WIDTH: f64 = 150.0;
const GAP_WIDTH: f64 = 74.0;
const ROW_HEIGHT: f64 = 28.0;
const HEAD_HEIGHT: f64 = 48.0;
const MARGIN: f64 = 14.0;
/// Approximate width of a letter: fonts differ.
const LETTER_WIDTH: f64 = 7.0;

/// Colours follow the reader's choice of light or dark.
const STYLE: &str = "<style>\
text{font:13px system-ui,sans-serif;fill:#16191f}.soft{fill:#545b64;font-size:11.5px}.bad{fill:#c22}\
.name{font-weight:600}.lane{fill:#eef1f5}.ran{fill:#2a6fbb}.again{fill:#d9822b}.cut{fill:none;stroke:#c22;stroke-width:1.5}\
.old{fill:url(#hatch);stroke:#8a96a3}.wait{stroke:#8a96a3;stroke-width:3;stroke-dasharray:3 4}.stroke{stroke:#8a96a3}\
@media(prefers-color-scheme:dark){text{fill:#e6e9ee}.soft{fill:#a2adba}.bad{fill:#ff8080}.lane{fill:#1c2635}.ran{fill:#5da3ee}\
.again{fill:#f0a95c}.cut{stroke:#ff8080}}</style>\
<defs><pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
<path class=\"stroke\" d=\"M0 0V6\" stroke-width=\"1.6\"/></pattern></defs>";

/// Why a recording cannot be drawn.
#[derive(Debug, Error)]
pub enum PictureError {
    /// The folder or a file in it cannot be read.
    #[error("read `{path}`")]
    Read {
        /// Which one.
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    /// It is not a recording.
    #[error("`{path}` is not a recording")]
    Parse {
        /// Which one.
        path: PathBuf,
        #[source]
        cause: serde_json::Error,
    },
}

/// One recorded execution.
#[derive(Debug, Deserialize)]
struct Run {
    arn: String,
    events: Vec<Event>,
}

/// The data used of a history event.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    event_type: String,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    parent_id: Option<String>,
    event_timestamp: f64,
    #[serde(default)]
    start: Option<f64>,
    #[serde(default)]
    end: Option<f64>,
    #[serde(default)]
    error: Option<String>,
}

#[derive(Debug)]
struct Invocation<'r> {
    start: f64,
    end: f64,
    error: Option<&'r str>,
    /// Its column in the whole picture.
    column: usize,
}

#[derive(Debug)]
struct Operation<'r> {
    name: &'r str,
    start: f64,
    end: Option<f64>,
    /// Whether it waits for something outside of the process.
    waits: bool,
}

/// Draws every recording in a folder.
///
/// # Errors
/// When a file cannot be read, or is not a recording.
pub fn draw_all(folder: &Path) -> Result<Vec<(PathBuf, String)>, PictureError> {
    let read = |path: &Path, cause| PictureError::Read {
        path: path.to_owned(),
        cause,
    };
    let mut drawn = Vec::new();
    for entry in fs::read_dir(folder).map_err(|cause| read(folder, cause))? {
        let path = entry.map_err(|cause| read(folder, cause))?.path();
        if path.extension().is_none_or(|ending| ending != "json") {
            continue;
        }
        let text = fs::read_to_string(&path).map_err(|cause| read(&path, cause))?;
        let runs: Vec<Run> = serde_json::from_str(&text).map_err(|cause| PictureError::Parse {
            path: path.clone(),
            cause,
        })?;
        drawn.push((path.with_extension("svg"), draw(&runs)));
    }
    drawn.sort();
    Ok(drawn)
}

/// The positions of columns.
#[derive(Debug, Clone, Copy)]
struct Columns {
    label_width: f64,
}

impl Columns {
    /// Room for the longest name of an operation.
    fn beside(runs: &[Run]) -> Self {
        let names = runs.iter().flat_map(operations);
        let letters = names.map(|it| it.name.chars().count()).max().unwrap_or(0);
        Self {
            label_width: MARGIN + to_f64(letters) * LETTER_WIDTH + 24.0,
        }
    }

    fn x(self, column: usize) -> f64 {
        self.label_width + to_f64(column) * (COLUMN_WIDTH + GAP_WIDTH)
    }
}

fn draw(runs: &[Run]) -> String {
    let columns = Columns::beside(runs);
    let mut starts: Vec<f64> = runs
        .iter()
        .flat_map(|run| &run.events)
        .filter_map(|it| it.start)
        .collect();
    starts.sort_by(f64::total_cmp);
    let width = columns.x(starts.len()) - GAP_WIDTH + MARGIN;
    let mut body = String::new();
    let mut top = MARGIN;
    let mut used = BTreeSet::new();
    for run in runs {
        top = draw_run(
            &mut body,
            run,
            columns,
            runs.len() > 1,
            &starts,
            top,
            &mut used,
        );
    }
    legend(&mut body, top, &used);
    let height = top + 34.0;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" role=\"img\">\n{STYLE}\n{body}</svg>\n"
    )
}

/// Draws one execution below `top`; returns where the next one begins.
fn draw_run(
    out: &mut String,
    run: &Run,
    columns: Columns,
    is_one_of_many: bool,
    starts: &[f64],
    top: f64,
    used: &mut BTreeSet<&'static str>,
) -> f64 {
    let invocations = invocations(run, starts);
    let operations = operations(run);
    let mut y = top;
    if is_one_of_many {
        line(out, "name", MARGIN, y + 14.0, &title(&run.arn));
        y += 22.0;
    }
    let rows = y + HEAD_HEIGHT;
    let height = to_f64(operations.len()) * ROW_HEIGHT;
    for (index, it) in invocations.iter().enumerate() {
        let x = columns.x(it.column);
        rect(out, "lane", x, y, COLUMN_WIDTH, HEAD_HEIGHT + height + 4.0);
        line(
            out,
            "name",
            x + 10.0,
            y + 19.0,
            &format!("invocation {}", index + 1),
        );
        match it.error {
            Some(error) => {
                let short = error.rsplit('.').next().unwrap_or(error);
                let short = short
                    .trim_end_matches("Error")
                    .trim_end_matches("Execution");
                line(out, "bad", x + 10.0, y + 37.0, &format!("✗ {short}"));
            }
            None if index + 1 == invocations.len() => {
                line(out, "soft", x + 10.0, y + 37.0, "returns")
            }
            None => line(out, "soft", x + 10.0, y + 37.0, "suspends"),
        }
        if let Some(next) = invocations.get(index + 1).filter(|_| !is_one_of_many) {
            let gap = span(next.start - it.end);
            let x = x + COLUMN_WIDTH + GAP_WIDTH / 2.0;
            let _ = writeln!(
                out,
                "<text class=\"soft\" x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{gap}</text>",
                y + 19.0
            );
        }
    }
    for (row, operation) in operations.iter().enumerate() {
        let y = rows + to_f64(row) * ROW_HEIGHT;
        line(out, "", MARGIN, y + 18.0, operation.name);
        draw_operation(out, operation, &invocations, columns, y + 5.0, used);
    }
    rows + height + 22.0
}

fn draw_operation(
    out: &mut String,
    operation: &Operation<'_>,
    invocations: &[Invocation<'_>],
    columns: Columns,
    y: f64,
    used: &mut BTreeSet<&'static str>,
) {
    let end = operation.end.unwrap_or(f64::INFINITY);
    let mut waits_from = None;
    for it in invocations {
        // It requested another operation than the recorded one, and the history contains no more.
        if it
            .error
            .is_some_and(|error| error.contains("NonDeterministic"))
        {
            continue;
        }
        let x = columns.x(it.column) + 10.0;
        let width = COLUMN_WIDTH - 20.0;
        let began_here = (it.start..=it.end).contains(&operation.start);
        let kind = if began_here && operation.waits {
            waits_from = Some(x);
            continue;
        } else if end < it.start || (operation.waits && end <= it.end && operation.start < it.start)
        {
            "old"
        } else if began_here && end > it.end {
            "cut"
        } else if began_here {
            "ran"
        } else if operation.start < it.start {
            "again"
        } else {
            continue;
        };
        // A wait that ends between two invocations is drawn up to the beginning of the next one.
        if let Some(from) = waits_from.take() {
            wait(out, from, x - 14.0, y, used);
        }
        rect(out, kind, x, y, width, 18.0);
        used.insert(kind);
    }
    if let (Some(from), Some(last)) = (waits_from, invocations.last()) {
        wait(out, from, columns.x(last.column) - 4.0, y, used);
    }
}

fn wait(out: &mut String, from: f64, to: f64, y: f64, used: &mut BTreeSet<&'static str>) {
    let y = y + 9.0;
    let _ = writeln!(out, "<path class=\"wait\" d=\"M{from} {y}H{to}\"/>");
    used.insert("wait");
}

fn legend(out: &mut String, top: f64, used: &BTreeSet<&'static str>) {
    let mut x = MARGIN;
    for (kind, text) in [
        ("ran", "ran"),
        ("cut", "begun, not recorded"),
        ("again", "ran once more"),
        ("wait", "waits: nothing runs"),
        ("old", "taken from the record"),
    ] {
        if !used.contains(kind) {
            continue;
        }
        if kind == "wait" {
            let _ = writeln!(out, "<path class=\"wait\" d=\"M{x} {}h22\"/>", top + 11.0);
        } else {
            rect(out, kind, x, top + 4.0, 22.0, 14.0);
        }
        line(out, "soft", x + 28.0, top + 15.0, text);
        x += 44.0 + to_f64(text.len()) * 6.6;
    }
}

fn invocations<'r>(run: &'r Run, starts: &[f64]) -> Vec<Invocation<'r>> {
    let completed = run.events.iter().filter_map(|event| {
        let (start, end) = (event.start?, event.end?);
        Some(Invocation {
            start,
            end,
            error: event.error.as_deref(),
            column: starts.iter().position(|it| *it == start)?,
        })
    });
    completed.collect()
}

/// The operations of the handler itself, in the order in which they began; nested ones are left out.
fn operations(run: &Run) -> Vec<Operation<'_>> {
    let mut found: Vec<(&str, Operation<'_>)> = Vec::new();
    for event in run.events.iter().filter(|it| it.parent_id.is_none()) {
        let (Some(id), Some(name)) = (event.id.as_deref(), event.name.as_deref()) else {
            continue;
        };
        if event.event_type.starts_with("Execution") {
            continue;
        }
        if event.event_type.ends_with("Started") {
            let operation = Operation {
                name,
                start: event.event_timestamp,
                end: None,
                waits: !event.event_type.starts_with("Step"),
            };
            found.push((id, operation));
        } else if let Some((_, operation)) = found.iter_mut().find(|(other, _)| *other == id) {
            operation.end = Some(event.event_timestamp);
        }
    }
    found.into_iter().map(|(_, operation)| operation).collect()
}

/// `parcel-1, version 2` of an ARN.
fn title(arn: &str) -> String {
    let mut segments = arn.split('/');
    let version = segments.next().and_then(|it| it.rsplit(':').next());
    let name = segments.nth(1).unwrap_or(arn);
    format!("{name}, version {}", version.unwrap_or("?"))
}

/// A duration between two invocations.
fn span(seconds: f64) -> String {
    match seconds {
        s if s >= 86_000.0 => format!("{:.0} d", s / 86_400.0),
        s if s >= 3_590.0 => format!("{:.0} h", s / 3_600.0),
        s if s >= 1.0 => format!("{s:.1} s"),
        s => format!("{:.0} ms", s * 1_000.0),
    }
}

fn to_f64(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn rect(out: &mut String, class: &str, x: f64, y: f64, width: f64, height: f64) {
    let _ = writeln!(
        out,
        "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"4\"/>"
    );
}

fn line(out: &mut String, class: &str, x: f64, y: f64, text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(
        out,
        "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{text}</text>"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drawings_are_those_of_the_recordings() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/pictures");
        for (path, drawn) in draw_all(&folder).expect("all of them are recordings") {
            let present = fs::read_to_string(&path).unwrap_or_default();
            assert!(
                present == drawn,
                "{} is stale: cargo xtask book --draw",
                path.display()
            );
        }
    }
}
