//! Columns of text, aligned; the last one takes what is left of the width.

use owo_colors::{OwoColorize, Style};
use unicode_width::UnicodeWidthStr;

use crate::preview::fit;

/// One cell: harmless text and how it looks.
#[derive(Debug, Clone)]
pub struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A cell with a style.
    pub fn styled(text: impl Into<String>, style: Style) -> Self {
        Self {
            text: text.into(),
            style,
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
    header: Option<Vec<&'static str>>,
    rows: Vec<Vec<Cell>>,
}

const GAP: &str = "  ";

impl Grid {
    /// A grid whose columns have names.
    pub fn with_header(header: Vec<&'static str>) -> Self {
        Self {
            header: Some(header),
            rows: Vec::new(),
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
            let cell = |name: &&'static str| Cell::styled(*name, Style::new().dimmed());
            names.iter().map(cell).collect::<Vec<Cell>>()
        });
        let rows: Vec<&Vec<Cell>> = header.iter().chain(&self.rows).collect();
        let columns = rows.iter().map(|row| row.len()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                let cells = rows.iter().filter_map(|row| row.get(column));
                cells.map(|cell| cell.text.width()).max().unwrap_or(0)
            })
            .collect();
        rows.iter().map(|row| line(row, &widths, width)).collect()
    }
}

fn line(row: &[Cell], widths: &[usize], width: usize) -> String {
    let mut line = String::new();
    let mut used = 0;
    for (column, cell) in row.iter().enumerate() {
        if column + 1 == widths.len() {
            // Never cut to nothing: a narrow terminal wraps, which is better than silence.
            let left = width.saturating_sub(used).max(20);
            let text = fit(&cell.text, left);
            line.push_str(&text.style(cell.style).to_string());
            continue;
        }
        let padding = widths[column] - cell.text.width();
        line.push_str(&cell.text.style(cell.style).to_string());
        if column + 1 < row.len() {
            line.push_str(&" ".repeat(padding));
            line.push_str(GAP);
        }
        used += widths[column] + GAP.len();
    }
    line
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

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
