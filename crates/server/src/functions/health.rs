//! Checks whether the code of a version is as it was deployed, and reports damage.

use std::sync::Arc;

use lambda_api::FunctionConfiguration;
use model::{FunctionName, Version};

use super::code::{Checked, Damage};
use super::{Depth, FunctionVersion, Registry};

impl Registry {
    /// Says in a configuration that the version's code is damaged, if it is.
    pub fn mark_damage(
        &self,
        name: &FunctionName,
        version: &Version,
        configuration: &mut FunctionConfiguration,
    ) {
        let version = self.version(name, version);
        if let Some(reason) = version.and_then(|version| self.damage_of(&version)) {
            configuration.state = Some("Failed".to_owned());
            configuration.state_reason = Some(reason);
            configuration.state_reason_code = Some("InternalError".to_owned());
        }
    }

    /// A description of the damage to a version's code, with the remedy; `None` when the code is sound.
    pub fn damage_of(&self, version: &FunctionVersion) -> Option<String> {
        let damage = self.code.damage(&version.config.code_dir)?;
        Some(version.damage_text(&damage))
    }

    /// Checks a version's code before its first process starts.
    ///
    /// # Errors
    /// When it is damaged.
    pub async fn check_before_use(
        &self,
        version: &Arc<FunctionVersion>,
    ) -> Result<(), Arc<Damage>> {
        let dir = &version.config.code_dir;
        if !self.code.was_checked(dir) {
            self.check_code(version, Depth::Sizes).await;
        }
        self.code.damage(dir).map_or(Ok(()), Err)
    }

    /// Checks a version's code, and logs damaged and mended files. Returns whether anything was
    /// mended.
    pub async fn check_code(&self, version: &Arc<FunctionVersion>, depth: Depth) -> bool {
        let (code, dir) = (Arc::clone(&self.code), version.config.code_dir.clone());
        let before = self.code.damage(&dir);
        let checked = tokio::task::spawn_blocking(move || code.check(&dir, depth)).await;
        let checked = match checked {
            Ok(checked) => checked,
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        };
        let (function, number) = (&version.config.name, &version.version);
        match checked {
            Checked::Mended(files) => {
                tracing::warn!(function, version = %number, files, "the code was damaged and has been repaired");
                true
            }
            Checked::Damaged(damage) => {
                if before.as_ref() != Some(&damage) {
                    tracing::error!("{}", version.damage_text(&damage));
                }
                false
            }
            Checked::Sound | Checked::Unfinished => false,
        }
    }
}
