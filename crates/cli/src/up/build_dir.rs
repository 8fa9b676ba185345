//! The folder that a function's code is built into.

use std::path::{Path, PathBuf};

use super::build_error::BuildError;

/// `<data dir>/build/<logical id>`. The id becomes a folder's name, so it must be nothing else.
pub fn build_dir(data_dir: &Path, logical_id: &str) -> Result<PathBuf, BuildError> {
    if !is_folder_name(logical_id) {
        return Err(BuildError::LogicalId {
            function: logical_id.to_owned(),
        });
    }
    Ok(data_dir.join("build").join(logical_id))
}

/// Whether an id is nothing but a name when it stands in a path.
pub fn is_folder_name(logical_id: &str) -> bool {
    !logical_id.is_empty() && logical_id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logical_ids_never_leave_the_data_directory() {
        let dir = Path::new("/data");
        assert_eq!(
            build_dir(dir, "Api1").unwrap(),
            Path::new("/data/build/Api1")
        );
        for id in ["", "../x", "a/b", "."] {
            assert!(build_dir(dir, id).is_err(), "{id}");
        }
    }
}
