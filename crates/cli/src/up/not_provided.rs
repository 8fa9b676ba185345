//! Lists the parts of the template that do nothing here, grouped where the same applies many times.

use std::path::Path;

use owo_colors::Style;
use serde::Serialize;
use stack::Warning;

use crate::grid::{Cell, Grid};
use crate::preview::preview;

/// One row: one warning, or several with the same words.
struct Group<'w> {
    first: &'w Warning,
    count: usize,
}

/// The table's rows.
pub fn grid(warnings: &[Warning], each: bool) -> Grid {
    let here = std::env::current_dir().unwrap_or_default();
    let mut grid = Grid::wrapping(vec!["NOT PROVIDED HERE", "WHERE", "WHAT IT MEANS"]);
    for group in groups(warnings, each) {
        grid.push(vec![
            Cell::styled(preview(&what(&group), 48), Style::new().yellow()),
            preview(&place(&group, &here), 512).into(),
            preview(&group.first.meaning, 512).into(),
        ]);
    }
    grid
}

/// Whether rows stand for more than one thing.
pub fn is_grouped(warnings: &[Warning]) -> bool {
    groups(warnings, false).len() < warnings.len()
}

fn groups(warnings: &[Warning], each: bool) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for warning in warnings {
        let same = |group: &&mut Group<'_>| kind(group.first) == kind(warning);
        match groups.iter_mut().find(same).filter(|_| !each) {
            Some(group) => group.count += 1,
            None => groups.push(Group {
                first: warning,
                count: 1,
            }),
        }
    }
    groups
}

/// The parts that all warnings of a row share.
fn kind(warning: &Warning) -> (&str, Option<&str>, &str) {
    (
        &warning.resource_type,
        warning.property.as_deref(),
        &warning.meaning,
    )
}

fn what(group: &Group<'_>) -> String {
    let (warning, count) = (group.first, group.count);
    match (&warning.property, count) {
        (Some(property), 1) => format!("{}.{property}", warning.logical_id),
        (None, 1) => format!("{} ({})", warning.logical_id, warning.resource_type),
        (Some(property), _) => format!("{count} × {}.{property}", warning.resource_type),
        (None, _) => format!("{count} × {}", warning.resource_type),
    }
}

/// `template.yaml:12`, as editors and terminals open it; relative to where the command runs.
fn place(group: &Group<'_>, here: &Path) -> String {
    let warning = group.first;
    let file = Path::new(&warning.file);
    let file = file.strip_prefix(here).unwrap_or(file);
    let file = file.strip_prefix(".").unwrap_or(file).display();
    let place = match warning.line {
        0 => file.to_string(),
        line => format!("{file}:{line}"),
    };
    match group.count {
        1 => place,
        _ => format!("{place}, …"),
    }
}

/// A warning for programs.
#[derive(Debug, Clone, Serialize)]
pub struct NotProvided {
    logical_id: String,
    resource_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    property: Option<String>,
    meaning: String,
    file: String,
    /// Counted from 1; 0 where the whole file is meant.
    line: usize,
}

impl From<&Warning> for NotProvided {
    fn from(warning: &Warning) -> Self {
        Self {
            logical_id: warning.logical_id.clone(),
            resource_type: warning.resource_type.clone(),
            property: warning.property.clone(),
            meaning: warning.meaning.clone(),
            file: warning.file.clone(),
            line: warning.line,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_said_once_with_its_number_and_each_when_asked() {
        let warning = |id: &str, property: Option<&str>, line| Warning {
            logical_id: id.to_owned(),
            resource_type: "AWS::IAM::Policy".to_owned(),
            property: property.map(str::to_owned),
            meaning: "permissions are not checked".to_owned(),
            file: "t.yaml".to_owned(),
            line,
            column: 1,
        };
        let warnings = [
            warning("A", None, 1),
            warning("B", None, 5),
            warning("C", Some("Tags"), 9),
            warning("D", None, 12),
        ];
        let lines = |each| {
            let lines = grid(&warnings, each).lines(100);
            lines.into_iter().skip(1).map(|line| {
                let plain = anstream::adapter::strip_str(&line).to_string();
                plain
                    .split_whitespace()
                    .take(4)
                    .collect::<Vec<_>>()
                    .join(" ")
            })
        };
        let grouped: Vec<String> = lines(false).collect();
        assert_eq!(
            grouped,
            [
                "3 × AWS::IAM::Policy t.yaml:1,",
                "C.Tags t.yaml:9 permissions are",
            ]
        );
        assert_eq!(lines(true).count(), 4);
        assert!(is_grouped(&warnings) && !is_grouped(&warnings[..1]));
    }
}
