//! Code and layers that lie in a bucket: fetched from the emulator or the account that the arguments name.

use std::fs;
use std::path::{Path, PathBuf};

use server::{Elsewhere, fetch_object};
use stack::{S3Object, Stack};

use super::build_dir::is_folder_name;
use super::progress::Progress;

/// Which objects are fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fetch {
    /// All.
    Anew,
    /// Those that are not here from before.
    Missing,
}

/// Fetches the objects with the code of the stack's functions and layers into `<data dir>/objects`, and lets them point
/// there. A function whose object cannot be fetched is left out, with the reason.
pub async fn fetch(stack: &mut Stack, elsewhere: &Elsewhere, data_dir: &Path, which: Fetch) {
    let region = stack.region.clone();
    let bucket = Bucket {
        elsewhere,
        region: &region,
        folder: &data_dir.join("objects"),
        which,
    };
    for function in &mut stack.functions {
        let Some(object) = &function.code_object else {
            continue;
        };
        match bucket.fetch(&function.logical_id, object).await {
            Ok(path) => function.code_path = path,
            Err(why) => function.cannot_run = Some(format!("its code is {why}")),
        }
    }
    for layer in &mut stack.layers {
        let Some(object) = &layer.object else {
            continue;
        };
        match bucket.fetch(&layer.logical_id, object).await {
            Ok(path) => layer.path = path,
            Err(why) => layer.cannot_use = Some(format!("it is {why}")),
        }
    }
}

struct Bucket<'a> {
    elsewhere: &'a Elsewhere,
    region: &'a str,
    folder: &'a Path,
    which: Fetch,
}

impl Bucket<'_> {
    /// The file that an object was written to, or why there is none.
    async fn fetch(&self, logical_id: &str, object: &S3Object) -> Result<PathBuf, String> {
        if !is_folder_name(logical_id) {
            return Err(format!(
                "the S3 object `{object}`, and `{logical_id}` cannot be a logical id"
            ));
        }
        let path = self.folder.join(format!("{logical_id}.zip"));
        if self.which == Fetch::Missing && path.is_file() {
            return Ok(path);
        }
        let progress = Progress::start(format!("fetching {object}"));
        let fetched = fetch_object(self.elsewhere, self.region, object).await;
        let written = fetched
            .map_err(|error| error.to_string())
            .and_then(|bytes| {
                // Beside the old one: a process that reads it must not find half.
                let partial = path.with_extension(format!("partial-{}", std::process::id()));
                fs::create_dir_all(self.folder)
                    .and_then(|()| fs::write(&partial, &bytes))
                    .and_then(|()| fs::rename(&partial, &path))
                    .map_err(|error| format!("`{}` cannot be written: {error}", path.display()))
            });
        match written {
            Ok(()) => {
                progress.done();
                Ok(path)
            }
            Err(why) => {
                progress.failed();
                Err(format!(
                    "the S3 object `{object}`, which cannot be fetched: {why}"
                ))
            }
        }
    }
}
