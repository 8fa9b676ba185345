//! Functions whose wrapper (`AWS_LAMBDA_EXEC_WRAPPER`) is in a layer that is missing: they start without it, and a message says so.

use std::path::Path;

use stack::{FunctionResource, Stack};

use super::build::Built;

const WRAPPER: &str = "AWS_LAMBDA_EXEC_WRAPPER";

/// Has functions start without a wrapper that only a missing layer could have.
pub fn start_without_wrappers(stack: &mut Stack, built: &Built) {
    for function in &mut stack.functions {
        let Some(artifact) = built.artifacts.get(&function.logical_id) else {
            continue;
        };
        if let Some(wrapper) = missing_wrapper(function, artifact) {
            let layers = function.missing_layers.join("`, `");
            let id = &function.logical_id;
            tracing::warn!(
                "`{id}` starts without its wrapper `{wrapper}` ({WRAPPER}), which is in no layer that is here: `{layers}` is \
                 missing, and `--layer ARN=FOLDER|ZIP` brings it"
            );
            function.environment.remove(WRAPPER);
        }
    }
}

/// The wrapper, if it lies among the layers, is not there, and a layer is missing.
fn missing_wrapper(function: &FunctionResource, artifact: &Path) -> Option<String> {
    let named = function.environment.get(WRAPPER)?;
    let below = Path::new(named).strip_prefix("/opt").ok()?;
    let is_there = artifact.join(server::LAYERS_FOLDER).join(below).exists();
    (!is_there && !function.missing_layers.is_empty()).then(|| named.clone())
}
