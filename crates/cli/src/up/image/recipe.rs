//! Reads a Dockerfile, as far as it can be followed without a container engine.
//!
//! Source: Dockerfile reference, read 2026-11-28; Lambda developer guide, "Create a Lambda function using a container
//! image" and the pages of the base images for Python and Node.js, read 2026-11-28.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use stack::ImageBuild;

use super::command::{Effect, Requirement, effect};
use super::error::{ImageError, TASK_ROOT};
use super::instruction::{Instruction, instructions};
use super::words::{Variables, commands, words};

/// Where AWS keeps the base images.
const REGISTRIES: [&str; 4] = [
    "public.ecr.aws/lambda/",
    "public.ecr.aws/docker/amazon/aws-lambda-",
    "docker.io/amazon/aws-lambda-",
    "amazon/aws-lambda-",
];

/// A script that starts the runtime.
const WRAPPER: &str = "AWS_LAMBDA_EXEC_WRAPPER";

/// The program that a base image starts.
const ENTRYPOINT: &str = "/lambda-entrypoint.sh";

/// The steps that make a function's folder.
#[derive(Debug, Default)]
pub struct Recipe {
    /// As a template would name it, such as `python3.13`.
    pub runtime: String,
    pub handler: String,
    /// `ENV`.
    pub environment: BTreeMap<String, String>,
    pub copies: Vec<Copy>,
    /// Packages for pip, with the line that names them; files by their whole path in the image.
    pub requirements: Vec<(usize, Requirement)>,
    /// The line that has npm install the packages of [`TASK_ROOT`].
    pub npm_at: Option<usize>,
    /// Folders that exist without a copy into them.
    pub folders: Vec<PathBuf>,
}

/// `COPY`, or `ADD` of files in the context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    pub line: usize,
    /// Patterns, relative to the context.
    pub sources: Vec<String>,
    /// The whole path in the image.
    pub target: PathBuf,
    /// Whether the target is written as a folder.
    pub is_folder: bool,
}

impl Recipe {
    /// Reads a Dockerfile.
    ///
    /// # Errors
    /// The line that asks for more than copies and packages on one of AWS's base images.
    pub fn read(dockerfile: &str, image: &ImageBuild) -> Result<Self, ImageError> {
        let mut reading = Reading {
            image,
            recipe: Self::default(),
            stage: None,
            globals: image.arguments.clone(),
            variables: Variables::new(),
            work_dir: PathBuf::from(TASK_ROOT),
            command: None,
        };
        for instruction in instructions(dockerfile)? {
            let line = instruction.line;
            reading
                .take(&instruction)
                .map_err(|why| ImageError::line(line, why))?;
        }
        reading.finish()
    }
}

/// A Dockerfile under way.
struct Reading<'a> {
    image: &'a ImageBuild,
    recipe: Recipe,
    /// The name of the only stage, once it has begun.
    stage: Option<Option<String>>,
    /// Build arguments, and `ARG` before the stage.
    globals: Variables,
    /// `ARG` and `ENV` within the stage.
    variables: Variables,
    work_dir: PathBuf,
    command: Option<Vec<String>>,
}

