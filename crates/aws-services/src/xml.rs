//! XML in the form of AWS's services: elements and text, without namespaces.

/// An element.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    pub name: String,
    pub text: String,
    pub children: Vec<Element>,
}

impl Element {
    /// The first child of this name.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|it| it.name == name)
    }

    /// The first element of this name, at any depth.
    pub(crate) fn find(&self, name: &str) -> Option<&Self> {
        if self.name == name {
            return Some(self);
        }
        self.children.iter().find_map(|it| it.find(name))
    }
}

/// Deepest nesting that is read.
const DEPTH_MAX: usize = 64;

/// The outermost element; `None` if the text is not XML.
pub(crate) fn parse(text: &str) -> Option<Element> {
    let mut open: Vec<Element> = vec![Element::default()];
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        open.last_mut()?.text.push_str(&unescaped(before));
        let (tag, after) = match after.strip_prefix("!--") {
            Some(comment) => ("?", comment.split_once("-->")?.1),
            None => after.split_once('>')?,
        };
        rest = after;
        if tag.starts_with(['?', '!']) {
            continue;
        }
        if tag.starts_with('/') {
            let done = open.pop()?;
            open.last_mut()?.children.push(done);
            continue;
        }
        let is_empty = tag.ends_with('/');
        let name = tag.trim_end_matches('/').split_ascii_whitespace().next()?;
        let element = Element {
            name: name.to_owned(),
            ..Element::default()
        };
        match is_empty {
            true => open.last_mut()?.children.push(element),
            false => open.push(element),
        }
        if open.len() > DEPTH_MAX {
            return None;
        }
    }
    let mut outside = open.pop().filter(|_| open.is_empty())?;
    outside.children.pop()
}

fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let (name, after) = after.split_once(';').unwrap_or((after, ""));
        rest = after;
        match name {
            "amp" => plain.push('&'),
            "lt" => plain.push('<'),
            "gt" => plain.push('>'),
            "quot" => plain.push('"'),
            "apos" => plain.push('\''),
            other => {
                let number = match other.strip_prefix("#x") {
                    Some(digits) => u32::from_str_radix(digits, 16).ok(),
                    None => other.strip_prefix('#').and_then(|it| it.parse().ok()),
                };
                plain.extend(number.and_then(char::from_u32));
            }
        }
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_have_text_and_children() {
        let text = "<?xml version=\"1.0\"?>\n<A x=\"1\"><B>1 &lt; 2 &amp; &#x41;&#66;</B><!-- <C> --><C/><B>3</B></A>";
        let a = parse(text).expect("it is XML");
        assert_eq!(a.child("B").map(|it| it.text.as_str()), Some("1 < 2 & AB"));
        assert_eq!(a.children.len(), 3);
        assert!(a.find("C").is_some());
        for wrong in [
            "",
            "no",
            "<a>",
            "<a",
            "</a>",
            "<a></a></a>",
            &"<a>".repeat(100),
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
