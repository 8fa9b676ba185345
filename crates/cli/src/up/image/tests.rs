//! Dockerfiles in, functions or lines out.

use std::fs;
use std::path::Path;

use stack::{FunctionResource, LoadOptions, Stack};

use super::place;

const BASE: &str = "FROM public.ecr.aws/lambda/python:3.13\n";

/// Files of a context, written.
fn context(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

fn placed(dir: &Path, function: &str) -> Stack {
    let template = format!(
        "Transform: AWS::Serverless-2016-10-31\nResources:\n  Image:\n    Type: AWS::Serverless::Function\n    \
         Metadata: {{DockerContext: ., DockerBuildArgs: {{GIVEN: yes it is}}}}\n    Properties: {{PackageType: Image{function}}}\n"
    );
    let path = dir.join("template.yaml");
    fs::write(&path, template).unwrap();
    let mut stack = stack::load(&path, &LoadOptions::default()).unwrap();
    place(&mut stack, &dir.join(".lambdura"));
    stack
}

/// The function that a Dockerfile makes.
fn read(dir: &Path, dockerfile: &str, properties: &str) -> FunctionResource {
    fs::write(dir.join("Dockerfile"), dockerfile).unwrap();
    let function = placed(dir, properties).functions.remove(0);
    assert_eq!(function.cannot_run, None, "{dockerfile}");
    function
}

/// Why a Dockerfile makes no function.
fn refused(dir: &Path, dockerfile: &str) -> String {
    fs::write(dir.join("Dockerfile"), dockerfile).unwrap();
    let function = placed(dir, "").functions.remove(0);
    function.cannot_run.expect(dockerfile)
}

#[test]
fn copies_packages_and_settings_become_an_ordinary_function() {
    let dir = context(&[
        ("approval/app.py", "code"),
        ("approval/requirements.txt", "boto3==1.43.0\n"),
        ("shared/a.py", "a"),
        ("shared/b.txt", "b"),
        ("data/deep/c.json", "c"),
    ]);
    let dockerfile = "# syntax=docker/dockerfile:1
ARG PYTHON=3.13
FROM --platform=linux/amd64 public.ecr.aws/lambda/python:${PYTHON}-x86_64 AS last
LABEL team=\"a b\"
ARG GIVEN=no
ARG LEVEL=info
ENV LOG_LEVEL=$LEVEL WORDS=\"two words\" \\
    # a comment between
    GIVEN_WAS=${GIVEN}
ENV OLD form of it
ENV PYTHONPATH=$LAMBDA_TASK_ROOT/lib
COPY approval/requirements.txt ${LAMBDA_TASK_ROOT}/
RUN --mount=type=cache,target=/var/cache/pip pip install --no-cache-dir --upgrade pip && \\
    pip install -r requirements.txt --target \"${LAMBDA_TASK_ROOT}\"
COPY --chown=1:1 approval/app.py shared/*.py ./
COPY [\"data\", \"assets\"]
WORKDIR sub
WORKDIR ..
USER 1000
CMD [\"app.handler\"]
";
    let function = read(
        dir.path(),
        dockerfile,
        ", Environment: {Variables: {LOG_LEVEL: debug}}",
    );
    assert_eq!(function.runtime, "python3.13");
    assert_eq!(function.handler, "app.handler");
    assert!(!function.skip_build);
    let variables: Vec<String> = function
        .environment
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let expected = [
        "GIVEN_WAS=yes it is",
        "LOG_LEVEL=debug",
        "OLD=form of it",
        "PYTHONPATH=/var/task/lib",
        "WORDS=two words",
    ];
    assert_eq!(variables, expected);
    let text = |file: &str| fs::read_to_string(function.code_path.join(file)).unwrap();
    assert_eq!(text("requirements.txt"), "boto3==1.43.0\n");
    assert_eq!(text("app.py"), "code");
    assert_eq!(text("a.py"), "a");
    assert_eq!(text("assets/deep/c.json"), "c");
    for absent in ["b.txt", "shared", "data", "Dockerfile"] {
        assert!(!function.code_path.join(absent).exists(), "{absent}");
    }
}

#[test]
fn the_template_may_name_another_handler() {
    let dir = context(&[("app.py", "")]);
    let dockerfile = format!("{BASE}COPY app.py ${{LAMBDA_TASK_ROOT}}\nCMD [ \"app.one\" ]\n");
    let function = read(
        dir.path(),
        &dockerfile,
        ", ImageConfig: {Command: [app.two]}",
    );
    assert_eq!(function.handler, "app.two");
    assert!(function.skip_build, "nothing is installed");
    assert!(function.code_path.join("app.py").is_file());
}

#[test]
fn whatever_pip_installs_stands_in_one_file() {
    let dir = context(&[("reqs/base.txt", "requests\n"), ("app.py", "")]);
    let dockerfile = format!(
        "{BASE}COPY reqs/base.txt /tmp/\nRUN pip3 install -r /tmp/base.txt 'boto3>=1.40' ; python -m pip install -q attrs\n\
         COPY . .\nCMD [\"app.h\"]\n"
    );
    let function = read(dir.path(), &dockerfile, "");
    let text = fs::read_to_string(function.code_path.join("requirements.txt")).unwrap();
    assert_eq!(text, "requests\n\nboto3>=1.40\nattrs\n");
}

#[test]
fn node_images_have_the_packages_of_their_package_json() {
    let dir = context(&[
        ("package.json", "{}"),
        ("index.mjs", ""),
        ("notes.md", ""),
        (".dockerignore", "*.md\ntemplate.yaml\n"),
        ("node_modules/left/index.js", "from the developer's machine"),
    ]);
    let dockerfile = "FROM amazon/aws-lambda-nodejs:22.2026.11.01.12\nCOPY . .\nRUN npm ci --omit=dev\nCMD [\"index.handler\"]\n";
    let function = read(dir.path(), dockerfile, "");
    assert_eq!(function.runtime, "nodejs22.x");
    assert!(!function.skip_build);
    assert!(function.code_path.join("index.mjs").is_file());
    assert!(
        function
            .code_path
            .join("node_modules/left/index.js")
            .is_file()
    );
    for hidden in ["notes.md", "template.yaml", ".lambdura"] {
        assert!(!function.code_path.join(hidden).exists(), "{hidden}");
    }
}

#[test]
fn a_line_that_is_not_understood_is_named() {
    let dir = context(&[
        ("app.py", ""),
        ("requirements.txt", "-r more.txt\n"),
        ("x.tar.gz", ""),
    ]);
    let end = "CMD [\"app.h\"]\n";
    for (line, shown) in [
        ("RUN dnf install -y poppler", "`dnf install -y poppler`"),
        ("RUN pip install boto3 | tee log", "`|` in a command"),
        ("RUN pip install $(cat list)", "`$(`"),
        ("RUN pip install .", "`pip install .`"),
        ("RUN pip install -e src", "`pip install -e src`"),
        ("RUN pip install -t /opt x", "`pip install -t /opt x`"),
        ("RUN pip install -r nowhere.txt", "`/var/task/nowhere.txt`"),
        ("RUN npm ci", "without Node.js"),
        (
            "RUN --mount=type=secret,id=a pip install b",
            "`RUN --mount=type=secret,id=a`",
        ),
        ("RUN <<EOF", "`<<`"),
        ("COPY --from=builder /a /b", "`COPY --from=builder`"),
        ("COPY app.py /opt/", "`/opt/app.py`"),
        ("COPY missing.py .", "`missing.py`"),
        ("COPY ../../etc/passwd .", "passwd"),
        ("ADD x.tar.gz .", "`ADD x.tar.gz`"),
        (
            "ADD https://files.example/x .",
            "`ADD https://files.example/x`",
        ),
        ("ENV PATH=/x:$PATH", "`ENV PATH`"),
        ("ENV FILES=$LAMBDA_TASK_ROOT/lib", "FILES"),
        ("ENV A=${B:?}", "`${B:?}`"),
        ("ENTRYPOINT [\"/bin/x\"]", "`[\"/bin/x\"]`"),
        ("ONBUILD RUN true", "`ONBUILD`"),
        ("CMD app.h", "starts a shell"),
        ("FROM scratch", "several stages"),
    ] {
        let why = refused(dir.path(), &format!("{BASE}\n{line}\n{end}"));
        assert!(why.contains("line 3 of its Dockerfile"), "{line}: {why}");
        assert!(why.contains(shown), "{line}: {why}");
    }
    let nested =
        format!("{BASE}COPY requirements.txt sub/\nRUN pip install -r sub/requirements.txt\n{end}");
    assert!(refused(dir.path(), &nested).contains("`-r more.txt`"));
}

#[test]
fn a_dockerfile_that_is_none_of_lambdas_is_named() {
    let dir = context(&[("app.py", "")]);
    for (dockerfile, shown) in [
        (
            "FROM python:3.13-slim\n",
            "line 1 of its Dockerfile is not understood: `FROM python:3.13-slim`",
        ),
        (
            "FROM public.ecr.aws/lambda/java:21\n",
            "`FROM public.ecr.aws/lambda/java:21`",
        ),
        (
            "FROM public.ecr.aws/lambda/python:latest\n",
            "names no version",
        ),
        ("COPY a b\n", "`COPY` before `FROM`"),
        ("", "has no `FROM`"),
        (BASE, "neither `CMD` nor `ImageConfig`"),
        (
            "FROM public.ecr.aws/lambda/python:3.13\nWORKDIR /app\nCMD [\"a.b\"]\n",
            "it runs in `/app`",
        ),
        (
            "FROM public.ecr.aws/lambda/python:3.13\nCMD [\"python\", \"-m\"]\n",
            "`python -m` is no handler",
        ),
    ] {
        let why = refused(dir.path(), dockerfile);
        assert!(why.contains(shown), "{why}");
        assert!(why.contains("`PackageType: Zip`"), "{why}");
    }
    fs::remove_file(dir.path().join("Dockerfile")).unwrap();
    let function = placed(dir.path(), "").functions.remove(0);
    let why = function.cannot_run.unwrap();
    assert!(why.contains("its Dockerfile cannot be read"), "{why}");
}

#[test]
fn links_do_not_lead_out_of_the_context() {
    let outside = context(&[("secret", "s")]);
    let dir = context(&[("app.py", "")]);
    std::os::unix::fs::symlink(outside.path(), dir.path().join("out")).unwrap();
    let end = "CMD [\"app.h\"]\n";
    let why = refused(dir.path(), &format!("{BASE}COPY out/secret .\n{end}"));
    assert!(why.contains("`out/secret` is not among the files"), "{why}");
    let function = read(dir.path(), &format!("{BASE}COPY . .\n{end}"), "");
    assert!(!function.code_path.join("out").exists());
}
