//! The archive that a Debian package is: three members, one after the other.

use anyhow::{Result, ensure};

/// Writes the members.
pub fn write(members: &[(&str, &[u8])], epoch: u64) -> Result<Vec<u8>> {
    let mut archive = b"!<arch>\n".to_vec();
    for (name, content) in members {
        ensure!(name.len() <= 16, "the name `{name}` is too long for ar");
        let header = format!(
            "{name:<16}{epoch:<12}{:<6}{:<6}{:<8}{:<10}`\n",
            0,
            0,
            100_644,
            content.len()
        );
        ensure!(
            header.len() == 60,
            "`{name}` has a header that is no header"
        );
        archive.extend(header.as_bytes());
        archive.extend(*content);
        if content.len() % 2 == 1 {
            archive.push(b'\n');
        }
    }
    Ok(archive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_begin_at_even_places() {
        let archive = write(&[("a", b"1"), ("b", b"22")], 5).expect("names are short");
        assert_eq!(archive.len(), 8 + 60 + 2 + 60 + 2);
        assert_eq!(&archive[8 + 60..8 + 62], b"1\n");
    }
}