impl Reading<'_> {
    fn take(&mut self, instruction: &Instruction) -> Result<(), String> {
        let Instruction { line, name, text } = instruction;
        match name.as_str() {
            "ARG" => self.argument(text),
            "FROM" => self.from(text),
            // They change nothing about the function; Lambda has a user of its own.
            "EXPOSE" | "HEALTHCHECK" | "LABEL" | "MAINTAINER" | "STOPSIGNAL" | "USER" => Ok(()),
            _ if self.stage.is_none() => Err(format!("`{name}` before `FROM`")),
            "ENV" => self.environment(text),
            "WORKDIR" => {
                let folder = words(text, &self.variables)?.concat();
                self.work_dir = self.absolute(&folder);
                self.recipe.folders.push(self.work_dir.clone());
                Ok(())
            }
            "COPY" | "ADD" => self.copy(*line, name, text),
            "RUN" => self.run(*line, text),
            "CMD" => {
                let exec = exec_form(text);
                let shell = || {
                    format!("`CMD {text}`, which starts a shell: write `CMD [\"file.function\"]`")
                };
                self.command = Some(exec.ok_or_else(shell)?);
                Ok(())
            }
            "ENTRYPOINT" => check_entrypoint(&exec_form(text).unwrap_or_default(), text),
            _ => Err(format!("`{name}`")),
        }
    }

    fn argument(&mut self, text: &str) -> Result<(), String> {
        let is_global = self.stage.is_none();
        let known = match is_global {
            true => &self.globals,
            false => &self.variables,
        };
        for word in words(text, known)? {
            let (name, default) = match word.split_once('=') {
                Some((name, default)) => (name.to_owned(), Some(default.to_owned())),
                None => (word, None),
            };
            let given = self.image.arguments.get(&name).cloned();
            let value = given
                .or(default)
                .or_else(|| self.globals.get(&name).cloned());
            let value = value.unwrap_or_default();
            if is_global {
                self.globals.insert(name, value);
            } else if !self.recipe.environment.contains_key(&name) {
                self.variables.insert(name, value);
            }
        }
        Ok(())
    }

    fn from(&mut self, text: &str) -> Result<(), String> {
        if self.stage.is_some() {
            return Err("a second `FROM`, which makes it a build in several stages".to_owned());
        }
        let words = words(text, &self.globals)?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let words = match words.as_slice() {
            [platform, rest @ ..] if platform.starts_with("--platform=") => rest,
            all => all,
        };
        let (image, stage) = match words {
            [image] => (image, None),
            [image, word, stage] if word.eq_ignore_ascii_case("as") => (image, Some(*stage)),
            _ => return Err(format!("`FROM {text}`")),
        };
        self.recipe.runtime = runtime(image)?;
        self.stage = Some(stage.map(str::to_owned));
        self.variables = Variables::from([
            ("LAMBDA_TASK_ROOT".to_owned(), TASK_ROOT.to_owned()),
            ("LAMBDA_RUNTIME_DIR".to_owned(), "/var/runtime".to_owned()),
        ]);
        self.recipe.folders = ["/", TASK_ROOT, "/opt", "/tmp"].map(PathBuf::from).to_vec();
        Ok(())
    }

    fn environment(&mut self, text: &str) -> Result<(), String> {
        let words = words(text, &self.variables)?;
        let pairs: Vec<(String, String)> = match words.first().is_some_and(|it| it.contains('=')) {
            true => {
                let pair = |word: &String| {
                    let (name, value) = word.split_once('=')?;
                    Some((name.to_owned(), value.to_owned()))
                };
                let pairs: Option<Vec<_>> = words.iter().map(pair).collect();
                pairs.ok_or_else(|| format!("`ENV {text}`"))?
            }
            // The older form: a name, and the rest of the line.
            false => match words.split_first() {
                Some((name, value)) if !value.is_empty() => vec![(name.clone(), value.join(" "))],
                _ => return Err(format!("`ENV {text}`")),
            },
        };
        for (name, value) in pairs {
            let is_lambdas = ["AWS_", "LAMBDA_", "_"]
                .iter()
                .any(|it| name.starts_with(it) && name != WRAPPER);
            if is_lambdas || ["PATH", "LD_LIBRARY_PATH"].contains(&name.as_str()) {
                return Err(format!(
                    "`ENV {name}`, by which an image finds what is in it"
                ));
            }
            // In these variables the path means the function's folder, wherever it lies.
            let means_folder = ["PYTHONPATH", "NODE_PATH", WRAPPER].contains(&name.as_str());
            if value.contains("/opt") || (value.contains(TASK_ROOT) && !means_folder) {
                return Err(format!(
                    "`ENV {name}={value}`: the folder is called otherwise here"
                ));
            }
            self.variables.insert(name.clone(), value.clone());
            self.recipe.environment.insert(name, value);
        }
        Ok(())
    }

    fn copy(&mut self, line: usize, name: &str, text: &str) -> Result<(), String> {
        let mut rest = text;
        while let Some(flag) = rest.split_whitespace().next()
            && flag.starts_with("--")
        {
            // Flags for a file's owner, its mode, and its storage.
            let is_harmless = ["--chown=", "--chmod=", "--link"]
                .iter()
                .any(|it| flag.starts_with(it));
            if !is_harmless {
                return Err(format!("`{name} {flag}`"));
            }
            rest = rest[flag.len()..].trim_start();
        }
        let words = match exec_form(rest) {
            Some(words) => words,
            None => words(rest, &self.variables)?,
        };
        let Some((target, sources)) = words.split_last().filter(|(_, it)| !it.is_empty()) else {
            return Err(format!("`{name} {text}`"));
        };
        let is_unpacked = |it: &&String| {
            it.contains("://")
                || it.contains(".tar")
                || it.ends_with(".tgz")
                || it.starts_with("git@")
        };
        if name == "ADD"
            && let Some(source) = sources.iter().find(is_unpacked)
        {
            return Err(format!("`ADD {source}`, which is fetched or unpacked"));
        }
        self.recipe.copies.push(Copy {
            line,
            sources: sources.to_vec(),
            target: self.absolute(target),
            is_folder: target.ends_with('/') || target.ends_with('.') || sources.len() > 1,
        });
        Ok(())
    }

    fn run(&mut self, line: usize, text: &str) -> Result<(), String> {
        let mut rest = text;
        while let Some(flag) = rest.split_whitespace().next()
            && flag.starts_with("--")
        {
            if !flag.starts_with("--mount=type=cache") {
                return Err(format!("`RUN {flag}`"));
            }
            rest = rest[flag.len()..].trim_start();
        }
        let commands = match exec_form(rest) {
            Some(words) => vec![words],
            None => commands(rest, &self.variables)?,
        };
        for command in commands {
            match effect(&command)? {
                Effect::Pip(_) if !self.recipe.runtime.starts_with("python") => {
                    return Err(format!(
                        "`{}` on an image without Python",
                        command.join(" ")
                    ));
                }
                Effect::Npm if !self.recipe.runtime.starts_with("nodejs") => {
                    return Err(format!(
                        "`{}` on an image without Node.js",
                        command.join(" ")
                    ));
                }
                Effect::Pip(wanted) => {
                    let whole = |wanted| match wanted {
                        Requirement::File(file) => {
                            let file = self.absolute(&file);
                            Requirement::File(file.to_string_lossy().into_owned())
                        }
                        package @ Requirement::Package(_) => package,
                    };
                    let wanted: Vec<_> = wanted.into_iter().map(|it| (line, whole(it))).collect();
                    self.recipe.requirements.extend(wanted);
                }
                Effect::Npm if self.work_dir != Path::new(TASK_ROOT) => {
                    let folder = self.work_dir.display();
                    return Err(format!("`{}` in `{folder}`", command.join(" ")));
                }
                Effect::Npm => self.recipe.npm_at = Some(line),
                Effect::Folder(folders) => {
                    let folders: Vec<_> = folders.iter().map(|it| self.absolute(it)).collect();
                    self.recipe.folders.extend(folders);
                }
                Effect::Nothing => {}
            }
        }
        Ok(())
    }

    /// A path as seen from the working folder.
    fn absolute(&self, path: &str) -> PathBuf {
        let mut absolute = PathBuf::new();
        for component in self.work_dir.join(path).components() {
            match component {
                Component::CurDir => {}
                Component::ParentDir => _ = absolute.pop(),
                other => absolute.push(other),
            }
        }
        absolute
    }

    fn finish(mut self) -> Result<Recipe, ImageError> {
        let whole = |why: String| Err(ImageError::Whole(why));
        let Some(stage) = self.stage else {
            return whole("its Dockerfile has no `FROM`".to_owned());
        };
        if let Some(target) = &self.image.target
            && stage.as_ref() != Some(target)
        {
            return whole(format!("its Dockerfile has no stage `{target}`"));
        }
        if let Some(entry_point) = &self.image.entry_point {
            let shown = entry_point.join(" ");
            check_entrypoint(entry_point, &shown)
                .map_err(|why| ImageError::Whole(format!("`ImageConfig` has {why}")))?;
        }
        let work_dir = self.image.working_directory.as_deref();
        let work_dir = work_dir.map_or(self.work_dir.as_path(), Path::new);
        if work_dir != Path::new(TASK_ROOT) {
            let folder = work_dir.display();
            return whole(format!("it runs in `{folder}`, not in `{TASK_ROOT}`"));
        }
        let command = self.image.command.clone().or(self.command);
        self.recipe.handler = match command.as_deref() {
            Some([handler]) => handler.clone(),
            Some(several) => return whole(format!("`{}` is no handler", several.join(" "))),
            None => return whole("neither `CMD` nor `ImageConfig` names its handler".to_owned()),
        };
        Ok(self.recipe)
    }
}

