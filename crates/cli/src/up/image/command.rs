//! Reads commands of `RUN`. It knows those that install packages, and those that leave nothing behind.
//!
//! Source: the references of `pip install` (25.3) and `npm install` (11), read 2026-11-28.

use super::error::TASK_ROOT;

/// What a command does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Python packages are installed.
    Pip(Vec<Requirement>),
    /// The packages of the working folder's `package.json` are installed.
    Npm,
    /// A folder is made.
    Folder(Vec<String>),
    Nothing,
}

/// A package, or a file of packages, for pip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requirement {
    /// As in a line of a requirements file.
    Package(String),
    /// The path of a requirements file in the image, which may be relative.
    File(String),
}

/// Options of pip that do not change the installed packages.
const PIP_OPTIONS: [&str; 12] = [
    "--disable-pip-version-check",
    "--no-cache",
    "--no-cache-dir",
    "--no-compile",
    "--no-input",
    "--no-warn-script-location",
    "--prefer-binary",
    "--quiet",
    "--root-user-action=ignore",
    "--upgrade",
    "-U",
    "-q",
];

/// Packages that install others, and are of no use to a function.
const INSTALLERS: [&str; 3] = ["pip", "setuptools", "wheel"];

/// Options of npm that make no difference to a function.
const NPM_OPTIONS: [&str; 9] = [
    "--ignore-scripts=false",
    "--loglevel=error",
    "--no-audit",
    "--no-fund",
    "--omit=dev",
    "--only=prod",
    "--only=production",
    "--production",
    "--silent",
];

/// What a command does.
///
/// # Errors
/// It is not understood.
pub fn effect(command: &[String]) -> Result<Effect, String> {
    let words: Vec<&str> = command.iter().map(String::as_str).collect();
    let unknown = || format!("`{}`", command.join(" "));
    match words.as_slice() {
        ["pip" | "pip3", rest @ ..] => pip(rest).ok_or_else(unknown),
        ["python" | "python3", "-m", "pip", rest @ ..] => pip(rest).ok_or_else(unknown),
        ["npm", "ci" | "install" | "i", options @ ..]
            if options.iter().all(|it| NPM_OPTIONS.contains(it)) =>
        {
            Ok(Effect::Npm)
        }
        ["npm", "cache", "clean", ..] | ["true"] | ["echo", ..] => Ok(Effect::Nothing),
        ["mkdir", folders @ ..] => {
            let folders = folders.iter().filter(|it| **it != "-p");
            Ok(Effect::Folder(folders.map(|it| (*it).to_owned()).collect()))
        }
        ["rm", "-r" | "-rf" | "-fr" | "-f", paths @ ..] if paths.iter().all(|it| is_cache(it)) => {
            Ok(Effect::Nothing)
        }
        _ => Err(unknown()),
    }
}

/// What `pip` does; nothing where it is not understood.
fn pip(words: &[&str]) -> Option<Effect> {
    let words = match words {
        ["install", rest @ ..] => rest,
        ["cache", "purge"] => return Some(Effect::Nothing),
        _ => return None,
    };
    let mut wanted = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let (option, value) = match word.split_once('=') {
            Some((option, value)) if option.starts_with("--") => (option, Some(value)),
            _ => (*word, None),
        };
        match option {
            _ if PIP_OPTIONS.contains(word) => {}
            "-r" | "--requirement" => {
                let file = value.or_else(|| words.next().copied())?;
                wanted.push(Requirement::File(file.to_owned()));
            }
            "-t" | "--target" => {
                let folder = value.or_else(|| words.next().copied())?;
                (folder.trim_end_matches('/') == TASK_ROOT).then_some(())?;
            }
            _ if word.starts_with("-r") && word.len() > 2 => {
                wanted.push(Requirement::File(word[2..].to_owned()));
            }
            _ if word.starts_with('-') => return None,
            // A folder, an archive or a repository in the place of a name.
            _ if word.starts_with('.') || word.contains('/') || word.ends_with(".whl") => {
                return None;
            }
            _ => wanted.push(Requirement::Package((*word).to_owned())),
        }
    }
    wanted.retain(|it| !is_installer(it));
    Some(Effect::Pip(wanted))
}

fn is_installer(wanted: &Requirement) -> bool {
    let Requirement::Package(package) = wanted else {
        return false;
    };
    let name = package.split(['=', '<', '>', '~', '!', '[', ' ']).next();
    name.is_some_and(|name| INSTALLERS.contains(&name))
}

/// Whether a path holds only temporary files or caches, of the system or of the image's user: of no use to a function.
fn is_cache(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["", "tmp", _, ..] | ["", "var", "cache", _, ..] => true,
        ["", "root", cache, ..] => cache.starts_with(".cache"),
        _ => false,
    }
}
