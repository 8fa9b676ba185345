//! Cookies of browsers.

use hyper::HeaderMap;
use hyper::header::{COOKIE, HeaderValue, SET_COOKIE};

/// The value of a cookie.
pub(crate) fn cookie<'h>(headers: &'h HeaderMap, wanted: &str) -> Option<&'h str> {
    let all = headers.get_all(COOKIE).iter();
    let mut all = all
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'));
    all.find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == wanted).then_some(value)
    })
}

/// Removes cookies from a request; all others stay as they are.
pub(crate) fn drop_cookies(headers: &mut HeaderMap, is_dropped: impl Fn(&str) -> bool) {
    let is_dropped = |pair: &[u8]| is_named(pair, &is_dropped);
    let own = headers.get_all(COOKIE).iter();
    if !own
        .flat_map(|value| value.as_bytes().split(is_semicolon))
        .any(is_dropped)
    {
        return;
    }
    let kept: Vec<HeaderValue> = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| {
            let pairs = value.as_bytes().split(is_semicolon);
            let pairs: Vec<&[u8]> = pairs.filter(|pair| !is_dropped(pair)).collect();
            let text = pairs.join(&b';');
            let text = text.trim_ascii();
            // The bytes come from a header, so they are valid in one.
            (!text.is_empty()).then(|| HeaderValue::from_bytes(text).ok())?
        })
        .collect();
    headers.remove(COOKIE);
    for value in kept {
        headers.append(COOKIE, value);
    }
}

/// Removes headers that set cookies from an answer.
pub(crate) fn drop_set_cookies(headers: &mut HeaderMap, is_dropped: impl Fn(&str) -> bool) {
    let is_dropped = |value: &HeaderValue| {
        let pair = value.as_bytes().split(is_semicolon).next();
        pair.is_some_and(|pair| is_named(pair, &is_dropped))
    };
    if !headers.get_all(SET_COOKIE).iter().any(is_dropped) {
        return;
    }
    let all = headers.get_all(SET_COOKIE).iter();
    let kept: Vec<HeaderValue> = all.filter(|value| !is_dropped(value)).cloned().collect();
    headers.remove(SET_COOKIE);
    for value in kept {
        headers.append(SET_COOKIE, value);
    }
}

fn is_semicolon(byte: &u8) -> bool {
    *byte == b';'
}

/// Whether a cookie has a name. A nameless one (`=a=b`) is sent by browsers as if its value were a name and a value.
fn is_named(pair: &[u8], is_dropped: impl Fn(&str) -> bool) -> bool {
    let start = pair
        .iter()
        .position(|byte| *byte != b'=' && !byte.is_ascii_whitespace());
    let pair = &pair[start.unwrap_or(pair.len())..];
    let name = pair.split(|byte| *byte == b'=').next().unwrap_or_default();
    std::str::from_utf8(name.trim_ascii()).is_ok_and(is_dropped)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(headers: &HeaderMap, name: hyper::header::HeaderName) -> Vec<&[u8]> {
        let all = headers.get_all(name).iter();
        all.map(HeaderValue::as_bytes).collect()
    }

    fn is_secret(name: &str) -> bool {
        name == "secret"
    }

    #[test]
    fn some_cookies_are_taken_out_and_others_stay_as_they_are() {
        let after = |given: &[&[u8]]| {
            let mut headers = HeaderMap::new();
            for value in given {
                let value = HeaderValue::from_bytes(value).expect("it is one");
                headers.append(COOKIE, value);
            }
            drop_cookies(&mut headers, is_secret);
            let left = values(&headers, COOKIE).into_iter();
            left.map(|value| String::from_utf8_lossy(value).into_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(after(&[b"a=1; secret=x; b=2"]), ["a=1; b=2"]);
        assert_eq!(after(&[b"secret=x", b"a=secret=y"]), ["a=secret=y"]);
        assert_eq!(after(&[b" secret =x;a=1"]), ["a=1"]);
        assert_eq!(after(&[b"=secret=x; secrets=1"]), ["secrets=1"]);
        assert_eq!(after(&[b"a=\xff;  b=1"]), ["a=\u{fffd};  b=1"]);
        assert_eq!(after(&[b"a=\xff; secret=x"]), ["a=\u{fffd}"]);
        assert!(after(&[]).is_empty());
    }

    #[test]
    fn what_would_set_them_is_taken_out() {
        let mut headers = HeaderMap::new();
        let given = [
            "secret=x; Path=/",
            "a=secret; Path=/",
            " =secret=y",
            "b=1; secret=z",
        ];
        for value in given {
            headers.append(SET_COOKIE, HeaderValue::from_static(value));
        }
        drop_set_cookies(&mut headers, is_secret);
        let left: [&[u8]; 2] = [b"a=secret; Path=/", b"b=1; secret=z"];
        assert_eq!(values(&headers, SET_COOKIE), left);
    }
}
