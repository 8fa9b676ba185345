//! The canonical request: the signed parts of a request, in one spelling.
//!
//! The path is encoded twice, as for every service but S3: the sent path is normalised (`.`, `..` and empty segments
//! are removed), and each segment is encoded once more.

use http::HeaderMap;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

/// The characters that are not encoded. Source: "Create a canonical request", `UriEncode`: unreserved characters of RFC
/// 3986.
const ENCODED: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

fn encode(bytes: &[u8]) -> String {
    percent_encode(bytes, &ENCODED).to_string()
}

/// The path of a request, normalised and encoded once more.
pub(super) fn path(sent: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in sent.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            segment => kept.push(segment),
        }
    }
    let mut path = String::with_capacity(sent.len() + 16);
    for segment in &kept {
        path.push('/');
        path.push_str(&encode(segment.as_bytes()));
    }
    let ends_with_slash = ["/", "/.", "/.."].iter().any(|end| sent.ends_with(end));
    if path.is_empty() || ends_with_slash {
        path.push('/');
    }
    path
}

/// The parameters of a query, decoded. A `+` stands for a space, as everywhere in this service.
pub(super) fn parameters(query: &str) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = |text: &str| percent_decode_str(&text.replace('+', "%20")).collect();
        (decoded(name), decoded(value))
    })
}

/// The parameters of a query in order, encoded; without the signature.
pub(super) fn query(query: Option<&str>) -> String {
    let parameters = parameters(query.unwrap_or_default());
    let signed = parameters.filter(|(name, _)| name != b"X-Amz-Signature");
    let mut pairs: Vec<(String, String)> = signed
        .map(|(name, value)| (encode(&name), encode(&value)))
        .collect();
    pairs.sort_unstable();
    let pairs: Vec<String> = pairs
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

/// The signed headers, one per line. `None` if one of them was not sent or is not text.
pub(super) fn headers(headers: &HeaderMap, signed: &[&str]) -> Option<String> {
    let mut lines = String::new();
    for name in signed {
        lines.push_str(name);
        let mut mark = ':';
        for value in headers.get_all(*name) {
            lines.push(mark);
            mark = ',';
            let value = std::str::from_utf8(value.as_bytes()).ok()?;
            let words: Vec<&str> = value.split_ascii_whitespace().collect();
            lines.push_str(&words.join(" "));
        }
        if mark == ':' {
            return None;
        }
        lines.push('\n');
    }
    Some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normalised_and_encoded_twice() {
        for (sent, expected) in [
            ("", "/"),
            ("/", "/"),
            ("//", "/"),
            ("/./", "/"),
            ("/example/..", "/"),
            ("/example1/example2/../..", "/"),
            ("/./example", "/example"),
            ("//example//", "/example/"),
            ("/../../x", "/x"),
            ("/functions/a%3Ab", "/functions/a%253Ab"),
            (
                "/@connections/JBDvjfGEIAMCERw%3D",
                "/%40connections/JBDvjfGEIAMCERw%253D",
            ),
            ("/-._~0Az", "/-._~0Az"),
        ] {
            assert_eq!(path(sent), expected, "{sent}");
        }
    }

    #[test]
    fn queries_are_sorted_and_spelled_one_way() {
        for (sent, expected) in [
            ("", ""),
            ("a", "a="),
            ("b=2&a=1", "a=1&b=2"),
            ("a=2&a=1", "a=1&a=2"),
            ("A=1&a=1&%41=0", "A=0&A=1&a=1"),
            ("a=x+y&b=x%20y", "a=x%20y&b=x%20y"),
            ("a=%7e&b=*", "a=~&b=%2A"),
            ("X-Amz-Signature=1&a=b=c", "a=b%3Dc"),
        ] {
            assert_eq!(query(Some(sent)), expected, "{sent}");
        }
        assert_eq!(query(None), "");
    }
}
