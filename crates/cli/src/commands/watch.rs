//! Reports the progress of an execution to a caller that waits: how its invocations fail, and which callbacks it waits
//! for, which can be answered right there at a terminal.

use std::collections::HashSet;
use std::convert::Infallible;
use std::io::{self, BufRead as _, IsTerminal as _};
use std::thread;

use lambda_api::ErrorObject;
use owo_colors::OwoColorize;
use tokio::sync::mpsc;

use super::docs;
use super::wait::POLL_INTERVAL;
use crate::client::{CallbackCompletion, Client, OpenOperation, Standing, StandingQuery};
use crate::duration_text::duration;
use crate::exit::CliError;
use crate::neutral::neutral_line;
use crate::screen::note;
use crate::standing_text::{callback_label, error_text};

/// Failed invocations that are reported one by one; after them, only a different error is.
const FAILURES_SAID: u32 = 3;

/// Which execution is watched.
pub enum Watched<'a> {
    /// The execution with this id, the last part of its ARN.
    Id(&'a str),
    /// One that is being started: of this function, with this name.
    Named {
        /// The function.
        function: &'a str,
        /// Its name.
        name: &'a str,
    },
}

/// Runs `work` to its end and meanwhile reports the execution's progress.
///
/// # Errors
/// Those of `work`. An execution that cannot be watched is no error.
pub async fn beside<T>(
    client: &Client,
    watched: Watched<'_>,
    work: impl Future<Output = Result<T, CliError>>,
) -> Result<T, CliError> {
    let watcher = Watcher {
        client,
        watched,
        failures: 0,
        last_failure: String::new(),
        asked: HashSet::new(),
        answers: Answers::default(),
        lines: None,
    };
    tokio::select! {
        biased;
        done = work => done,
        never = watcher.watch() => match never {},
    }
}

/// Says what to do about the error that an execution ended with, where the service knows.
pub async fn advise(client: &Client, execution_id: &str) {
    let standing = client.standing_of(execution_id).await.ok().flatten();
    let Some(standing) = standing else { return };
    let errors = [standing.invocation_error, standing.error];
    if let Some(advice) = errors.into_iter().flatten().find_map(|it| it.advice) {
        note(neutral_line(&advice));
    }
}

struct Watcher<'a> {
    client: &'a Client,
    watched: Watched<'a>,
    failures: u32,
    last_failure: String,
    /// Callbacks that were named.
    asked: HashSet<String>,
    answers: Answers,
    /// Lines from standard input, if it is a terminal.
    lines: Option<mpsc::Receiver<String>>,
}

