//! Makes the book's pages and packs them, one by one, into a folder of the build.

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use book::site::{Book, Pictures};
use flate2::Compression;
use flate2::write::DeflateEncoder;

fn main() -> Result<(), Box<dyn Error>> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    println!("cargo:rerun-if-changed={}", docs.display());
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let book = Book::read(&docs)?;
    let mut table = String::from("&[\n");
    let mut pack = |path: &str, content: &[u8]| -> Result<(), Box<dyn Error>> {
        let packed = path.replace('/', "_");
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content)?;
        fs::write(out.join(&packed), encoder.finish()?)?;
        writeln!(
            table,
            "({path:?}, include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{packed}\")).as_slice()),"
        )?;
        Ok(())
    };
    for (file, text) in &book.texts {
        pack(file, text.as_bytes())?;
    }
    for file in book.site(Pictures::Drawings)? {
        pack(&file.path, &file.content)?;
    }
    table.push(']');
    fs::write(out.join("table.rs"), table)?;
    let mut chapters = String::from("&[\n");
    for chapter in book.summary.chapters() {
        let name = chapter.file.trim_end_matches(".md");
        writeln!(chapters, "({name:?}, {:?}),", chapter.title)?;
    }
    chapters.push(']');
    fs::write(out.join("chapters.rs"), chapters)?;
    Ok(())
}
