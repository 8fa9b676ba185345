//! Functions in Java: run by the project's own copy of AWS's runtime interface client.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::program::on_path;
use super::{Workshop, assemble, failed};
use crate::up::build_dir::build_dir;
use crate::up::build_error::{BuildError, Subject};
use crate::up::source::BOOTSTRAP;

/// AWS's client: its main class, and what its jar file is called.
const CLIENT_CLASS: &str = "com/amazonaws/services/lambda/runtime/api/client/AWSLambda.class";
const CLIENT_JAR: &str = "aws-lambda-java-runtime-interface-client";

/// Files of projects that have yet to be built.
const PROJECT_FILES: [&str; 3] = ["pom.xml", "build.gradle", "build.gradle.kts"];

/// Has built classes started by `java` and the client among them.
///
/// # Errors
/// They are not built, the client is not among them, or there is no `java`.
pub fn java(
    subject: &Subject,
    built: &Path,
    workshop: Workshop<'_>,
) -> Result<PathBuf, BuildError> {
    let lacks = |what: &str, help: &str| BuildError::Java {
        subject: subject.clone(),
        lacks: what.to_owned(),
        help: help.to_owned(),
    };
    if !has_client(built) {
        if let Some(file) = PROJECT_FILES.iter().find(|it| built.join(it).is_file()) {
            let what = format!("`{}` has not been built", built.join(file).display());
            return Err(lacks(
                &what,
                "build it with the dependency `com.amazonaws:aws-lambda-java-runtime-interface-client`, and let `CodeUri` \
                 name the jar with all dependencies, a zip file with `lib/*.jar`, or a folder of either",
            ));
        }
        return Err(lacks(
            "its code does not bring `aws-lambda-java-runtime-interface-client`, which Lambda's own image has",
            "add the dependency `com.amazonaws:aws-lambda-java-runtime-interface-client` and build again",
        ));
    }
    let Some(java) = on_path("java") else {
        return Err(lacks(
            "`java` is not installed",
            "install a Java runtime, and see that `java` is found on the PATH",
        ));
    };
    let target = build_dir(workshop.data_dir, &subject.name)?;
    if built != target {
        assemble(&target, None, built, workshop)?;
    }
    // A function's process has Lambda's PATH, not ours.
    let script = format!(
        "#!/bin/sh\nexec '{}' -cp \"$LAMBDA_TASK_ROOT:$LAMBDA_TASK_ROOT/lib/*\" {} \"$_HANDLER\"\n",
        java.display(),
        "com.amazonaws.services.lambda.runtime.api.client.AWSLambda"
    );
    let path = target.join(BOOTSTRAP);
    fs::write(&path, script).map_err(failed(&path))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).map_err(failed(&path))?;
    Ok(target)
}

fn has_client(built: &Path) -> bool {
    let jars = fs::read_dir(built.join("lib"))
        .into_iter()
        .flatten()
        .flatten();
    let is_client = |name: &OsStr| {
        name.to_str()
            .is_some_and(|name| name.starts_with(CLIENT_JAR))
    };
    built.join(CLIENT_CLASS).is_file() || jars.into_iter().any(|jar| is_client(&jar.file_name()))
}
