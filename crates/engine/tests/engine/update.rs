//! Operation updates, written as short as they read: `step("s").succeed("42")`.

use model::{
    CallbackOptions, ChainedInvoke, ChainedTarget, ErrorObject, ExecutionId, FunctionName,
    OperationId, OperationType, OperationUpdate, UpdateAction, Version,
};

/// An update in the making. It is named like its id unless [`Update::named`] says otherwise.
#[derive(Debug, Clone)]
pub struct Update(pub OperationUpdate);

pub fn id(text: &str) -> OperationId {
    OperationId::parse(text).expect("a test gives a valid operation id")
}

pub fn error(error_type: &str, message: &str) -> ErrorObject {
    ErrorObject::new(error_type, message)
}

pub fn operation(operation_type: OperationType, text: &str) -> Update {
    Update(OperationUpdate {
        name: Some(text.to_owned()),
        ..OperationUpdate::new(id(text), operation_type, UpdateAction::Start)
    })
}

pub fn step(text: &str) -> Update {
    operation(OperationType::Step, text).sub_type("Step")
}

pub fn context(text: &str) -> Update {
    operation(OperationType::Context, text).sub_type("RunInChildContext")
}

pub fn wait(text: &str, seconds: u32) -> Update {
    let mut update = operation(OperationType::Wait, text).sub_type("Wait");
    update.0.wait_seconds = Some(seconds);
    update
}

pub fn callback(text: &str) -> Update {
    operation(OperationType::Callback, text).sub_type("Callback")
}

/// A chained invoke of a plain function.
pub fn invoke(text: &str) -> Update {
    chained(text, Ok(plain()))
}

/// A chained invoke of a durable function.
pub fn invoke_durable(text: &str) -> Update {
    chained(
        text,
        Ok(ChainedTarget::Durable {
            function: FunctionName::parse("Child").expect("a valid name"),
            version: Version::Published(2),
            execution_id: ExecutionId::parse("child-execution").expect("a valid id"),
        }),
    )
}

/// A chained invoke of a function that does not exist.
pub fn invoke_missing(text: &str) -> Update {
    chained(
        text,
        Err(error(
            "ResourceNotFoundException",
            "Function not found: arn:aws:lambda:us-east-1:000000000000:function:Child:9",
        )),
    )
}

pub fn plain() -> ChainedTarget {
    ChainedTarget::Plain {
        function: FunctionName::parse("Child").expect("a valid name"),
        version: Version::Latest,
    }
}

fn chained(text: &str, target: Result<ChainedTarget, ErrorObject>) -> Update {
    let mut update = operation(OperationType::ChainedInvoke, text).sub_type("ChainedInvoke");
    update.0.chained_invoke = Some(ChainedInvoke {
        function_name: "Child".to_owned(),
        tenant_id: None,
        trace_header: None,
        target,
    });
    update
}

/// The update that ends the execution.
pub fn execution() -> Update {
    operation(OperationType::Execution, "execution-result-1")
}

impl Update {
    pub fn action(mut self, action: UpdateAction) -> Self {
        self.0.action = action;
        self
    }

    pub fn start(self) -> Self {
        self.action(UpdateAction::Start)
    }

    pub fn succeed(self, payload: &str) -> Self {
        self.action(UpdateAction::Succeed).payload(payload)
    }

    pub fn fail(self, message: &str) -> Self {
        self.action(UpdateAction::Fail).error(message)
    }

    /// A failed attempt, to be repeated after so many seconds.
    pub fn retry(self, message: &str, seconds: u32) -> Self {
        self.poll_again(seconds).error(message)
    }

    /// An attempt that polled in vain, to be repeated after so many seconds.
    pub fn poll_again(mut self, seconds: u32) -> Self {
        self.0.next_attempt_delay_seconds = Some(seconds);
        self.action(UpdateAction::Retry)
    }

    pub fn cancel(mut self) -> Self {
        self.0.wait_seconds = None;
        self.action(UpdateAction::Cancel)
    }

    pub fn payload(mut self, payload: &str) -> Self {
        self.0.payload = Some(payload.into());
        self
    }

    pub fn error(mut self, message: &str) -> Self {
        self.0.error = Some(error("Boom", message));
        self
    }

    pub fn under(mut self, parent: &str) -> Self {
        self.0.parent_id = Some(id(parent));
        self
    }

    pub fn named(mut self, name: &str) -> Self {
        self.0.name = Some(name.to_owned());
        self
    }

    /// As SDKs may: a later update without the name and subtype of the first one.
    pub fn bare(mut self) -> Self {
        self.0.name = None;
        self.0.sub_type = None;
        self
    }

    pub fn sub_type(mut self, sub_type: &str) -> Self {
        self.0.sub_type = Some(sub_type.to_owned());
        self
    }

    pub fn replaying_children(mut self) -> Self {
        self.0.replay_children = Some(true);
        self
    }

    pub fn limits(mut self, timeout_seconds: u32, heartbeat_timeout_seconds: u32) -> Self {
        self.0.callback_options = Some(CallbackOptions {
            timeout_seconds: Some(timeout_seconds),
            heartbeat_timeout_seconds: Some(heartbeat_timeout_seconds),
        });
        self
    }
}
