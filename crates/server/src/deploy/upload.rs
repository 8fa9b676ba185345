//! Uploaded code that no version uses yet: it is kept for an hour.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use model::Timestamp;
use sha2::{Digest as _, Sha256};
use stdx::error_chain;
use tokio::task::spawn_blocking;
use wire::ApiError;

use super::stacks::StackService;
use crate::functions::{Depth, FrozenCode, UnpackError};
use lambda_api::ErrorCode;

/// How long uploaded code is kept for a deployment.
const KEPT: Duration = Duration::from_secs(3600);

/// Folders that are kept, at most: more than a template has functions.
const KEPT_MAX: usize = 2_000;

/// Uploaded code that is kept, see the module.
#[derive(Debug, Default)]
pub(super) struct Uploads(Mutex<Vec<(Timestamp, FrozenCode)>>);

impl Uploads {
    /// Keeps code from being removed.
    pub fn keep(&self, code: FrozenCode, now: Timestamp) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(until, known)| *until > now && known.dir != code.dir);
        if kept.len() >= KEPT_MAX {
            kept.remove(0);
        }
        kept.push((now + KEPT, code));
    }
}

impl StackService {
    /// Unpacks an archive of code, which must have this hash.
    ///
    /// # Errors
    /// When the hash differs, or the archive may not be unpacked.
    pub async fn upload(&self, sha256: &str, archive: Bytes) -> Result<(), ApiError> {
        let registry = &self.ground.app.registry;
        let (code, named) = (Arc::clone(&registry.code), sha256.to_owned());
        // Hashing and unpacking hundreds of megabytes takes long.
        let unpacked = spawn_blocking(move || {
            let found = format!("{:x}", Sha256::digest(&archive));
            if found != named {
                return Err(ApiError::invalid_parameter(format!(
                    "The archive's SHA-256 is {found}, and the path says {named}: it was changed on its way."
                )));
            }
            let unpacked = code.unpack_deployed(&archive);
            if let Ok(frozen) = &unpacked {
                // Unpacking has repaired damaged code: record that it is no longer damaged.
                code.check(&frozen.dir, Depth::Contents);
            }
            Ok(unpacked)
        });
        let unpacked = match unpacked.await {
            Ok(unpacked) => unpacked?,
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        };
        let code = unpacked.map_err(|error| match error {
            error @ UnpackError::Io { .. } => {
                tracing::error!(error = error_chain(&error), "failed to unpack an archive");
                let message = "The archive could not be unpacked here. See the server's log.";
                ApiError::new(ErrorCode::Service, message)
            }
            refused => ApiError::invalid_parameter(refused.to_string()),
        })?;
        registry.share_code_anew(&code.dir).await?;
        self.uploads.keep(code, self.now());
        Ok(())
    }
}
