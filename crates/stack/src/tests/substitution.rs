//! How the text of `!Sub` is split.

use crate::template::function::{Piece, pieces};

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
