//! Columns of text, aligned; the last one takes the rest of the width, cut or wrapped.

use owo_colors::{OwoColorize, Style};
use unicode_width::UnicodeWidthStr;

use crate::preview::{fit, fit_end};

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

const GAP: &str = "  ";

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
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                let cells = rows.iter().filter_map(|row| row.get(column));
                cells.map(|cell| cell.text.width()).max().unwrap_or(0)
            })
            .collect();
        if !self.wraps {
            return rows.iter().map(|row| line(row, &widths, width)).collect();
        }
        let before: usize = widths.iter().rev().skip(1).map(|it| it + GAP.len()).sum();
        let left = width.saturating_sub(before).max(LEFT_MIN);
        let mut lines = Vec::new();
        for row in rows {
            let Some((last, others)) = row.split_last() else {
                continue;
            };
            for (index, part) in wrap(&last.text, left).into_iter().enumerate() {
                let mut row: Vec<Cell> = if index == 0 {
                    others.to_vec()
                } else {
                    others.iter().map(|_| "".into()).collect()
                };
                row.push(Cell::styled(part, last.style));
                lines.push(line(&row, &widths, before + left));
            }
        }
        lines
    }
}

/// Never less than this for the last column: a narrow terminal wraps, which is better than silence.
const LEFT_MIN: usize = 20;

/// The text in lines of at most so many columns, broken between words.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is always a line");
        if line.is_empty() {
            line.push_str(word);
        } else if line.width() + 1 + word.width() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

fn line(row: &[Cell], widths: &[usize], width: usize) -> String {
    let mut line = String::new();
    let mut used = 0;
    for (column, cell) in row.iter().enumerate() {
        if column + 1 == widths.len() {
            let left = width.saturating_sub(used).max(LEFT_MIN);
            let text = match cell.keeps_end {
                true => fit_end(&cell.text, left),
                false => fit(&cell.text, left),
            };
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
