//! `*` and `?` in actions, resources and values.

/// Whether a text matches a pattern, in which `*` stands for any characters and `?` for one. The time is at most
/// proportional to the product of both lengths.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut within) = (0, 0);
    // The last `*`, and how much of the text it matches so far.
    let mut last_star: Option<(usize, usize)> = None;
    while within < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                last_star = Some((at, within));
                at += 1;
            }
            Some(byte) if *byte == b'?' || *byte == text[within] => {
                at += 1;
                within += 1;
            }
            Some(_) | None => {
                let Some((star, begun)) = last_star else {
                    return false;
                };
                last_star = Some((star, begun + 1));
                at = star + 1;
                within = begun + 1;
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text) in [
            ("", ""),
            ("*", ""),
            ("*", "anything:at/all"),
            ("a*c", "abc"),
            ("a*c", "ac"),
            ("a?c", "abc"),
            (
                "*:function:Orders*",
                "arn:aws:lambda:r:a:function:Orders:live",
            ),
            ("**a**", "bab"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("", "a"),
            ("a", ""),
            ("a?c", "ac"),
            ("a*c", "acd"),
            ("A", "a"),
            ("*b", "abc"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
        let slow = "*a".repeat(2_000);
        assert!(!matches(&slow, &("a".repeat(1_999) + "b")));
    }
}
