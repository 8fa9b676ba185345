//! Which C library a Linux binary needs at least: the highest version among the symbols that it asks for.

/// `(2, 34)` for a binary that asks for `GLIBC_2.34`; none for one that is linked statically.
pub fn glibc_version(binary: &[u8]) -> Option<(u32, u32)> {
    const MARK: &[u8] = b"GLIBC_";
    let mut highest = None;
    let mut rest = binary;
    // By the first byte: a whole binary is searched.
    while let Some(at) = rest.iter().position(|byte| *byte == MARK[0]) {
        rest = &rest[at..];
        let Some(after) = rest.strip_prefix(MARK) else {
            rest = &rest[1..];
            continue;
        };
        rest = after;
        // Names in the version table end with a zero byte.
        let end = rest.iter().take(16).position(|byte| *byte == 0);
        let version = end.and_then(|end| parse(&rest[..end]));
        highest = highest.max(version);
    }
    highest
}

fn parse(name: &[u8]) -> Option<(u32, u32)> {
    let mut parts = std::str::from_utf8(name).ok()?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_version_counts() {
        let binary = b"\x7fELF..GLIBC_2.9\0GLIBC_2.34\0GLIBC_2.2.5\0GLIBC_PRIVATE\0";
        assert_eq!(glibc_version(binary), Some((2, 34)));
        assert_eq!(glibc_version(b"\x7fELF GLIBC_"), None);
    }
}
