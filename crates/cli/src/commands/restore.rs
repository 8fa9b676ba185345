//! `lambdura restore`.

use std::fs::File;

use anyhow::{Context as _, anyhow};
use keep::{BackupReader, Counts, LeftOut, read_backup};
use serde::Serialize;

use crate::args::RestoreArguments;
use crate::exit::CliError;
use crate::kept::{Place, Progress, WithKeys, Writing, counted, tell_left_out, tell_of_keys};
use crate::screen::Screen;

/// The report on a restore.
#[derive(Serialize)]
struct Restored<'a> {
    place: String,
    counts: Counts,
    /// Parts of the backup that this place cannot hold.
    not_restored: &'a [LeftOut],
    /// Parts that the backup does not have.
    left_out: &'a [LeftOut],
}

pub async fn run(arguments: RestoreArguments, screen: &Screen) -> Result<(), CliError> {
    let place = Place::of(&arguments.place)?;
    let file = &arguments.file;
    let opened = File::open(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let reader = BackupReader::begin(opened)
        .map_err(|error| anyhow!(error).context(format!("restore `{}`", file.display())))?;
    let writing = Writing::open(&place, &format!("`{}`", file.display())).await?;
    let with_keys = match arguments.without_access_keys {
        true => WithKeys::No,
        false => WithKeys::Yes,
    };
    let mut sink = writing.sink(with_keys).await?;
    let mut progress = Progress::start("restore", None);
    let read = read_backup(reader, &mut sink, |counts| progress.at(counts)).await;
    drop(progress);
    let trailer = read
        .map_err(anyhow::Error::new)
        .with_context(|| format!("restore `{}`", file.display()))?;
    let not_restored = sink.finish().await.map_err(anyhow::Error::new)?;
    writing.finish(&not_restored).await?;
    if screen.is_json() {
        screen.json(&Restored {
            place: place.to_string(),
            counts: trailer.counts,
            not_restored: &not_restored,
            left_out: &trailer.left_out,
        })?;
    } else {
        screen.line(format!("{place}: {}", counted(&trailer.counts)))?;
    }
    tell_left_out(&trailer.left_out);
    if with_keys == WithKeys::Yes {
        tell_of_keys(&place, &trailer.counts);
    }
    Ok(())
}