impl Watcher<'_> {
    async fn watch(mut self) -> Infallible {
        loop {
            let typed = async {
                match &mut self.lines {
                    Some(lines) => lines.recv().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                line = typed => match line {
                    Some(line) => self.answer(line.trim()).await,
                    None => self.lines = None,
                },
                () = tokio::time::sleep(POLL_INTERVAL) => {
                    if let Some(standing) = self.look().await {
                        self.say_failure(&standing).await;
                        self.say(&standing);
                    }
                }
            }
        }
    }

    async fn look(&self) -> Option<Standing> {
        let standing = match &self.watched {
            Watched::Id(id) => self.client.standing_of(id).await,
            Watched::Named { function, name } => {
                let query = StandingQuery {
                    function: Some((*function).to_owned()),
                    name: Some((*name).to_owned()),
                    limit: 1,
                    ..StandingQuery::default()
                };
                let found = self.client.standing(&query).await;
                found.map(|found| found.and_then(|found| found.into_iter().next()))
            }
        };
        standing.unwrap_or_else(|error| {
            tracing::debug!(%error, "the state of the execution is not known");
            None
        })
    }

    fn say(&mut self, standing: &Standing) {
        let operations = standing.activity.iter().flat_map(|it| &it.operations);
        let callbacks = operations.filter(|it| it.callback_id.is_some());
        self.answers.name = neutral_line(&standing.name).into_owned();
        self.answers.open = callbacks.cloned().collect();
        let prompted = match io::stdin().is_terminal() && io::stderr().is_terminal() {
            true => {
                if !self.answers.open.is_empty() {
                    self.lines.get_or_insert_with(typed_lines);
                }
                self.answers.prompt()
            }
            false => None,
        };
        for callback in &self.answers.open {
            let is_prompted = prompted.as_ref() == Some(&callback.operation_id);
            if !self.asked.insert(callback.operation_id.clone()) && !is_prompted {
                continue;
            }
            note(format!("waits for callback {}", label(callback)).yellow());
            let how = match is_prompted {
                true => "to answer, type a result as JSON and Enter, or `fail` and the reason"
                    .to_owned(),
                false => self.answers.command(callback),
            };
            note(format!("  {how}").dimmed());
        }
    }

    async fn say_failure(&mut self, standing: &Standing) {
        let Some(error) = &standing.invocation_error else {
            return;
        };
        let count = standing.failed_invocations;
        let text = error_text(error);
        let is_other = text != self.last_failure;
        let is_next = count > self.failures && count <= FAILURES_SAID;
        self.failures = count;
        if !is_other && !is_next {
            return;
        }
        let again = match &standing.next_wake_up {
            Some(next) => Some(next.at - self.client.now_ms().await),
            None => None,
        };
        let again = match again {
            Some(rest) if rest > 0 => format!("; the next in {}", duration(rest)),
            Some(_) | None => String::new(),
        };
        note(format!("attempt {count} failed: {text}{again}").yellow());
        if is_other {
            if let Some(advice) = &error.advice {
                note(format!("  {}", neutral_line(advice)));
            }
            let name = neutral_line(&standing.name);
            let page = error.error_type.as_deref().and_then(docs::error_page);
            let page = page.map_or_else(String::new, |page| format!("    lambdura docs {page}"));
            note(format!("  lambdura logs {name}{page}    Ctrl-C leaves it running").dimmed());
        }
        self.last_failure = text;
    }

    async fn answer(&mut self, line: &str) {
        if line.is_empty() {
            return;
        }
        let Some((id, label)) = self.answers.meant() else {
            self.answers.refuse();
            return;
        };
        let Some(completion) = completion(line) else {
            note("that is not JSON: a text needs quotes, for example \"yes\"".yellow());
            return;
        };
        // The next callback, this one or another, is asked for again.
        self.answers.prompted = None;
        match self.client.complete_callback(&id, completion).await {
            Ok(()) => note(format!("{} answered {label}", "✓".green())),
            Err(error) => note(neutral_line(&error.to_string()).yellow()),
        }
    }
}

/// Finds the callback that a typed line answers. A line takes a while to type, and callbacks come and go meanwhile: it
/// answers only the callback that was asked for, and only while no other is open.
#[derive(Debug, Default)]
struct Answers {
    /// The execution's name.
    name: String,
    /// The callbacks that are open.
    open: Vec<OpenOperation>,
    /// The callback whose answer was asked for; kept until a line has come, even if the callback is no longer open.
    prompted: Option<OpenOperation>,
}

impl Answers {
    /// The operation to ask for, if that is to be done now.
    fn prompt(&mut self) -> Option<String> {
        match (&self.prompted, self.open.as_slice()) {
            (None, [only]) => {
                self.prompted = Some(only.clone());
                Some(only.operation_id.clone())
            }
            _ => None,
        }
    }

    /// Id and label of the callback that a line typed now would answer.
    fn meant(&self) -> Option<(String, String)> {
        match (&self.prompted, self.open.as_slice()) {
            (Some(prompted), [only]) if prompted.operation_id == only.operation_id => {
                Some((only.callback_id.clone()?, label(only)))
            }
            _ => None,
        }
    }

