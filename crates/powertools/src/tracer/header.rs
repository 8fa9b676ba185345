//! The trace header: the trace of an invocation, its place in it, and whether it is sampled.
//! Source: X-Ray Developer Guide, "Tracing header" (read 2026-11-23).

/// A parsed trace header, such as `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TraceHeader {
    /// The trace id: `1-` with eight hexadecimal digits of time, `-`, and 24 more.
    pub root: String,
    /// The id of the segment above, 16 hexadecimal digits.
    pub parent: Option<String>,
    /// Whether this trace is recorded. A decision not made yet (`?`, or nothing) counts as no: X-Ray would not keep the
    /// trace.
    pub sampled: bool,
}

impl TraceHeader {
    /// Reads a header; `None` when it holds no valid trace id. Unknown members, such as `Lineage`, are passed over.
    ///
    /// ```
    /// use powertools::TraceHeader;
    /// let header = TraceHeader::parse("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1").unwrap();
    /// assert!(header.sampled && header.parent.is_none());
    /// assert_eq!(TraceHeader::parse("Root=1-nonsense"), None);
    /// ```
    pub fn parse(header: &str) -> Option<Self> {
        let mut root = None;
        let mut parent = None;
        let mut sampled = false;
        for member in header.split(';') {
            let Some((key, value)) = member.trim().split_once('=') else {
                continue;
            };
            match key {
                "Root" if is_trace_id(value) => root = Some(value.to_owned()),
                "Parent" if is_hex(value, 16) => parent = Some(value.to_owned()),
                "Sampled" => sampled = value == "1",
                _ => {}
            }
        }
        Some(Self {
            root: root?,
            parent,
            sampled,
        })
    }
}

fn is_trace_id(text: &str) -> bool {
    let mut parts = text.split('-');
    parts.next() == Some("1")
        && parts.next().is_some_and(|time| is_hex(time, 8))
        && parts.next().is_some_and(|unique| is_hex(unique, 24))
        && parts.next().is_none()
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "1-5759e988-bd862e3fe1be46a994272793";

    #[test]
    fn reads_what_lambda_sends() {
        let header = format!("Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:a87bd80c:1");
        let expected = TraceHeader {
            root: ROOT.to_owned(),
            parent: Some("53995c3f42cd8ad8".to_owned()),
            sampled: true,
        };
        assert_eq!(TraceHeader::parse(&header), Some(expected));
    }

    #[test]
    fn undecided_sampling_is_not_sampled() {
        for header in [
            format!("Root={ROOT};Sampled=?"),
            format!("Root={ROOT}"),
            format!("Root={ROOT};Sampled=0"),
        ] {
            assert!(!TraceHeader::parse(&header).unwrap().sampled, "{header}");
        }
    }

    #[test]
    fn hostile_headers_are_none() {
        for header in [
            "",
            ";;;",
            "=",
            "Root",
            "Root=1-é-x",
            "Root=2-5759e988-bd862e3fe1be46a994272793",
            "Parent=1",
        ] {
            assert_eq!(TraceHeader::parse(header), None, "{header}");
        }
        let header = format!("Root={ROOT};Parent=\";DROP\"");
        assert_eq!(TraceHeader::parse(&header).unwrap().parent, None);
    }
}
