//! The extensions of one process: their registrations, their waiting calls, and their events.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::process::ExitStatus;
use std::task::Poll;

use tokio::process::Child;

use crate::runtime_api::{
    EXTENSIONS_MAX, ExtensionAnswer, ExtensionEvent, ExtensionRefusal, LifecycleEvents,
};
use crate::unix::ProcessGroup;

/// The program of an extension that was just started and is not registered yet. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct LaunchedExtension {
    /// Declared before the child, as in [`Launched`](super::launcher::Launched).
    pub(crate) group: ProcessGroup,
    pub(crate) child: Child,
    pub(crate) pid: u32,
    /// The file's name, by which it registers.
    pub(crate) name: String,
}

/// All extensions of one process.
#[derive(Debug)]
pub(super) struct Extensions(Vec<Extension>);

#[derive(Debug)]
struct Extension {
    name: String,
    /// `None` for an extension within the runtime's own process.
    program: Option<Program>,
    /// Known since its registration.
    identifier: Option<String>,
    events: LifecycleEvents,
    /// Its call of `next` that waits for an event.
    waiting: Option<ExtensionAnswer<ExtensionEvent>>,
    /// The event that it gets with its next call.
    pending: Option<ExtensionEvent>,
    /// Whether it has called `next`, which means that it is ready.
    is_ready: bool,
}

#[derive(Debug)]
struct Program {
    group: ProcessGroup,
    child: Child,
    has_ended: bool,
}

/// The description of an extension for the log.
#[derive(Debug)]
pub(super) struct Introduction {
    pub(super) name: String,
    pub(super) state: &'static str,
    pub(super) events: Vec<&'static str>,
}

