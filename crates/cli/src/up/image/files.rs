//! Puts the files that a Dockerfile copies where they belong, if they are code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use stack::ImageBuild;

use super::command::Requirement;
use super::context::Context;
use super::error::{ImageError, TASK_ROOT};
use super::recipe::{Copy, Recipe};

const REQUIREMENTS: &str = "requirements.txt";

/// A function's folder in the making.
pub struct Files<'a> {
    context: Context,
    /// The folder that stands for `/var/task`.
    folder: &'a Path,
    /// Files that were copied to elsewhere, with their lines: only packages are installed by them.
    aside: BTreeMap<PathBuf, (usize, PathBuf)>,
}

impl<'a> Files<'a> {
    /// Begins with an empty folder.
    ///
    /// # Errors
    /// The context is not there, or a file cannot be written.
    pub fn new(image: &ImageBuild, folder: &'a Path, data_dir: &Path) -> Result<Self, ImageError> {
        let what = format!("its context `{}` cannot be read", image.context.display());
        let context = Context::open(&image.context, &image.dockerfile, data_dir);
        let context = context.map_err(ImageError::file(what))?;
        if folder.symlink_metadata().is_ok() {
            fs::remove_dir_all(folder).map_err(written(folder))?;
        }
        fs::create_dir_all(folder).map_err(written(folder))?;
        Ok(Self {
            context,
            folder,
            aside: BTreeMap::new(),
        })
    }

    /// Copies, and writes down which packages are to be installed.
    ///
    /// # Errors
    /// A line copies a file that is not there, or copies to a place that does not exist here.
    pub fn put(mut self, recipe: &Recipe) -> Result<(), ImageError> {
        let folders: BTreeSet<&Path> = recipe.folders.iter().map(PathBuf::as_path).collect();
        for copy in &recipe.copies {
            self.copy(copy, folders.contains(copy.target.as_path()))?;
        }
        self.require(recipe)?;
        if let Some((target, (line, _))) = self.aside.iter().next() {
            return Err(elsewhere(*line, target));
        }
        if let Some(line) = recipe.npm_at
            && !self.folder.join("package.json").is_file()
        {
            let why = format!("packages of a `package.json` that is not copied to `{TASK_ROOT}`");
            return Err(ImageError::line(line, why));
        }
        Ok(())
    }

    fn copy(&mut self, copy: &Copy, is_there: bool) -> Result<(), ImageError> {
        for pattern in &copy.sources {
            let found = self.context.find(pattern);
            let found = found.map_err(ImageError::file(format!("`{pattern}` cannot be read")))?;
            if found.is_empty() {
                let why = format!("`{pattern}` is not among the files that it may copy");
                return Err(ImageError::line(copy.line, why));
            }
            let into_folder = copy.is_folder || is_there || found.len() > 1;
            for source in found {
                self.copy_one(copy, &source, into_folder)?;
            }
        }
        Ok(())
    }

    fn copy_one(
        &mut self,
        copy: &Copy,
        source: &Path,
        into_folder: bool,
    ) -> Result<(), ImageError> {
        let below = copy.target.strip_prefix(TASK_ROOT).ok();
        let inside = below.map(|below| self.folder.join(below));
        if source.is_dir() {
            let Some(target) = inside else {
                return Err(elsewhere(copy.line, &copy.target));
            };
            let copied = self.context.copy_folder(source, &target);
            return copied.map_err(written(&target));
        }
        let is_folder = into_folder || inside.as_deref().is_some_and(Path::is_dir);
        let name = source.file_name().filter(|_| is_folder);
        let named = |folder: PathBuf| match name {
            Some(name) => folder.join(name),
            None => folder,
        };
        let Some(target) = inside.map(named) else {
            let target = named(copy.target.clone());
            self.aside.insert(target, (copy.line, source.to_owned()));
            return Ok(());
        };
        let parent = target.parent().unwrap_or(self.folder);
        fs::create_dir_all(parent)
            .and_then(|()| fs::copy(source, &target))
            .map_err(written(&target))?;
        Ok(())
    }

    /// Makes the folder's `requirements.txt` name what pip installs.
    fn require(&mut self, recipe: &Recipe) -> Result<(), ImageError> {
        let own = Path::new(TASK_ROOT).join(REQUIREMENTS);
        let mut lines = String::new();
        let mut is_own_alone = true;
        for (line, wanted) in &recipe.requirements {
            match wanted {
                Requirement::Package(package) => {
                    is_own_alone = false;
                    lines.push_str(package);
                    lines.push('\n');
                }
                Requirement::File(path) => {
                    let path = Path::new(path);
                    let text = self.read(*line, path)?;
                    is_own_alone &= path == own;
                    // They are relative to their file, which others may not be beside.
                    let is_relative = |it: &&str| it.starts_with("-") || it.starts_with(['.', '/']);
                    if path != own
                        && let Some(entry) = text.lines().map(str::trim).find(is_relative)
                    {
                        let path = path.display();
                        let why = format!("`{entry}` in `{path}`, which is not beside the code");
                        return Err(ImageError::line(*line, why));
                    }
                    lines.push_str(&text);
                    lines.push('\n');
                }
            }
        }
        if !is_own_alone {
            let file = self.folder.join(REQUIREMENTS);
            fs::write(&file, lines).map_err(written(&file))?;
        }
        Ok(())
    }

    /// A file in the image.
    fn read(&mut self, line: usize, path: &Path) -> Result<String, ImageError> {
        let file = match path.strip_prefix(TASK_ROOT) {
            Ok(below) => Some(self.folder.join(below)),
            Err(_) => self.aside.remove(path).map(|(_, source)| source),
        };
        let Some(file) = file.filter(|file| file.is_file()) else {
            let why = format!("packages of `{}`, which no line copies", path.display());
            return Err(ImageError::line(line, why));
        };
        let what = format!("`{}` cannot be read", file.display());
        fs::read_to_string(&file).map_err(ImageError::file(what))
    }
}

fn elsewhere(line: usize, target: &Path) -> ImageError {
    let target = target.display();
    let why = format!("a copy to `{target}`, and only `{TASK_ROOT}` is a folder here");
    ImageError::line(line, why)
}

fn written(path: &Path) -> impl FnOnce(std::io::Error) -> ImageError {
    ImageError::file(format!("`{}` cannot be written", path.display()))
}
