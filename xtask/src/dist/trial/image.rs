//! The container image, unpacked as a container engine does it, and run in its root folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

use super::{Identity, Trial};
use crate::process;
use crate::screen;
use crate::workspace::empty_folder;

/// A document's pointer to content.
#[derive(Debug, Deserialize)]
struct Blob {
    digest: String,
    size: u64,
}

#[derive(Debug, Deserialize)]
struct Index {
    manifests: Vec<Blob>,
}

#[derive(Debug, Deserialize)]
struct Manifest {
    config: Blob,
    layers: Vec<Blob>,
}

#[derive(Debug, Deserialize)]
struct Config {
    config: Settings,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Settings {
    user: String,
    env: Vec<String>,
    entrypoint: Vec<String>,
}

impl Trial {
    /// Unpacks the image, and runs the demo in it as the user that it names.
    pub fn image(&self) -> Result<()> {
        screen::step("Trying the container image");
        let archive = self.package(".oci.tar")?;
        let image = self.folder.join("image");
        empty_folder(&image)?;
        let mut tar = Command::new("tar");
        process::run(
            tar.arg("--extract")
                .arg("--file")
                .arg(&archive)
                .arg("--directory")
                .arg(&image),
        )?;
        let index: Index = read(&image.join("index.json"))?;
        let [manifest] = index.manifests.as_slice() else {
            anyhow::bail!("the archive holds {} images", index.manifests.len());
        };
        let manifest: Manifest = read(&content(&image, manifest)?)?;
        let settings = read::<Config>(&content(&image, &manifest.config)?)?.config;
        let root = self.folder.join("image-root");
        empty_folder(&root)?;
        for layer in &manifest.layers {
            let mut tar = Command::new("tar");
            tar.args([
                "--extract",
                "--gzip",
                "--numeric-owner",
                "--preserve-permissions",
            ]);
            tar.arg("--file").arg(content(&image, layer)?);
            process::run(tar.arg("--directory").arg(&root))?;
        }
        fs::remove_dir_all(&image).with_context(|| format!("remove `{}`", image.display()))?;
        // Every engine makes these.
        for made in ["dev", "proc"] {
            let folder = root.join(made);
            fs::create_dir(&folder).with_context(|| format!("create `{}`", folder.display()))?;
        }
        self.bring_pages(&root)?;
        let home = settings.env.iter().find_map(|it| it.strip_prefix("HOME="));
        let identity = Identity {
            user: &settings.user,
            home: home.context("the image has no HOME")?,
        };
        let command: Vec<&str> = settings.entrypoint.iter().map(String::as_str).collect();
        self.refuses_scripts(&root)?;
        // Without simulated work, which takes long and shows nothing about a development build.
        let demo: &[&str] = match self.is_quick {
            true => &["demo", "--pace", "0"],
            false => &["demo"],
        };
        self.demo_as(&root, &identity, &[&command[..], demo].concat())?;
        fs::remove_dir_all(&root).with_context(|| format!("remove `{}`", root.display()))
    }

    /// The program at `/bin/sh` refuses scripts, as it is no shell.
    fn refuses_scripts(&self, root: &Path) -> Result<()> {
        let mut chroot = Command::new("chroot");
        chroot.arg(root).args(["/bin/sh", "-c", "echo shell"]);
        let ended = chroot.output().context("run `chroot`")?;
        let said = String::from_utf8_lossy(&ended.stderr);
        ensure!(
            ended.status.code() == Some(127) && said.contains("there is no shell here"),
            "`/bin/sh` of the image ended with {}: {said}",
            ended.status
        );
        Ok(())
    }
}

/// The file of a blob, with the content that its digest names.
fn content(image: &Path, blob: &Blob) -> Result<PathBuf> {
    let (kind, hash) = blob.digest.split_once(':').context("a digest has a kind")?;
    let file = image.join("blobs").join(kind).join(hash);
    let about = fs::metadata(&file).with_context(|| format!("look at `{}`", file.display()))?;
    ensure!(
        about.len() == blob.size,
        "`{}` has another size",
        file.display()
    );
    let sum = process::output(Command::new("sha256sum").arg(&file))?;
    ensure!(
        sum.split(' ').next() == Some(hash),
        "`{}` is something else",
        file.display()
    );
    Ok(file)
}

fn read<T: for<'de> Deserialize<'de>>(file: &Path) -> Result<T> {
    let text = fs::read(file).with_context(|| format!("read `{}`", file.display()))?;
    let value: Value =
        serde_json::from_slice(&text).with_context(|| format!("read `{}`", file.display()))?;
    serde_json::from_value(value).with_context(|| format!("read `{}`", file.display()))
}
