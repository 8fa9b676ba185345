//! One Markdown file: its headings, its links, and its HTML.

use std::collections::BTreeMap;

use pulldown_cmark::{
    CodeBlockKind, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html,
};

use crate::section::anchor;

/// A Markdown file, parsed.
#[derive(Debug)]
pub struct Markdown<'t> {
    text: &'t str,
    /// In document order.
    pub headings: Vec<Heading>,
    /// In document order; includes pictures.
    pub links: Vec<Link>,
}

/// A heading and its anchor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// 1 to 6.
    pub level: usize,
    pub text: String,
    pub anchor: String,
}

/// A link as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub target: String,
    /// Counted from 1.
    pub line: usize,
}

impl<'t> Markdown<'t> {
    /// Parses a file; every text is valid Markdown.
    #[must_use]
    pub fn parse(text: &'t str) -> Self {
        let mut found = Self {
            text,
            headings: Vec::new(),
            links: Vec::new(),
        };
        let mut taken = BTreeMap::new();
        let mut heading: Option<(HeadingLevel, String)> = None;
        for (event, range) in parser(text).into_offset_iter() {
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    found.links.push(Link {
                        target: dest_url.into_string(),
                        line: 1 + text[..range.start].matches('\n').count(),
                    });
                }
                Event::Start(Tag::Heading { level, .. }) => heading = Some((level, String::new())),
                Event::End(TagEnd::Heading(_)) => {
                    if let Some((level, text)) = heading.take() {
                        found.headings.push(Heading {
                            level: level as usize,
                            anchor: unique(&mut taken, anchor(&text)),
                            text,
                        });
                    }
                }
                Event::Text(words) | Event::Code(words) => {
                    if let Some((_, text)) = &mut heading {
                        text.push_str(&words);
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// Whether a heading has this anchor.
    #[must_use]
    pub fn has_anchor(&self, anchor: &str) -> bool {
        self.headings.iter().any(|it| it.anchor == anchor)
    }

    /// The HTML, with link targets from `relink`. A picture for which it returns `None` becomes its text.
    #[must_use]
    pub fn html(&self, relink: impl Fn(&str) -> Option<String>) -> String {
        let mut anchors = self.headings.iter();
        let mut language = String::new();
        let mut lost_picture = false;
        let events = parser(self.text).filter_map(|event| {
            Some(match event {
                Event::Start(Tag::Heading {
                    level,
                    classes,
                    attrs,
                    ..
                }) => {
                    let id = anchors.next().map(|it| CowStr::from(it.anchor.clone()));
                    Event::Start(Tag::Heading {
                        level,
                        id,
                        classes,
                        attrs,
                    })
                }
                Event::Start(Tag::Link {
                    link_type,
                    dest_url,
                    title,
                    id,
                }) => {
                    let dest_url = relink(&dest_url).map_or(dest_url, CowStr::from);
                    Event::Start(Tag::Link {
                        link_type,
                        dest_url,
                        title,
                        id,
                    })
                }
                Event::Start(Tag::Image {
                    link_type,
                    dest_url,
                    title,
                    id,
                }) => {
                    let Some(target) = relink(&dest_url) else {
                        lost_picture = true;
                        return Some(Event::Html("<em class=\"picture\">Picture: ".into()));
                    };
                    let dest_url = CowStr::from(target);
                    Event::Start(Tag::Image {
                        link_type,
                        dest_url,
                        title,
                        id,
                    })
                }
                Event::End(TagEnd::Image) if lost_picture => {
                    lost_picture = false;
                    Event::Html("</em>".into())
                }
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                    language = info.split(',').next().unwrap_or_default().to_owned();
                    Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info)))
                }
                Event::End(TagEnd::CodeBlock) => {
                    language.clear();
                    Event::End(TagEnd::CodeBlock)
                }
                // Hides lines that only the compiler needs.
                Event::Text(code) if language == "rust" => {
                    Event::Text(without_hidden(&code).into())
                }
                Event::Html(text) if text.trim_start().starts_with("<!--") => return None,
                // A table wider than the page scrolls separately.
                Event::Start(Tag::Table(columns)) => Event::Start(Tag::Table(columns)),
                other => other,
            })
        });
        let mut out = String::with_capacity(self.text.len() * 2);
        html::push_html(&mut out, events);
        out.replace("<table>", "<div class=\"wide\"><table>")
            .replace("</table>", "</table></div>")
    }
}

fn parser(text: &str) -> Parser<'_> {
    Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH)
}

fn without_hidden(code: &str) -> String {
    let is_shown = |line: &&str| {
        let line = line.trim_start();
        line.trim_end() != "#" && !line.starts_with("# ")
    };
    code.split_inclusive('\n').filter(is_shown).collect()
}

/// The second heading with the same name gets `-1` at its end, as everywhere.
fn unique(taken: &mut BTreeMap<String, usize>, anchor: String) -> String {
    let count = taken.entry(anchor.clone()).or_default();
    *count += 1;
    match *count {
        1 => anchor,
        many => format!("{anchor}-{}", many - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_and_links_are_found() {
        let text = "# A `b` c\n\ntext [one](one.md#x)\n\n## A b c\n\n![two](two.png)\n";
        let page = Markdown::parse(text);
        let anchors: Vec<_> = page.headings.iter().map(|it| it.anchor.as_str()).collect();
        assert_eq!(anchors, ["a-b-c", "a-b-c-1"]);
        let links: Vec<_> = page
            .links
            .iter()
            .map(|it| (it.target.as_str(), it.line))
            .collect();
        assert_eq!(links, [("one.md#x", 3), ("two.png", 7)]);
    }

    #[test]
    fn html_has_anchors_and_no_hidden_lines() {
        let text = "## Run\n\n```rust\n# use a::b;\n#\n#[test]\nlet x = 1;\n```\n\n![p](x.png) [l](y.md)\n";
        let relink = |target: &str| target.strip_suffix(".md").map(|it| format!("{it}.html"));
        let html = Markdown::parse(text).html(relink);
        assert!(html.contains("<h2 id=\"run\">"), "{html}");
        assert!(
            html.contains("<code class=\"language-rust\">#[test]\nlet x"),
            "{html}"
        );
        assert!(html.contains("Picture: p</em>"), "{html}");
        assert!(html.contains("href=\"y.html\""), "{html}");
    }
}
