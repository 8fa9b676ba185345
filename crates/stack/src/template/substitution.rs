//! The text of `!Sub`, cut into pieces.

/// A piece of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'t> {
    Literal(&'t str),
    /// What stands between `${` and `}`.
    Name(&'t str),
    /// `${` without its `}`.
    Unclosed(&'t str),
}

/// Cuts at every `${Name}`; `${!Name}` is the literal `${Name}`.
pub(crate) fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    // What is left of `${!Name}` once its `${` is out: `Name}`, which is literal.
    let mut literal_until = 0;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if literal_until > 0 {
            let (literal, after) = rest.split_at(literal_until);
            (rest, literal_until) = (after, 0);
            return Some(Piece::Literal(literal));
        }
        let Some(start) = rest.find("${") else {
            return Some(Piece::Literal(std::mem::take(&mut rest)));
        };
        if start > 0 {
            let (literal, after) = rest.split_at(start);
            rest = after;
            return Some(Piece::Literal(literal));
        }
        let inner = &rest[2..];
        let Some(end) = inner.find('}') else {
            return Some(Piece::Unclosed(std::mem::take(&mut rest)));
        };
        if let Some(escaped) = inner.strip_prefix('!') {
            rest = escaped;
            // Up to and with the closing brace, one byte less for the `!`.
            literal_until = end;
            return Some(Piece::Literal("${"));
        }
        rest = &inner[end + 1..];
        Some(Piece::Name(&inner[..end]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_at_names() {
        let cut = |text| pieces(text).collect::<Vec<_>>();
        use Piece::{Literal, Name, Unclosed};
        assert_eq!(cut(""), []);
        assert_eq!(cut("plain $ {}"), [Literal("plain $ {}")]);
        assert_eq!(
            cut("a${B}c${D.E}"),
            [Literal("a"), Name("B"), Literal("c"), Name("D.E")]
        );
        assert_eq!(
            cut("${!Not}é${A}"),
            [Literal("${"), Literal("Not}"), Literal("é"), Name("A")]
        );
        assert_eq!(cut("${!}"), [Literal("${"), Literal("}")]);
        assert_eq!(cut("x${y"), [Literal("x"), Unclosed("${y")]);
        assert_eq!(cut("${}"), [Name("")]);
    }
}
