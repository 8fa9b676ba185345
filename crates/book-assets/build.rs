//! Makes the book's pages, in a folder of the build.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use book::site::{Book, Pictures};

fn main() -> Result<(), Box<dyn Error>> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    println!("cargo:rerun-if-changed={}", docs.display());
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let book = Book::read(&docs)?;
    let mut table = String::from("&[\n");
    let mut put = |path: &str, content: &[u8]| -> Result<(), Box<dyn Error>> {
        let name = path.replace('/', "_");
        fs::write(out.join(&name), content)?;
        writeln!(
            table,
            "({path:?}, include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}\")).as_slice()),"
        )?;
        Ok(())
    };
    for (file, text) in &book.texts {
        put(file, text.as_bytes())?;
    }
    for file in book.site(Pictures::Drawings)? {
        put(&file.path, &file.content)?;
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
