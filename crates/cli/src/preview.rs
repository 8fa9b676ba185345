//! A payload on one line, cut to a width.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::neutral::neutral;

/// The text on one harmless line of at most `width` columns; `…` stands for the cut part.
pub fn preview(text: &str, width: usize) -> String {
    // Control characters grow when they are written out, nothing shrinks: more than `width` characters never fit.
    let head: String = text.chars().take(width + 1).collect();
    fit(&neutral(&head), width)
}

/// A harmless text cut to `width` columns.
pub fn fit(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut cut = String::new();
    let mut used = 0;
    for character in text.chars() {
        let columns = character.width().unwrap_or(0);
        if used + columns + 1 > width {
            break;
        }
        used += columns;
        cut.push(character);
    }
    if width > 0 {
        cut.push('…');
    }
    cut
}

/// A harmless text whose end is kept: names with a long common beginning differ at the end.
pub fn fit_end(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let turned: String = text.chars().rev().collect();
    let cut = fit(&turned, width);
    cut.chars().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_by_columns() {
        assert_eq!(preview("short", 5), "short");
        assert_eq!(preview("too long", 5), "too …");
        assert_eq!(preview("日本語", 5), "日本…");
        assert_eq!(preview("a\nb\u{1b}", 20), "a\\nb\\u{1b}");
        assert_eq!(preview("anything", 0), "");
        assert_eq!(fit_end("long-stack-Pay", 6), "…k-Pay");
        assert_eq!(fit_end("Pay", 6), "Pay");
    }
}
