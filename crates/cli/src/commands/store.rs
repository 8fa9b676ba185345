//! `lambdura store`.

use keep::{Counts, LeftOut};
use serde::Serialize;

use crate::args::{CopyArguments, StoreAction, StoreCommandArguments};
use crate::exit::CliError;
use crate::kept::{
    Place, Progress, Reading, WithKeys, Writing, counted, tell_left_out, tell_of_keys, total,
};
use crate::screen::Screen;

/// The report on a copy.
#[derive(Serialize)]
struct Copied<'a> {
    from: String,
    to: String,
    counts: Counts,
    /// Parts that the target cannot hold.
    not_copied: &'a [LeftOut],
    /// Parts that could not be read.
    left_out: &'a [LeftOut],
}

pub async fn run(arguments: StoreCommandArguments, screen: &Screen) -> Result<(), CliError> {
    match arguments.action {
        StoreAction::Copy(it) => copy(it, screen).await,
    }
}

async fn copy(arguments: CopyArguments, screen: &Screen) -> Result<(), CliError> {
    let (from, to) = (Place::parse(&arguments.from), Place::parse(&arguments.to));
    let reading = Reading::at_rest(&from).await?;
    let writing = Writing::open(&to, &from.to_string()).await?;
    let mut sink = writing.sink(WithKeys::Yes).await?;
    let mut progress = Progress::start("copy", total(reading.store.as_ref()).await);
    let read = reading
        .send(&mut sink, |counts| progress.at(counts))
        .await?;
    drop(progress);
    let not_copied = sink.finish().await.map_err(anyhow::Error::new)?;
    if !read.left_out.is_empty() {
        tell_left_out(&read.left_out);
        let missing = read.left_out.len();
        return Err(anyhow::anyhow!(
            "{missing} things cannot be read, so nothing is copied; `lambdura verify` says more"
        )
        .into());
    }
    writing.finish(&not_copied).await?;
    reading.close().await?;
    tell_of_keys(&to, &read.counts);
    if screen.is_json() {
        screen.json(&Copied {
            from: from.to_string(),
            to: to.to_string(),
            counts: read.counts,
            not_copied: &not_copied,
            left_out: &read.left_out,
        })?;
    } else {
        screen.line(format!("{from} → {to}: {}", counted(&read.counts)))?;
    }
    Ok(())
}
