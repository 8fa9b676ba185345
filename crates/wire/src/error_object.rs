//! Error objects.

/// Ours, from the wire.
pub fn error_object(wire: lambda_api::ErrorObject) -> model::ErrorObject {
    model::ErrorObject {
        message: wire.error_message,
        error_type: wire.error_type,
        data: wire.error_data,
        stack_trace: wire.stack_trace,
    }
}

/// The wire's, from ours.
pub fn wire_error(error: &model::ErrorObject) -> lambda_api::ErrorObject {
    lambda_api::ErrorObject {
        error_message: error.message.clone(),
        error_type: error.error_type.clone(),
        error_data: error.data.clone(),
        stack_trace: error.stack_trace.clone(),
    }
}
