//! `lambdura --version --verbose`: which build this is, for reports of bugs.

use std::env;

/// The text to print, if the command line asks for it.
pub fn asked() -> Option<String> {
    is_asked(env::args().skip(1)).then(text)
}

/// Whether the words are both flags and nothing else. Without the second flag, clap answers.
fn is_asked(words: impl Iterator<Item = String>) -> bool {
    let (mut version, mut verbose) = (false, false);
    for word in words {
        match word.as_str() {
            "-V" | "--version" => version = true,
            "-v" | "--verbose" => verbose = true,
            "-vV" | "-Vv" => (version, verbose) = (true, true),
            _ => return false,
        }
    }
    version && verbose
}

fn text() -> String {
    let epoch = env!("LAMBDURA_BUILD_EPOCH").parse::<i64>().ok();
    let date = epoch.and_then(|epoch| jiff::Timestamp::from_second(epoch).ok());
    let date = date.map_or_else(
        || "unknown".to_owned(),
        |date| date.strftime("%Y-%m-%d").to_string(),
    );
    format!(
        "lambdura {}\ncommit: {}\ndate: {date}\ntarget: {}\nrustc: {}\nprofile: {}\nfeatures: {}",
        env!("CARGO_PKG_VERSION"),
        env!("LAMBDURA_BUILD_COMMIT"),
        env!("LAMBDURA_BUILD_TARGET"),
        env!("LAMBDURA_BUILD_RUSTC"),
        if cfg!(debug_assertions) {
            "debug"
        } else {
            "release"
        },
        features(loan_demo::has_page(), server::has_console()),
    )
}

/// The parts that a build may lack: npm makes both before the program is built.
fn features(has_demo: bool, has_console: bool) -> String {
    let all = [("demo", has_demo), ("console", has_console)];
    let there: Vec<&str> = all
        .iter()
        .filter(|(_, is_there)| *is_there)
        .map(|(name, _)| *name)
        .collect();
    match there.is_empty() {
        true => "none".to_owned(),
        false => there.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_says_what_it_lacks() {
        assert_eq!(features(true, true), "demo, console");
        assert_eq!(features(false, true), "console");
        assert_eq!(features(false, false), "none");
    }

    #[test]
    fn both_words_in_any_order_ask_for_it() {
        let asked = |line: &str| is_asked(line.split_whitespace().map(str::to_owned));
        assert!(asked("--version --verbose"));
        assert!(asked("-v -V"));
        assert!(asked("-vV"));
        for other in ["", "--version", "-v", "ls --version --verbose", "-v up"] {
            assert!(!asked(other), "{other}");
        }
    }
}
