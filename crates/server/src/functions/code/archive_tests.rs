//! Malformed archives, and a good one.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use tokio_util::sync::CancellationToken;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;

fn unpack(bytes: &[u8], folder: &Path) -> Result<FrozenCode, UnpackError> {
    unpack_within(bytes, folder, UNPACKED_BYTES_MAX)
}

fn unpack_within(bytes: &[u8], folder: &Path, bytes_max: u64) -> Result<FrozenCode, UnpackError> {
    let code = CodeStore::open(folder.to_owned(), true, CancellationToken::new()).unwrap();
    code.unpack_within(bytes, bytes_max)
}

enum Made<'a> {
    File(&'a str, &'a [u8], u32),
    Folder(&'a str),
    Link(&'a str, &'a str),
}

fn archive(entries: &[Made<'_>]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let plain = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for entry in entries {
        match entry {
            Made::File(name, bytes, mode) => {
                writer
                    .start_file(*name, plain.unix_permissions(*mode))
                    .unwrap();
                writer.write_all(bytes).unwrap();
            }
            Made::Folder(name) => writer.add_directory(*name, plain).unwrap(),
            Made::Link(name, target) => writer.add_symlink(*name, *target, plain).unwrap(),
        }
    }
    writer.finish().unwrap().into_inner()
}

fn file(name: &str) -> Vec<u8> {
    archive(&[Made::File(name, b"x", 0o644)])
}

/// The error message for the sender of an archive; no unpacked file may stay.
fn refusal(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let error = unpack_within(bytes, folder.path(), 1000).unwrap_err();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    error.to_string()
}

/// The same archive with one name replaced by another of the same length, everywhere.
fn renamed(mut bytes: Vec<u8>, from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut start = 0;
    while let Some(found) = bytes[start..]
        .windows(from.len())
        .position(|window| window == from.as_bytes())
    {
        start += found;
        bytes[start..start + from.len()].copy_from_slice(to.as_bytes());
    }
    bytes
}

#[test]
fn an_archive_becomes_files_with_their_modes() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = archive(&[
        Made::Folder("lib/"),
        Made::File("bootstrap", b"#!/bin/sh\n", 0o755),
        Made::File("lib/data.json", b"{}", 0o600),
        Made::File("deep/er/x", b"", 0o644),
        Made::Link("lib/start", "../bootstrap"),
    ]);
    let frozen = unpack(&bytes, folder.path()).unwrap();
    assert_eq!(frozen.bytes, bytes.len() as u64);
    assert_eq!(frozen.sha256, STANDARD.encode(Sha256::digest(&bytes)));
    let text = |name: &str| fs::read_to_string(frozen.dir.join(name)).unwrap();
    assert_eq!(text("bootstrap"), "#!/bin/sh\n");
    assert_eq!(text("lib/data.json"), "{}");
    assert_eq!(text("lib/start"), "#!/bin/sh\n");
    {
        let mode = |name: &str| {
            let metadata = fs::metadata(frozen.dir.join(name)).unwrap();
            metadata.permissions().mode() & 0o777
        };
        assert_eq!((mode("bootstrap"), mode("lib/data.json")), (0o500, 0o400));
    }
    // The same archive gives the same folder; another archive another one.
    assert_eq!(unpack(&bytes, folder.path()).unwrap(), frozen);
    // The same archive mends damaged files.
    let bootstrap = frozen.dir.join("bootstrap");
    fs::set_permissions(&bootstrap, fs::Permissions::from_mode(0o600)).unwrap();
    let content = fs::read(&bootstrap).unwrap();
    fs::write(&bootstrap, b"").unwrap();
    fs::remove_file(frozen.dir.join("lib/data.json")).unwrap();
    assert_eq!(unpack(&bytes, folder.path()).unwrap(), frozen);
    assert_eq!(fs::read(&bootstrap).unwrap(), content);
    assert!(frozen.dir.join("lib/data.json").is_file());
    // The code and its list.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn what_is_no_archive_is_refused() {
    let broken = "Could not unzip uploaded file. Please check your file, then try to upload again.";
    assert_eq!(refusal(b""), "Uploaded file must be a non-empty zip");
    assert_eq!(
        refusal(&archive(&[])),
        "Uploaded file must be a non-empty zip"
    );
    assert_eq!(
        refusal(&archive(&[Made::Folder("only/")])),
        "Uploaded file must be a non-empty zip"
    );
    assert_eq!(
        refusal(b"PK\x03\x04 but not for long, and then something else"),
        broken
    );
    assert_eq!(refusal(&[0; 4096]), broken);
    let whole = archive(&[Made::File("bootstrap", &[7; 500], 0o755)]);
    assert_eq!(refusal(&whole[..whole.len() - 30]), broken);
    // A flipped bit in the data: the checksum is wrong, or it does not even inflate.
    let mut flipped = archive(&[Made::File(
        "bootstrap",
        b"some text that is compressed",
        0o755,
    )]);
    flipped[45] ^= 0x10;
    assert_eq!(refusal(&flipped), broken);
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    let because = |name: &str| {
        let from = "n".repeat(name.len());
        refusal(&renamed(file(&from), &from, name))
    };
    for (name, why) in [
        ("../evil", "leads out of the archive"),
        ("lib/../../evil", "leads out of the archive"),
        ("/etc/evil", "has an absolute path"),
        (
            "lib\\..\\evil",
            "has a backslash or a zero byte in its name; use an archiver that writes '/'",
        ),
    ] {
        let expected = format!("Could not unzip uploaded file. Entry '{name}' {why}.");
        assert_eq!(because(name), expected);
    }
    let long = "n".repeat(300);
    assert!(refusal(&file(&long)).ends_with("has a name that is too long."));
}

