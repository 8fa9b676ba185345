//! `lambdura verify`.

use std::fs::File;
use std::path::Path;

use access::policy::PolicySet;
use anyhow::{Context as _, anyhow};
use keep::{BackupReader, Beside, Counts, Examine, Finding, Findings, LeftOut, read_backup};
use serde::Serialize;
use server::archive_damage;
use store_sqlite::check_database;
use tokio::task::spawn_blocking;

use crate::args::VerifyArguments;
use crate::exit::CliError;
use crate::kept::{Place, Progress, Reading, STORE_FILE, TABLES_FILE, counted, total};
use crate::neutral::neutral;
use crate::screen::Screen;

/// The report on a check.
#[derive(Serialize)]
struct Verified<'a> {
    of: String,
    counts: Counts,
    problem_count: u64,
    /// The first of them.
    problems: &'a [Finding],
}

pub async fn run(arguments: VerifyArguments, screen: &Screen) -> Result<(), CliError> {
    let (of, counts, findings) = match &arguments.file {
        Some(file) => {
            let (counts, findings) = of_backup(file).await?;
            (format!("backup `{}`", file.display()), counts, findings)
        }
        None => {
            let place = Place::of(&arguments.place)?;
            let (counts, findings) = of_place(&place).await?;
            (place.to_string(), counts, findings)
        }
    };
    let Findings { first, count } = findings;
    if screen.is_json() {
        screen.json(&Verified {
            of,
            counts,
            problem_count: count,
            problems: &first,
        })?;
    } else {
        for Finding { of, problem } in &first {
            screen.line(format!("{}: {}", neutral(of), neutral(problem)))?;
        }
        if count > first.len() as u64 {
            screen.line(format!("and {} more", count - first.len() as u64))?;
        }
        if count == 0 {
            screen.line(format!("{of}: {} are as they should be", counted(&counts)))?;
        }
    }
    match count {
        0 => Ok(()),
        1 => Err(anyhow!("something is wrong").into()),
        more => Err(anyhow!("{more} things are wrong").into()),
    }
}

async fn of_backup(file: &Path) -> Result<(Counts, Findings), CliError> {
    let opened = File::open(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let reader = BackupReader::begin(opened)
        .map_err(|error| anyhow!(error).context(format!("verify `{}`", file.display())))?;
    let mut examine = Examine::default();
    let mut progress = Progress::start("verify", None);
    let read = read_backup(reader, &mut examine, |counts| progress.at(counts)).await;
    let trailer = read
        .map_err(anyhow::Error::new)
        .with_context(|| format!("verify `{}`", file.display()))?;
    note_left_out(&mut examine, trailer.left_out);
    Ok((trailer.counts, examine.finish()))
}

async fn of_place(place: &Place) -> Result<(Counts, Findings), CliError> {
    let scratch = place.folder().unwrap_or(Path::new("."));
    let reading = Reading::in_use(place, scratch).await?;
    let mut examine = Examine::default();
    if let Some(folder) = place.folder() {
        for name in [STORE_FILE, TABLES_FILE] {
            let path = folder.join(name);
            if !path.is_file() {
                continue;
            }
            for found in check_database(&path).map_err(anyhow::Error::new)? {
                examine.note(format!("file `{}`", path.display()), found);
            }
        }
    }
    let mut progress = Progress::start("verify", total(reading.store.as_ref()).await);
    // Without the code, which `code` compares in its own place.
    let store = reading.store.as_ref();
    let beside = Beside {
        code: None,
        keys: Some(reading.keys.as_ref()),
        stacks: Some(reading.stacks.as_ref()),
        audit: Some(reading.audit.as_ref()),
    };
    let read = keep::read_store(store, beside, &mut examine, |counts| progress.at(counts));
    let read = read.await;
    drop(progress);
    let read = read.map_err(anyhow::Error::new)?;
    note_left_out(&mut examine, read.left_out);
    if let Some(database) = &reading.database {
        let found = database.contradictions().await;
        for (id, problem) in found.map_err(anyhow::Error::new)? {
            examine.note(format!("execution `{id}`"), problem);
        }
    }
    policies(&reading, &mut examine).await?;
    code(&reading, &mut examine).await?;
    reading.close().await?;
    Ok((read.counts, examine.finish()))
}

fn note_left_out(examine: &mut Examine, left_out: Vec<LeftOut>) {
    for LeftOut { what, why } in left_out {
        examine.note(what, format!("cannot be read: {why}"));
    }
}

/// Reads the policies of access keys: one that cannot be read lets its key do nothing.
async fn policies(reading: &Reading, examine: &mut Examine) -> Result<(), CliError> {
    let keys = reading.keys.access_keys().await;
    for record in keys.map_err(anyhow::Error::new)? {
        if let Err(error) = PolicySet::parse(&record.policies) {
            let of = format!("access key `{}`", record.name);
            examine.note(of, format!("its policies cannot be read: {error}"));
        }
    }
    Ok(())
}

/// Compares the code of every version with the deployed code, each folder once.
async fn code(reading: &Reading, examine: &mut Examine) -> Result<(), CliError> {
    let versions = reading.store.function_versions().await;
    let mut seen = std::collections::BTreeSet::new();
    for record in versions.map_err(anyhow::Error::new)? {
        if !seen.insert(record.code_dir.clone()) {
            continue;
        }
        let of = format!(
            "code of version {} of function `{}`",
            record.version, record.function
        );
        let damage = match (&reading.folder_code, &reading.code) {
            (Some(folder), _) => folder.damage(&record.code_dir),
            (None, Some(archives)) => match store::code_name(Path::new(&record.code_dir)) {
                Some(name) => match archives.code(name).await.map_err(anyhow::Error::new)? {
                    // It unpacks all of it.
                    Some(archive) => spawn_blocking(move || archive_damage(&archive))
                        .await
                        .map_err(anyhow::Error::new)?,
                    None => Some("it is in no archive".to_owned()),
                },
                None => None,
            },
            (None, None) => store::code_name(Path::new(&record.code_dir))
                .map(|_| "there is no folder of code".to_owned()),
        };
        if let Some(damage) = damage {
            examine.note(of, damage);
        }
    }
    Ok(())
}
