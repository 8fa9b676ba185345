//! The ledger that the functions write: the invocations and steps that ran, and when.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

/// One beginning.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    pub what: What,
    /// The execution's ARN; the call's name for a plain function.
    pub execution: String,
    /// The Lambda request id of the invocation.
    pub request: String,
    pub at_micros: i64,
    pub process: u32,
    #[serde(default)]
    pub step: Option<String>,
    /// The step's operation id.
    #[serde(default)]
    pub operation: Option<String>,
    #[serde(default)]
    pub attempt: Option<u32>,
    /// The callback that is to be answered.
    #[serde(default)]
    pub callback: Option<String>,
}

/// The kind of work that began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    Invocation,
    Step,
    Plain,
}

impl Line {
    /// Milliseconds since the epoch, cut off as the service's timestamps are.
    pub fn at_millis(&self) -> i64 {
        self.at_micros / 1000
    }
}

/// Reads the lines that were written since the last time.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    read_bytes: u64,
}

impl Reader {
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            read_bytes: 0,
        }
    }

    /// The new lines; none while there is no file.
    pub fn read(&mut self) -> Result<Vec<Line>> {
        let failed = || format!("read the ledger `{}`", self.path.display());
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error).with_context(failed),
        };
        let mut text = String::new();
        file.seek(SeekFrom::Start(self.read_bytes))
            .and_then(|_| file.read_to_string(&mut text))
            .with_context(failed)?;
        // An unfinished line is read next time.
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        self.read_bytes += whole as u64;
        let lines = text[..whole].lines().map(|line| {
            serde_json::from_str(line).with_context(|| format!("read the ledger's line `{line}`"))
        });
        lines.collect()
    }
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Write;

    use super::*;

    #[test]
    fn a_line_is_read_once_and_whole() {
        let path = std::env::temp_dir().join(format!("bench-crash-{}", std::process::id()));
        let mut reader = Reader::new(&path);
        assert_eq!(reader.read().unwrap(), []);
        let mut file = OpenOptions::new()
            .create_new(true)
            .append(true)
            .open(&path)
            .unwrap();
        let line = r#"{"what":"plain","execution":"a","request":"r","at_micros":7,"process":1}"#;
        file.write_all(format!("{line}\n{}", &line[..10]).as_bytes())
            .unwrap();
        assert_eq!(reader.read().unwrap().len(), 1);
        assert_eq!(reader.read().unwrap(), []);
        file.write_all(format!("{}\n", &line[10..]).as_bytes())
            .unwrap();
        assert_eq!(reader.read().unwrap().len(), 1);
        std::fs::remove_file(&path).unwrap();
    }
}