#[test]
fn links_that_lead_elsewhere_are_refused() {
    let outside = "links to something outside of the archive.";
    for target in ["/etc/passwd", "../../x", "..", ""] {
        let bytes = archive(&[Made::File("a", b"", 0o644), Made::Link("l", target)]);
        assert!(
            refusal(&bytes).ends_with(outside),
            "{target}: {}",
            refusal(&bytes)
        );
    }
    let dangling = archive(&[Made::Link("l", "nowhere")]);
    assert!(refusal(&dangling).ends_with("links to nothing."));
    // Each link looks harmless by its text; together they lead out.
    let pair = archive(&[
        Made::File("deep/er/a", b"", 0o644),
        Made::Link("deep/er/top", "../.."),
        Made::Link("out", "deep/er/top/.."),
    ]);
    assert!(refusal(&pair).ends_with(outside), "{}", refusal(&pair));
    // Nothing is written through a link.
    let through = archive(&[Made::Link("l", "/tmp"), Made::File("l/evil", b"", 0o644)]);
    assert!(refusal(&through).ends_with("lies below a file."));
}

#[test]
fn two_entries_of_one_name_are_refused() {
    let twice = renamed(
        archive(&[Made::File("aa", b"1", 0o644), Made::File("bb", b"2", 0o644)]),
        "bb",
        "aa",
    );
    assert!(
        refusal(&twice).ends_with("is there twice."),
        "{}",
        refusal(&twice)
    );
    let same_path = archive(&[
        Made::File("a/b", b"1", 0o644),
        Made::File("a/./b", b"2", 0o644),
    ]);
    assert!(refusal(&same_path).ends_with("is there twice."));
    let both = archive(&[Made::File("a", b"1", 0o644), Made::File("a/b", b"2", 0o644)]);
    assert!(refusal(&both).ends_with("lies below a file."));
    let folder_too = archive(&[Made::File("a/b", b"1", 0o644), Made::File("a", b"2", 0o644)]);
    assert!(refusal(&folder_too).ends_with("is there twice."));
}

#[test]
fn bombs_are_refused_while_they_go_off() {
    let bomb = archive(&[
        Made::File("a", &[0; 600], 0o644),
        Made::File("b", &[0; 600], 0o644),
    ]);
    assert!(bomb.len() < 400);
    let expected = format!("Unzipped size must be smaller than {UNPACKED_BYTES_MAX} bytes");
    assert_eq!(refusal(&bomb), expected);
    // The declared size of an entry does not count.
    let mut lying = archive(&[Made::File("a", &[0; 5000], 0o644)]);
    let declared = 5000_u32.to_le_bytes();
    while let Some(start) = lying.windows(4).position(|window| window == declared) {
        lying[start..start + 4].copy_from_slice(&1_u32.to_le_bytes());
    }
    let message = refusal(&lying);
    assert!(
        message == expected || message.starts_with("Could not unzip"),
        "{message}"
    );
}

#[test]
fn too_many_entries_are_refused_before_they_are_read() {
    let mut bytes = file("a");
    let count = bytes.len() - 22 + 10;
    bytes[count..count + 2].copy_from_slice(&50_001_u16.to_le_bytes());
    assert!(refusal(&bytes).contains("more than 50000 entries"));
    bytes[count..count + 2].copy_from_slice(&u16::MAX.to_le_bytes());
    assert!(refusal(&bytes).contains("more than 50000 entries"));
}

#[test]
fn devices_are_refused() {
    // The mode's upper half lies in the external attributes of the central directory.
    let mut bytes = archive(&[Made::File("a", b"", 0o644)]);
    let mode = (0o100_644_u32 << 16).to_le_bytes();
    let start = bytes.windows(4).rposition(|window| window == mode).unwrap();
    bytes[start..start + 4].copy_from_slice(&(0o020_644_u32 << 16).to_le_bytes());
    assert!(refusal(&bytes).ends_with("is neither a file nor a folder nor a link."));
}
