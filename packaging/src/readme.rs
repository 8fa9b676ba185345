//! A README for npm and PyPI, which have none of the files that it links to.

use crate::release::HOMEPAGE;

/// The text with links that arrive from anywhere: at the version's files. `folder` is where the README lies.
pub fn with_absolute_links(text: &str, folder: &str, version: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut is_code = false;
    for line in text.split_inclusive('\n') {
        if line.starts_with("```") {
            is_code = !is_code;
        }
        if is_code {
            out.push_str(line);
            continue;
        }
        let mut rest = line;
        while let Some((before, after)) = rest.split_once("](") {
            out.push_str(before);
            out.push_str("](");
            let end = after.find(')').unwrap_or(after.len());
            let (target, after) = after.split_at(end);
            // `![` before the text of a link makes it a picture.
            let is_picture = before
                .rfind('[')
                .is_some_and(|at| before[..at].ends_with('!'));
            out.push_str(&absolute(target, folder, version, is_picture));
            rest = after;
        }
        out.push_str(rest);
    }
    out
}

fn absolute(target: &str, folder: &str, version: &str, is_picture: bool) -> String {
    if target.contains("://") || target.starts_with('#') || target.starts_with("mailto:") {
        return target.to_owned();
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    // A link leads to the page of a file; a picture needs the file itself.
    let view = if is_picture { "raw" } else { "blob" };
    format!("{HOMEPAGE}/{view}/v{version}/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_arrive_from_anywhere() {
        let text = "See [how](docs/serve.md#it) and [there](https://example.com), [here](#here).\n```\na[0](docs)\n```\n";
        let expected = "See [how](https://github.com/lambdura/lambdura/blob/v0.1.0/docs/serve.md#it) and \
            [there](https://example.com), [here](#here).\n```\na[0](docs)\n```\n";
        let text = with_absolute_links(text, "", "0.1.0");
        assert_eq!(text, expected);
        assert_eq!(
            with_absolute_links("![A page](docs/a.png)", "", "0.1.0"),
            "![A page](https://github.com/lambdura/lambdura/raw/v0.1.0/docs/a.png)"
        );
        assert_eq!(
            with_absolute_links("[a](../../docs/a.md)", "clients/node", "0.1.0"),
            "[a](https://github.com/lambdura/lambdura/blob/v0.1.0/docs/a.md)"
        );
    }

    #[test]
    fn the_readmes_of_packages_have_no_links_to_files() {
        for (text, folder) in [
            (include_str!("../../README.md"), ""),
            (include_str!("../../clients/node/README.md"), "clients/node"),
        ] {
            let shown = with_absolute_links(text, folder, "0.1.0");
            let links: Vec<_> = shown.split("](").skip(1).collect();
            assert!(!links.is_empty());
            for link in links {
                assert!(
                    link.starts_with("https://") || link.starts_with('#'),
                    "{link}"
                );
            }
        }
    }
}
