//! Finds the developer's files for the running code. Functions run copies of their code; a traceback into a copy would
//! lead to files that developers do not edit.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use function_host::FunctionConfig;
use model::ErrorObject;

/// Characters that end a path in a traceback of Python (`File "…", line 3`) or JavaScript (`(…:3:5)`).
const ENDS: [char; 7] = ['"', '\'', '`', ':', ')', '\n', '\r'];

/// The folder with each function's own sources, by function name. A function that is missing here has no such folder.
#[derive(Debug, Default)]
pub(crate) struct OwnSources(RwLock<BTreeMap<String, PathBuf>>);

impl OwnSources {
    /// Replaces all folders. Folders whose names JSON would have to escape are left out.
    pub fn set(&self, mut folders: BTreeMap<String, PathBuf>) {
        folders.retain(|_, it| !it.to_string_lossy().contains(['"', '\\']));
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = folders;
    }

    /// The text with paths into the function's copied code replaced by those of the developer's files, where such files
    /// exist: paths of built files and packages stay.
    pub fn show<'t>(&self, function: &FunctionConfig, text: &'t str) -> Cow<'t, str> {
        let Some(code) = function.code_dir.to_str().filter(|it| it.len() > 1) else {
            return text.into();
        };
        if !text.contains(code) {
            return text.into();
        }
        let folders = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match folders.get(&function.name) {
            Some(own) => replaced(text, code, own),
            None => text.into(),
        }
    }

    /// The same, for an owned text.
    pub fn show_all(&self, function: &FunctionConfig, text: String) -> String {
        let shown = match self.show(function, &text) {
            Cow::Owned(shown) => Some(shown),
            Cow::Borrowed(_) => None,
        };
        shown.unwrap_or(text)
    }

    /// The same in an error's JSON document.
    pub fn show_in_json(&self, function: &FunctionConfig, document: &[u8]) -> Vec<u8> {
        match std::str::from_utf8(document) {
            Ok(text) => self.show(function, text).into_owned().into_bytes(),
            Err(_) => document.to_owned(),
        }
    }

    /// The same in the message and the stack trace of an error.
    pub fn show_in_error(&self, function: &FunctionConfig, error: ErrorObject) -> ErrorObject {
        let show = |text| self.show_all(function, text);
        ErrorObject {
            message: error.message.map(show),
            stack_trace: error
                .stack_trace
                .map(|frames| frames.into_iter().map(show).collect()),
            ..error
        }
    }
}

fn replaced<'t>(text: &'t str, code: &str, own: &Path) -> Cow<'t, str> {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(code) {
        let (before, found) = rest.split_at(at);
        shown.push_str(before);
        rest = &found[code.len()..];
        match own_file(rest, own) {
            Some((file, length)) => {
                shown.push_str(&file);
                rest = &rest[length..];
            }
            None => shown.push_str(code),
        }
    }
    shown.push_str(rest);
    shown.into()
}

/// The developer's file for a path within the code, and the length of that path. A path with spaces is tried whole
/// first.
fn own_file(rest: &str, own: &Path) -> Option<(String, usize)> {
    let path = &rest[..rest.find(ENDS).unwrap_or(rest.len())];
    let word = path.split(char::is_whitespace).next().unwrap_or_default();
    [path, word].into_iter().find_map(|path| {
        let mine = own.join(path.strip_prefix('/')?);
        let mine = mine.is_file().then_some(mine)?;
        Some((mine.to_str()?.to_owned(), path.len()))
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn only_files_of_the_developer_are_shown_as_such() {
        let own = tempfile::tempdir().unwrap();
        fs::write(own.path().join("app.py"), "").unwrap();
        let shown = |text: &str| {
            let shown = replaced(text, "/data/code/1f", own.path());
            shown.replace(own.path().to_str().unwrap(), "OWN")
        };
        let python = "Traceback:\n  File \"/data/code/1f/app.py\", line 3, in f\n  File \"/data/code/1f/boto3/a.py\", line 1";
        assert_eq!(
            shown(python),
            "Traceback:\n  File \"OWN/app.py\", line 3, in f\n  File \"/data/code/1f/boto3/a.py\", line 1"
        );
        assert_eq!(
            shown("at f (file:///data/code/1f/app.py:3:5)"),
            "at f (file://OWN/app.py:3:5)"
        );
        assert_eq!(shown("/data/code/1f"), "/data/code/1f");
        assert_eq!(shown("/data/code/1f/app.py failed"), "OWN/app.py failed");
        assert_eq!(
            shown("/data/code/1fe/app.py /data/code/1f/app.py"),
            "/data/code/1fe/app.py OWN/app.py"
        );
        assert_eq!(
            shown("/data/code/1f/../app.py x"),
            "/data/code/1f/../app.py x"
        );
    }
}
