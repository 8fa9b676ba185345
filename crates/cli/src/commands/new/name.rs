//! Which names a project may have: that of a folder, a Lambda function, and a package at once.

use crate::args::Language;
use crate::exit::CliError;

/// Of a function's name, in characters. Source: the reference of CreateFunction, read 2026-11-29.
const LENGTH_MAX: usize = 64;

/// Packages that the project takes, what cargo keeps for itself, and words of the language.
const NOT_A_CRATE: &[&str] = &[
    "alloc",
    "async",
    "await",
    "build",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "deps",
    "dyn",
    "else",
    "enum",
    "examples",
    "extern",
    "false",
    "for",
    "impl",
    "incremental",
    "lambdura",
    "lambdura-testing",
    "lambdura_testing",
    "let",
    "loop",
    "match",
    "mod",
    "move",
    "mut",
    "proc_macro",
    "pub",
    "ref",
    "return",
    "self",
    "serde",
    "serde_json",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "thiserror",
    "tokio",
    "trait",
    "true",
    "type",
    "unsafe",
    "use",
    "uuid",
    "where",
    "while",
    "yield",
];

/// # Errors
/// The name is not possible; the error says why, and suggests another.
pub fn check(name: &str, language: Language) -> Result<(), CliError> {
    let Some(problem) = problem(name, language) else {
        return Ok(());
    };
    Err(CliError::usage(
        format!("`{name}` cannot be the project's name: {problem}"),
        format!(
            "for example `lambdura new {}`; nothing has been written",
            suggestion(name)
        ),
    ))
}

fn problem(name: &str, language: Language) -> Option<String> {
    if name.contains(['/', '\\']) {
        return Some("it is a path; change to the folder that should contain it".to_owned());
    }
    let is_allowed = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
    if let Some(letter) = name.chars().find(|letter| !is_allowed(*letter)) {
        return Some(format!(
            "it holds {letter:?}; a function's name may have letters, digits, - and _"
        ));
    }
    if !name.starts_with(|letter: char| letter.is_ascii_alphabetic()) {
        return Some("it has to begin with a letter".to_owned());
    }
    if name.len() > LENGTH_MAX {
        return Some(format!(
            "it has {} characters, and a function's name {LENGTH_MAX} at the most",
            name.len()
        ));
    }
    let is_taken = match language {
        Language::Python => false,
        Language::TypeScript => name.eq_ignore_ascii_case("node_modules"),
        Language::Rust => NOT_A_CRATE.contains(&name.to_ascii_lowercase().as_str()),
    };
    is_taken.then(|| "it means something else in that language".to_owned())
}

/// A name that would do.
fn suggestion(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).find(|part| !part.is_empty());
    let last = last.unwrap_or_default();
    let kept: String = last
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() || "-_".contains(letter) {
                letter
            } else {
                '-'
            }
        })
        .skip_while(|letter| !letter.is_ascii_alphabetic())
        .take(LENGTH_MAX)
        .collect();
    let kept = kept.trim_end_matches('-');
    // If nothing was changed, the name is a reserved word of its language.
    match kept {
        "" => "expenses".to_owned(),
        kept if kept == name => format!("my-{kept}"),
        kept => kept.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(name: &str, language: Language) -> Option<String> {
        check(name, language).err().map(|error| match error {
            CliError::Usage { message, hint } => {
                format!("{message} / {}", hint.unwrap_or_default())
            }
            other => panic!("{other}"),
        })
    }

    #[test]
    fn names_of_functions_are_taken() {
        for name in ["expenses", "my-loans", "Loans_2", "a", &"x".repeat(64)] {
            assert_eq!(told(name, Language::Rust), None);
        }
        assert_eq!(told("test", Language::Python), None);
    }

    #[test]
    fn other_names_are_refused_with_one_that_would_do() {
        let cases = [
            ("", "it has to begin with a letter", "new expenses`"),
            ("2nd", "it has to begin with a letter", "new nd`"),
            ("-x", "it has to begin with a letter", "new x`"),
            ("work/loans", "it is a path", "new loans`"),
            ("../..", "it is a path", "new expenses`"),
            ("my loans", "it holds ' '", "new my-loans`"),
            ("büro", "it holds 'ü'", "new b-ro`"),
            ("a\u{1b}[2J", "it holds '\\u{1b}'", "new a--2J`"),
            ("Tokio", "it means something else", "new my-Tokio`"),
        ];
        for (name, problem, advice) in cases {
            let told = told(name, Language::Rust).expect("it is refused");
            assert!(told.contains(problem) && told.contains(advice), "{told}");
        }
        let long = told(&"x".repeat(65), Language::Python).expect("it is refused");
        assert!(long.contains("65 characters"), "{long}");
    }
}
