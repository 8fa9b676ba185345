//! Columns of text, aligned; the last one takes the rest of the width, cut or wrapped.

use owo_colors::Style;
use tabled::Table;
use tabled::builder::Builder;
use tabled::settings::object::Columns;
use tabled::settings::{Color, Padding, Style as BorderStyle, Width};

use crate::preview::fit_end;

/// One cell: harmless text and how it looks.
#[derive(Debug, Clone)]
pub struct Cell {
    text: String,
    style: Style,
    keeps_end: bool,
}

impl Cell {
    /// A cell with a style.
    pub fn styled(text: impl Into<String>, style: Style) -> Self {
        Self {
            text: text.into(),
            style,
            keeps_end: false,
        }
    }

    /// A cell of a last column which is cut at the front, if at all.
    pub fn keeping_end(text: impl Into<String>) -> Self {
        Self {
            keeps_end: true,
            ..Self::from(text.into())
        }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::styled(text, Style::new())
    }
}

/// Rows of cells, all of the same number.
#[derive(Debug, Default)]
pub struct Grid {
    header: Option<Vec<String>>,
    rows: Vec<Vec<Cell>>,
    wraps: bool,
}

/// Columns of the terminal between two of the grid.
const GAP: usize = 2;

impl Grid {
    /// A grid whose columns have names.
    pub fn with_header(header: Vec<impl Into<String>>) -> Self {
        Self {
            header: Some(header.into_iter().map(Into::into).collect()),
            ..Self::default()
        }
    }

    /// The same, with sentences in the last column: the rest of a long one goes on below.
    pub fn wrapping(header: Vec<&'static str>) -> Self {
        Self {
            header: Some(header.into_iter().map(str::to_owned).collect()),
            rows: Vec::new(),
            wraps: true,
        }
    }

    /// Adds a row below the others.
    pub fn push(&mut self, row: Vec<Cell>) {
        self.rows.push(row);
    }

    /// The lines of the grid. The last column is cut so that a line keeps to `width`; the others keep their text
    /// whole, because a name that is cut cannot be copied.
    pub fn lines(&self, width: usize) -> Vec<String> {
        let header = self.header.as_ref().map(|names| {
            let cell = |name: &String| Cell::styled(name, Style::new().dimmed());
            names.iter().map(cell).collect::<Vec<Cell>>()
        });
        let rows: Vec<&Vec<Cell>> = header.iter().chain(&self.rows).collect();
        let columns = rows.iter().map(|row| row.len()).max().unwrap_or(0);
        let Some(last) = columns.checked_sub(1) else {
            return Vec::new();
        };
        let others = table(rows.iter().map(|row| {
            let others = row.iter().take(last);
            others.map(|cell| cell.text.clone()).collect()
        }));
        let left = width.saturating_sub(others.total_width()).max(LEFT_MIN);
        let mut table = table(rows.iter().map(|row| {
            let cells = row.iter().enumerate();
            let text = |(column, cell): (usize, &Cell)| match cell.keeps_end && column == last {
                true => fit_end(&cell.text, left),
                false => cell.text.clone(),
            };
            cells.map(text).collect()
        }));
        for (row, cells) in rows.iter().enumerate() {
            for (column, cell) in cells.iter().enumerate() {
                let (begin, end) = (cell.style.prefix_formatter(), cell.style.suffix_formatter());
                let color = Color::new(begin.to_string(), end.to_string());
                table.modify((row, column), color);
            }
        }
        table.modify(Columns::last(), Padding::zero());
        if self.wraps {
            table.modify(Columns::last(), Width::wrap(left).keep_words(true));
        } else {
            table.modify(Columns::last(), Width::truncate(left).suffix("…"));
        }
        let lines = table.to_string();
        lines
            .lines()
            .map(|line| line.trim_end().to_owned())
            .collect()
    }
}

/// Never less than this for the last column: a narrow terminal wraps, which is better than silence.
const LEFT_MIN: usize = 20;

/// A table without lines, with a gap behind each column.
fn table(rows: impl Iterator<Item = Vec<String>>) -> Table {
    let mut table = Builder::from_iter(rows).build();
    table.with(BorderStyle::empty());
    table.with(Padding::new(0, GAP, 0, 0));
    table
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn sentences_go_on_below() {
        let mut grid = Grid::wrapping(vec!["WHAT", "WHERE", "MEANS"]);
        let sentence = "there is no queue: sending to it fails";
        grid.push(vec!["Queue".into(), "t.yaml:3".into(), sentence.into()]);
        grid.push(vec!["Topic".into(), "t.yaml:12".into(), "short".into()]);
        let text = grid.lines(40).join("\n");
        let plain = anstream::adapter::strip_str(&text).to_string();
        let trimmed: Vec<&str> = plain.lines().map(str::trim_end).collect();
        expect![[r#"
            WHAT   WHERE      MEANS
            Queue  t.yaml:3   there is no queue:
                              sending to it fails
            Topic  t.yaml:12  short"#]]
        .assert_eq(&trimmed.join("\n"));
    }

    #[test]
    fn columns_line_up_and_the_last_is_cut() {
        let mut grid = Grid::with_header(vec!["NAME", "STATUS", "NOTE"]);
        grid.push(vec!["日本".into(), "OK".into(), "x".repeat(60).into()]);
        grid.push(vec!["longer-name".into(), "FAILED".into(), "why".into()]);
        let text = grid.lines(50).join("\n");
        let plain = anstream::adapter::strip_str(&text).to_string();
        expect![[r#"
            NAME         STATUS  NOTE
            日本         OK      xxxxxxxxxxxxxxxxxxxxxxxxxxxx…
            longer-name  FAILED  why"#]]
        .assert_eq(&plain);
    }
}
