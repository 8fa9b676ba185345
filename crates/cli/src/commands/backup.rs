//! `lambdura backup`.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context as _, anyhow};
use keep::{BackupReader, BackupWriter, Counts, Examine, Header, LeftOut, read_backup};
use model::Timestamp;
use serde::Serialize;

use crate::args::BackupArguments;
use crate::exit::CliError;
use crate::kept::{Place, Progress, Reading, counted, tell_left_out, total};
use crate::screen::{Screen, note};

/// The report on a backup.
#[derive(Serialize)]
struct Made<'a> {
    file: &'a Path,
    bytes: u64,
    counts: Counts,
    left_out: &'a [LeftOut],
    /// Problems that a check found in the data of the backup.
    problem_count: u64,
}

pub async fn run(arguments: BackupArguments, screen: &Screen) -> Result<(), CliError> {
    let place = Place::of(&arguments.place)?;
    let file = &arguments.file;
    if file.exists() {
        return Err(CliError::usage(
            format!("`{}` exists", file.display()),
            "name a new file: backups are never overwritten",
        ));
    }
    let folder = match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        Some(_) | None => Path::new("."),
    };
    let partial = Partial::beside(file);
    let left_out = write(&place, folder, &partial).await?;
    let (counts, bytes, problem_count) = read_back(&partial, &left_out).await?;
    partial.becomes(file, folder)?;
    if screen.is_json() {
        screen.json(&Made {
            file,
            bytes,
            counts,
            left_out: &left_out,
            problem_count,
        })?;
    } else {
        let (file, counted) = (file.display(), counted(&counts));
        screen.line(format!("`{file}`: {counted}; {bytes} bytes, read back"))?;
    }
    if problem_count > 0 {
        note(format!(
            "{problem_count} things are wrong with what is in it, as it was there; `lambdura verify` lists them"
        ));
    }
    tell_left_out(&left_out);
    match left_out.len() {
        0 => Ok(()),
        missing => Err(anyhow!("{missing} things could not be read and are not in it").into()),
    }
}

async fn write(place: &Place, folder: &Path, partial: &Partial) -> Result<Vec<LeftOut>, CliError> {
    let reading = Reading::in_use(place, folder).await?;
    let header = Header {
        format: 0,
        made_at: Timestamp::from(SystemTime::now()),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        of: place.to_string(),
    };
    let out = BufWriter::new(partial.create()?);
    let mut writer = BackupWriter::begin(out, header).context("write the backup")?;
    let mut progress = Progress::start("back up", total(reading.store.as_ref()).await);
    let read = reading
        .send(&mut writer, |counts| progress.at(counts))
        .await?;
    drop(progress);
    reading.close().await?;
    let finished = writer.finish(read.left_out.clone());
    let mut out = finished.context("write the backup")?;
    out.flush().context("write the backup")?;
    let synced = out.get_ref().sync_all();
    synced.context("write the backup")?;
    Ok(read.left_out)
}

/// Reads the backup from its beginning to its end, as a restore would.
async fn read_back(
    partial: &Partial,
    left_out: &[LeftOut],
) -> Result<(Counts, u64, u64), CliError> {
    let file = File::open(&partial.path).context("read the backup back")?;
    let bytes = file.metadata().context("read the backup back")?.len();
    let reader = BackupReader::begin(file).map_err(anyhow::Error::new)?;
    let mut examine = Examine::default();
    let mut progress = Progress::start("read back", None);
    let read = read_backup(reader, &mut examine, |counts| progress.at(counts)).await;
    let trailer = read
        .map_err(anyhow::Error::new)
        .context("read the backup back")?;
    if trailer.left_out != left_out {
        return Err(anyhow!("the backup does not say what was read into it").into());
    }
    Ok((trailer.counts, bytes, examine.finish().count))
}

/// The unfinished file, which is removed unless it is finished.
struct Partial {
    path: PathBuf,
}

impl Partial {
    fn beside(file: &Path) -> Self {
        let mut path = file.as_os_str().to_owned();
        path.push(".partial");
        Self { path: path.into() }
    }

    fn create(&self) -> Result<File, CliError> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let opened = options.open(&self.path);
        Ok(opened.with_context(|| format!("cannot write `{}`", self.path.display()))?)
    }

    fn becomes(self, file: &Path, folder: &Path) -> Result<(), CliError> {
        fs::rename(&self.path, file)
            .and_then(|()| File::open(folder)?.sync_all())
            .with_context(|| format!("cannot write `{}`", file.display()))?;
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // It fails if the file has its final name by now, or was never made.
        let _ = fs::remove_file(&self.path);
    }
}