impl Extensions {
    pub(super) fn new(launched: Vec<LaunchedExtension>) -> Extensions {
        let extensions = launched.into_iter().map(|launched| Extension {
            name: launched.name,
            program: Some(Program {
                group: launched.group,
                child: launched.child,
                has_ended: false,
            }),
            identifier: None,
            events: LifecycleEvents::default(),
            waiting: None,
            pending: None,
            is_ready: false,
        });
        Extensions(extensions.collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all extensions wait for an event, and so have finished their work.
    pub(super) fn all_wait(&self) -> bool {
        let waits = |it: &Extension| it.waiting.as_ref().is_some_and(|call| !call.is_closed());
        self.0.iter().all(waits)
    }

    /// Returns the descriptions of extensions that do not wait for an event.
    pub(super) fn late(&self) -> Vec<Introduction> {
        let late = self.0.iter().filter(|it| it.waiting.is_none());
        late.map(Extension::introduction).collect()
    }

    /// Registers an extension, and returns the identifier for its calls.
    pub(super) fn register(
        &mut self,
        name: &str,
        events: LifecycleEvents,
        is_initializing: bool,
    ) -> Result<String, ExtensionRefusal> {
        if !is_initializing {
            return Err(ExtensionRefusal::RegistrationClosed);
        }
        let known = self.0.iter().position(|it| it.name == name);
        let index = match known {
            Some(index) if self.0[index].identifier.is_some() => {
                return Err(ExtensionRefusal::AlreadyRegistered);
            }
            Some(index) => index,
            None if events.shutdown => return Err(ExtensionRefusal::InternalShutdown),
            None if self.0.len() >= EXTENSIONS_MAX => return Err(ExtensionRefusal::TooMany),
            None => {
                self.0.push(Extension {
                    name: name.to_owned(),
                    program: None,
                    identifier: None,
                    events,
                    waiting: None,
                    pending: None,
                    is_ready: false,
                });
                self.0.len() - 1
            }
        };
        let identifier = random_uuid();
        let extension = &mut self.0[index];
        extension.identifier = Some(identifier.clone());
        extension.events = events;
        Ok(identifier)
    }

    /// Handles a call of `next`; returns the extension's description if it is its first. The call is answered at once
    /// when it is refused or an event waits for it.
    pub(super) fn next(
        &mut self,
        identifier: &str,
        answer: ExtensionAnswer<ExtensionEvent>,
    ) -> Option<Introduction> {
        let Some(extension) = self.by_identifier(identifier) else {
            // A caller that hung up does not need to know.
            let _ = answer.send(Err(ExtensionRefusal::UnknownIdentifier));
            return None;
        };
        // The newest call counts; the previous one has lost its connection.
        extension.waiting = Some(answer);
        if let Some(event) = extension.pending.take() {
            extension.tell(event);
        }
        let is_first = !extension.is_ready;
        extension.is_ready = true;
        is_first.then(|| extension.introduction())
    }

    /// Returns the description of the extension with this identifier.
    pub(super) fn introduce(&self, identifier: &str) -> Option<Introduction> {
        let known = |it: &&Extension| it.identifier.as_deref() == Some(identifier);
        self.0.iter().find(known).map(Extension::introduction)
    }

    /// Sends an invocation to the extensions that registered for it.
    pub(super) fn invoke(&mut self, document: &serde_json::Value) {
        for extension in self.0.iter_mut().filter(|it| it.events.invoke) {
            extension.tell(event(document));
        }
    }

    /// Sends the shutdown to the extensions that registered for it, and ends the others.
    pub(super) fn shut_down(&mut self, document: &serde_json::Value) {
        for extension in &mut self.0 {
            if extension.events.shutdown {
                extension.tell(event(document));
            } else if let Some(program) = &mut extension.program {
                program.group.kill();
            }
        }
    }

    /// Kills the extensions that still run.
    pub(super) fn kill(&mut self) {
        for program in self.programs() {
            program.group.kill();
        }
    }

    /// Whether the program of any extension still runs.
    pub(super) fn any_runs(&mut self) -> bool {
        self.programs().next().is_some()
    }

    /// Waits for the program of an extension to end; for ever if there is none. Cancellation safe.
    pub(super) async fn ended(&mut self) -> (Introduction, io::Result<ExitStatus>) {
        let (index, status) = poll_fn(|cx| {
            for (index, extension) in self.0.iter_mut().enumerate() {
                let Some(program) = &mut extension.program else {
                    continue;
                };
                // Each poll creates a new wait: the child itself keeps the waker.
                if !program.has_ended
                    && let Poll::Ready(status) = pin!(program.child.wait()).poll(cx)
                {
                    return Poll::Ready((index, status));
                }
            }
            Poll::Pending
        })
        .await;
        let extension = &mut self.0[index];
        if let Some(program) = &mut extension.program {
            program.has_ended = true;
            // Its descendants may still run.
            program.group.kill_remaining();
        }
        (extension.introduction(), status)
    }

    fn programs(&mut self) -> impl Iterator<Item = &mut Program> {
        let programs = self.0.iter_mut().filter_map(|it| it.program.as_mut());
        programs.filter(|program| !program.has_ended)
    }

    fn by_identifier(&mut self, identifier: &str) -> Option<&mut Extension> {
        let mut all = self.0.iter_mut();
        all.find(|it| it.identifier.as_deref() == Some(identifier))
    }
}

impl Extension {
    /// Sends it an event now, or with its next call.
    fn tell(&mut self, event: ExtensionEvent) {
        self.pending = match self.waiting.take() {
            Some(waiting) => match waiting.send(Ok(event)) {
                Err(Ok(event)) => Some(event),
                Ok(()) | Err(Err(_)) => None,
            },
            None => Some(event),
        };
    }

    fn introduction(&self) -> Introduction {
        let events = [
            self.events.invoke.then_some("INVOKE"),
            self.events.shutdown.then_some("SHUTDOWN"),
        ];
        Introduction {
            name: self.name.clone(),
            state: match (&self.identifier, self.is_ready) {
                (None, _) => "Started",
                (Some(_), false) => "Registered",
                (Some(_), true) => "Ready",
            },
            events: events.into_iter().flatten().collect(),
        }
    }
}

fn event(document: &serde_json::Value) -> ExtensionEvent {
    ExtensionEvent {
        identifier: random_uuid(),
        document: document.to_string().into(),
    }
}

fn random_uuid() -> String {
    let digits = format!("{:032x}", fastrand::u128(..));
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32];
    parts.map(|part| &digits[part]).join("-")
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    const ALL: LifecycleEvents = LifecycleEvents {
        invoke: true,
        shutdown: true,
    };

    #[test]
    fn internal_extensions_register_once_during_initialization() {
        let mut extensions = Extensions::new(Vec::new());
        let invoke = LifecycleEvents {
            invoke: true,
            shutdown: false,
        };
        let refused = extensions.register("a", invoke, false);
        assert_eq!(refused, Err(ExtensionRefusal::RegistrationClosed));
        let refused = extensions.register("a", ALL, true);
        assert_eq!(refused, Err(ExtensionRefusal::InternalShutdown));
        assert!(extensions.all_wait());
        let identifier = extensions.register("a", invoke, true).expect("it is new");
        assert!(!extensions.all_wait());
        let refused = extensions.register("a", invoke, true);
        assert_eq!(refused, Err(ExtensionRefusal::AlreadyRegistered));

        let (answer, mut event) = oneshot::channel();
        assert!(extensions.next(&identifier, answer).is_some());
        assert!(extensions.all_wait());
        extensions.invoke(&serde_json::json!({ "eventType": "INVOKE" }));
        let first = event.try_recv().expect("it was told").expect("not refused");
        assert_eq!(first.document, r#"{"eventType":"INVOKE"}"#);
        assert!(!extensions.all_wait());
    }

    /// For instance for an extension that lost its connection while an event was on its way.
    #[test]
    fn an_event_waits_for_the_extension() {
        let mut extensions = Extensions::new(Vec::new());
        let invoke = LifecycleEvents {
            invoke: true,
            shutdown: false,
        };
        let identifier = extensions.register("a", invoke, true).expect("it is new");
        let (answer, hung_up) = oneshot::channel();
        extensions.next(&identifier, answer);
        drop(hung_up);
        assert!(!extensions.all_wait());
        extensions.invoke(&serde_json::json!(1));
        let (answer, mut event) = oneshot::channel();
        assert!(extensions.next(&identifier, answer).is_none());
        assert_eq!(
            event
                .try_recv()
                .expect("told")
                .expect("not refused")
                .document,
            "1"
        );
    }
}