fn check_entrypoint(words: &[String], text: &str) -> Result<(), String> {
    match words {
        [only] if only == ENTRYPOINT => Ok(()),
        _ => Err(format!("an entry point of its own, `{text}`")),
    }
}

/// The words of a JSON list; nothing where it is another form.
fn exec_form(text: &str) -> Option<Vec<String>> {
    serde_json::from_str(text).ok()
}

/// The runtime of one of AWS's base images.
fn runtime(image: &str) -> Result<String, String> {
    let unknown = || {
        format!("`FROM {image}`: of AWS's own base images, those for Python and Node.js are known")
    };
    let named = REGISTRIES.iter().find_map(|it| image.strip_prefix(it));
    let named = named.ok_or_else(unknown)?;
    let named = named.split('@').next().unwrap_or(named);
    let (language, tag) = named.split_once(':').ok_or_else(unknown)?;
    // `3.13-arm64`, `3.13.2026.11.01.12`.
    let parts: Vec<&str> = tag.split(['.', '-']).collect();
    let is_number = |part: &&&str| part.bytes().all(|it| it.is_ascii_digit()) && !part.is_empty();
    let numbers = parts.iter().take_while(is_number).count();
    match (language, numbers) {
        ("python", 2..) if parts[0] == "3" => Ok(format!("python3.{}", parts[1])),
        ("nodejs", 1..) => Ok(format!("nodejs{}.x", parts[0])),
        ("python" | "nodejs", _) => Err(format!("`FROM {image}`, whose tag names no version")),
        _ => Err(unknown()),
    }
}