    /// Says why a line answers nothing, and which commands do.
    fn refuse(&mut self) {
        let gone = self.prompted.take().filter(|prompted| {
            let mut open = self.open.iter();
            !open.any(|it| it.operation_id == prompted.operation_id)
        });
        match gone {
            Some(gone) => {
                let label = label(&gone);
                note(format!("callback {label} is no longer open: no answer was sent").yellow());
            }
            None if self.open.is_empty() => note("nothing waits for an answer".dimmed()),
            None => note("no answer was sent: say which callback you mean".yellow()),
        }
        for callback in &self.open {
            note(format!("  {}", self.command(callback)).dimmed());
        }
    }

    /// The command that answers this callback, also while others wait.
    fn command(&self, callback: &OpenOperation) -> String {
        let (name, label) = (&self.name, label(callback));
        format!("lambdura callback succeed '{name}/{label}' --result JSON")
    }
}

/// A callback's name for people.
fn label(callback: &OpenOperation) -> String {
    let label = callback_label(callback.name.as_deref(), &callback.operation_id);
    neutral_line(label).into_owned()
}

/// The answer in a typed line; none if the line is no answer.
fn completion(line: &str) -> Option<CallbackCompletion> {
    let why = line.strip_prefix("fail");
    if let Some(why) = why.filter(|why| why.is_empty() || why.starts_with(char::is_whitespace)) {
        return Some(CallbackCompletion::Fail(ErrorObject {
            error_message: Some(why.trim().to_owned()),
            ..ErrorObject::default()
        }));
    }
    let parsed = serde_json::from_str::<serde::de::IgnoredAny>(line);
    let is_json = parsed.is_ok();
    is_json.then(|| CallbackCompletion::Succeed(Some(line.as_bytes().to_vec())))
}

/// Lines from standard input. The thread blocks in a read, and ends with the process.
fn typed_lines() -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel(1);
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn callbacks(ids: &[&str]) -> Vec<OpenOperation> {
        let callback = |id: &&str| OpenOperation {
            operation_id: (*id).to_owned(),
            name: Some(format!("{id} create callback id")),
            operation_type: "CALLBACK".to_owned(),
            status: "STARTED".to_owned(),
            due_at: None,
            callback_id: Some(format!("callback-{id}")),
            function: None,
        };
        ids.iter().map(callback).collect()
    }

    fn meant(answers: &Answers) -> Option<String> {
        answers.meant().map(|(_, label)| label)
    }

    #[test]
    fn a_line_answers_what_was_asked_for_and_nothing_that_came_meanwhile() {
        let mut answers = Answers {
            open: callbacks(&["first"]),
            ..Answers::default()
        };
        assert_eq!(meant(&answers), None, "nothing was asked for");
        assert_eq!(answers.prompt().as_deref(), Some("first"));
        assert_eq!(answers.prompt(), None, "once");
        let (id, label) = answers.meant().expect("it was asked for");
        assert_eq!((id.as_str(), label.as_str()), ("callback-first", "first"));

        // Another comes while a person types, and then the first one goes.
        answers.open = callbacks(&["second", "first"]);
        assert_eq!(meant(&answers), None);
        answers.open = callbacks(&["second"]);
        assert_eq!(
            answers.prompt(),
            None,
            "the line for the first may come yet"
        );
        assert_eq!(meant(&answers), None);
        answers.refuse();
        assert_eq!(answers.prompt().as_deref(), Some("second"));
        assert_eq!(meant(&answers).as_deref(), Some("second"));
    }

    #[test]
    fn only_the_word_fail_makes_it_a_failure() {
        let failed = |line| match completion(line) {
            Some(CallbackCompletion::Fail(error)) => error.error_message,
            _ => None,
        };
        assert_eq!(failed("fail").as_deref(), Some(""));
        assert_eq!(failed("fail no budget").as_deref(), Some("no budget"));
        assert!(completion("failed: no budget").is_none());
        assert!(matches!(
            completion("\"failed\""),
            Some(CallbackCompletion::Succeed(Some(result))) if result == b"\"failed\""
        ));
    }
}
