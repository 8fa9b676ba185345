//! A project: its files, with names filled in.

use super::catalogue::{self, about};
use super::sdk_source::SdkSource;
use super::texts;
use crate::args::{Language, Template};

/// The project that was asked for.
#[derive(Debug)]
pub struct Project<'n> {
    pub name: &'n str,
    pub language: Language,
    pub template: Template,
    pub sdk: SdkSource,
    /// Cargo must not take it for a part of the workspace above.
    pub is_below_a_workspace: bool,
}

impl Project<'_> {
    /// Paths within the project, and texts.
    pub fn files(&self) -> Vec<(String, String)> {
        let subject = catalogue::subject(self.template);
        let mut files = vec![
            ("README.md".to_owned(), texts::PAGE.to_owned()),
            ("samconfig.toml".to_owned(), texts::SAM_CONFIG.to_owned()),
        ];
        let of_language = texts::of_language(self.language).iter();
        let fixed = of_language.chain(texts::of_template(self.language, self.template));
        files.extend(fixed.map(|(path, text)| ((*path).to_owned(), (*text).to_owned())));
        let events = subject.events.iter();
        files
            .extend(events.map(|(name, text)| (format!("events/{name}.json"), (*text).to_owned())));
        if let Some(answers) = subject.answers {
            files.push(("answers.yaml".to_owned(), answers.to_owned()));
        }
        let values = self.values();
        for (_, text) in &mut files {
            for (key, value) in &values {
                *text = text.replace(&format!("{{{{{key}}}}}"), value);
            }
        }
        files
    }

    /// The next commands.
    pub fn next_commands(&self) -> [String; 3] {
        [format!("cd {}", self.name), self.up(), self.invoke()]
    }

    fn up(&self) -> String {
        let answers = match catalogue::subject(self.template).answers {
            Some(_) => " --answers answers.yaml",
            None => "",
        };
        format!("lambdura up --clock auto{answers}")
    }

    fn invoke(&self) -> String {
        let (event, _) = catalogue::subject(self.template).events[0];
        format!(
            "lambdura invoke {} --payload @events/{event}.json --wait",
            self.name
        )
    }

    /// The values of `{{KEY}}` in texts. Paragraphs come first: they hold keys themselves.
    fn values(&self) -> Vec<(&'static str, String)> {
        let subject = catalogue::subject(self.template);
        let words = self.language.words();
        let (event, _) = subject.events[0];
        let (execution_time, execution_seconds) = subject.execution_time;
        let paragraph = |text: &str| text.trim_end().to_owned();
        let workspace = match self.is_below_a_workspace {
            true => {
                "\n\n# A workspace of its own, so that cargo does not take it for a part of the one above.\n[workspace]"
            }
            false => "",
        };
        vec![
            ("ABOUT", paragraph(subject.page.about)),
            ("RUN_NOTE", paragraph(subject.page.run)),
            ("DEPLOY_NOTE", paragraph(subject.page.deploy)),
            ("CHANGE", paragraph(subject.page.change)),
            ("NEEDS", words.needs.to_owned()),
            ("UP", self.up()),
            ("INVOKE", self.invoke()),
            ("TEST", words.test.to_owned()),
            ("TEST_NOTE", words.test_note.to_owned()),
            ("DEBUG", words.debug.to_owned()),
            ("DEBUG_NOTE", words.debug_note.to_owned()),
            ("DEPLOY_NEEDS", words.deploy_needs.to_owned()),
            ("SAM_BUILD", words.sam_build.to_owned()),
            ("SOURCE", words.source.to_owned()),
            ("MODEL_SOURCE", format!("src/model.{}", words.extension)),
            ("TOOLS_SOURCE", format!("src/tools.{}", words.extension)),
            ("CRATES", subject.crates.to_owned()),
            ("LAMBDURA", self.sdk.dependency("sdk")),
            ("LAMBDURA_TESTING", self.sdk.dependency("sdk-testing")),
            ("WORKSPACE", workspace.to_owned()),
            ("DESCRIPTION", about(self.template).to_owned()),
            ("RESOURCE", subject.resource.to_owned()),
            ("EXECUTION_TIME", execution_time.to_owned()),
            ("EXECUTION_SECONDS", execution_seconds.to_string()),
            ("EVENT", format!("{event}.json")),
            ("EVENT_NAME", event.to_owned()),
            // Names of stacks have no underscores, and those of packages no capitals.
            ("STACK", self.name.replace('_', "-")),
            ("PACKAGE", self.name.to_ascii_lowercase()),
            ("NAME", self.name.to_owned()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::ValueEnum;

    use super::*;

    fn projects() -> impl Iterator<Item = Project<'static>> {
        Language::value_variants().iter().flat_map(|language| {
            Template::value_variants().iter().map(|template| Project {
                name: "My_loans",
                language: *language,
                template: *template,
                sdk: SdkSource::Repository,
                is_below_a_workspace: false,
            })
        })
    }

    #[test]
    fn every_file_is_whole() {
        for project in projects() {
            let files = project.files();
            let paths: BTreeSet<_> = files.iter().map(|(path, _)| path).collect();
            assert_eq!(paths.len(), files.len(), "a file is there twice");
            for (path, text) in &files {
                let open = text.split("{{").skip(1).find(|rest| {
                    rest.split_once("}}").is_some_and(|(key, _)| {
                        key.chars().all(|it| it.is_ascii_uppercase() || it == '_')
                    })
                });
                assert_eq!(open, None, "{path} has a name that was not filled in");
                assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{path}");
            }
        }
    }

    #[test]
    fn a_project_has_its_page_function_test_and_inputs() {
        for project in projects() {
            let files = project.files();
            let has = |wanted: &str| files.iter().any(|(path, _)| path.starts_with(wanted));
            for wanted in [
                "README.md",
                ".gitignore",
                "template.yaml",
                "src/",
                "events/",
            ] {
                assert!(has(wanted), "{wanted} of {project:?}");
            }
            let (_, page) = &files[0];
            assert!(page.lines().count() < 100, "the page is no longer one");
            let people = [Template::Approval, Template::Agent].contains(&project.template);
            assert_eq!(has("answers.yaml"), people);
            assert_eq!(page.contains("--answers answers.yaml"), people);
        }
    }

    #[test]
    fn names_fit_where_they_stand() {
        for project in projects() {
            for (path, text) in project.files() {
                match path.as_str() {
                    "template.yaml" => assert!(text.contains("FunctionName: My_loans\n")),
                    "samconfig.toml" => assert!(text.contains("stack_name = \"My-loans\"\n")),
                    "Cargo.toml" => assert!(text.contains("name = \"my_loans\"\n")),
                    _ => {}
                }
            }
        }
    }
}
