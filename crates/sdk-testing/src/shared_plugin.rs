//! A plugin that several worlds share.

use std::sync::Arc;

use lambdura::plugin::{
    InvocationEnd, InvocationInfo, OperationChange, OperationEnd, OperationInfo, Plugin,
    UserFunctionEnd, UserFunctionInfo,
};

/// See the module.
#[derive(Clone)]
pub(crate) struct SharedPlugin(Arc<dyn Plugin>);

impl SharedPlugin {
    pub fn new(plugin: impl Plugin) -> Self {
        Self(Arc::new(plugin))
    }
}

impl Plugin for SharedPlugin {
    fn on_invocation_start(&self, invocation: &InvocationInfo<'_>) {
        self.0.on_invocation_start(invocation);
    }

    fn on_invocation_end(&self, end: &InvocationEnd<'_>) {
        self.0.on_invocation_end(end);
    }

    fn on_operation_start(&self, operation: &OperationInfo<'_>) {
        self.0.on_operation_start(operation);
    }

    fn on_operation_end(&self, end: &OperationEnd<'_>) {
        self.0.on_operation_end(end);
    }

    fn on_operation_change(&self, change: &OperationChange<'_>) {
        self.0.on_operation_change(change);
    }

    fn on_user_function_start(&self, function: &UserFunctionInfo<'_>) {
        self.0.on_user_function_start(function);
    }

    fn on_user_function_end(&self, end: &UserFunctionEnd<'_>) {
        self.0.on_user_function_end(end);
    }
}
