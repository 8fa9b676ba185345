//! Sections of a page, and their anchors.

/// Anchor of a heading, as GitHub and mdBook make it: lower case, spaces as hyphens, no punctuation.
#[must_use]
pub fn anchor(heading: &str) -> String {
    let kept = |character: char| match character {
        ' ' => Some('-'),
        '-' | '_' => Some(character),
        _ if character.is_alphanumeric() => Some(character),
        _ => None,
    };
    heading
        .trim()
        .chars()
        .filter_map(kept)
        .flat_map(char::to_lowercase)
        .collect()
}

/// The section of a Markdown page whose heading has this anchor, up to the next heading of its level or above.
/// `None` if there is no such heading.
#[must_use]
pub fn section<'t>(text: &'t str, wanted: &str) -> Option<&'t str> {
    let mut start: Option<(usize, usize)> = None;
    let mut offset = 0;
    let mut in_code = false;
    for line in text.split_inclusive('\n') {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if let Some((level, heading)) = heading(line).filter(|_| !in_code) {
            match start {
                Some((begin, above)) if level <= above => return Some(&text[begin..offset]),
                Some(_) => {}
                None if anchor(heading) == wanted => start = Some((offset, level)),
                None => {}
            }
        }
        offset += line.len();
    }
    start.map(|(begin, _)| &text[begin..])
}

/// Level and text of a heading line.
fn heading(line: &str) -> Option<(usize, &str)> {
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    let text = text.strip_prefix(' ')?;
    (1..=6).contains(&level).then_some((level, text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_github_s() {
        assert_eq!(anchor("AWS's other services"), "awss-other-services");
        assert_eq!(anchor("`Runtime.ExitError`"), "runtimeexiterror");
        assert_eq!(
            anchor("pytest, vitest, `node:test`"),
            "pytest-vitest-nodetest"
        );
    }

    #[test]
    fn a_section_ends_at_the_next_of_its_level() {
        let page =
            "# Page\n\n## One\n\n```sh\n# no heading\n```\n\n### Part\n\ntext\n\n## Two\n\nend\n";
        let one = "## One\n\n```sh\n# no heading\n```\n\n### Part\n\ntext\n\n";
        assert_eq!(section(page, "one"), Some(one));
        assert_eq!(section(page, "part"), Some("### Part\n\ntext\n\n"));
        assert_eq!(section(page, "two"), Some("## Two\n\nend\n"));
        assert_eq!(section(page, "no-heading"), None);
    }
}
