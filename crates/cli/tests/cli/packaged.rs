//! Code that is no folder beside the template: images that a Dockerfile makes, and objects in S3.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::mpsc;

use crate::projects::{BOOTSTRAP, project};
use crate::running::{Up, python, wait_for};

const IMAGES: &str = "
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Timeout: 20}}
Resources:
  Greeter:
    Type: AWS::Serverless::Function
    Metadata: {DockerContext: src, Dockerfile: greeter/Dockerfile}
    Properties: {FunctionName: greeter, PackageType: Image}
  Other:
    Type: AWS::Serverless::Function
    Metadata: {DockerContext: src, Dockerfile: greeter/Dockerfile}
    Properties: {FunctionName: other, PackageType: Image, ImageConfig: {Command: [app.other]}}
  Heavy:
    Type: AWS::Serverless::Function
    Metadata: {DockerContext: src, Dockerfile: heavy/Dockerfile}
    Properties: {FunctionName: heavy, PackageType: Image}
";

const GREETER: &str = "FROM public.ecr.aws/lambda/python:3.13
ENV GREETING='hello from'
COPY greeter/app.py shared ${LAMBDA_TASK_ROOT}/
CMD [\"app.handler\"]
";

const APP: &str = "
import os
from names import NAME

def handler(event, context):
    return f\"{os.environ['GREETING']} {NAME}\"

def other(event, context):
    return 'the other one'
";

#[test]
fn what_a_dockerfile_says_is_done_and_followed() {
    let dir = project(&[
        ("template.yaml", IMAGES),
        ("src/greeter/Dockerfile", GREETER),
        ("src/greeter/app.py", APP),
        ("src/shared/names.py", "NAME = 'one'"),
        (
            "src/heavy/Dockerfile",
            "FROM public.ecr.aws/lambda/python:3.13\nRUN dnf install -y poppler-utils\nCMD [\"app.h\"]\n",
        ),
    ]);
    let mut up = Up::start_within(dir.path(), &[], &[]);
    assert_eq!(
        up.run(&["invoke", "greeter"]).text(),
        "\"hello from one\"\n"
    );
    assert_eq!(up.run(&["invoke", "other"]).text(), "\"the other one\"\n");
    let why = up.ready["left_out"]["heavy"].as_str().unwrap();
    assert!(
        why.contains("line 2 of its Dockerfile is not understood: `dnf install -y poppler-utils`"),
        "{why}"
    );
    fs::write(dir.path().join("src/shared/names.py"), "NAME = 'two'").unwrap();
    wait_for(&up, &["invoke", "greeter"], "hello from two");
    let said = up.signal("TERM");
    assert!(
        said.out.contains("no image is made or run"),
        "{}",
        said.text()
    );
}

const OBJECTS: &str = "
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Runtime: provided.al2023, Handler: bootstrap, Timeout: 20}}
Resources:
  Far: {Type: AWS::Serverless::Function, Properties: {FunctionName: far, CodeUri: 's3://code/releases/far 1.zip'}}
  Gone: {Type: AWS::Serverless::Function, Properties: {FunctionName: gone, CodeUri: {Bucket: code, Key: gone.zip}}}
";

const MISSING: &str = "<Error><Code>NoSuchKey</Code><Message>no such object</Message></Error>";

/// Answers requests for one object; reports the requests.
fn bucket(object: Vec<u8>) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (asked, heard) = mpsc::channel();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let mut request = String::new();
            let mut lines = BufReader::new(&connection);
            while lines.read_line(&mut request).unwrap() > 2 {}
            let is_there = request.starts_with("GET /code/releases/far%201.zip HTTP/1.1");
            let (status, body) = match is_there {
                true => ("200 OK", object.as_slice()),
                false => ("404 Not Found", MISSING.as_bytes()),
            };
            let length = body.len();
            write!(
                connection,
                "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
            )
            .unwrap();
            connection.write_all(body).unwrap();
            if asked.send(request).is_err() {
                return;
            }
        }
    });
    (url, heard)
}

/// A zip file with a `bootstrap` that can be run.
fn archive() -> Vec<u8> {
    let dir = project(&[("bootstrap", BOOTSTRAP)]);
    let zip =
        "import sys, zipfile; zipfile.ZipFile(sys.argv[1], 'w').write(sys.argv[2], 'bootstrap')";
    let file = dir.path().join("code.zip");
    let made = Command::new(python())
        .args(["-c", zip])
        .args([&file, &dir.path().join("bootstrap")])
        .status()
        .unwrap();
    assert!(made.success());
    let mut bytes = Vec::new();
    fs::File::open(file)
        .unwrap()
        .read_to_end(&mut bytes)
        .unwrap();
    bytes
}

#[test]
fn code_in_a_bucket_is_fetched_from_the_emulator() {
    let dir = project(&[("template.yaml", OBJECTS)]);
    let (url, heard) = bucket(archive());
    let up = Up::start_within(dir.path(), &["--aws-endpoint", &url], &[]);
    assert_eq!(up.run(&["invoke", "far"]).text(), "\"one\"\n");
    let request = heard.recv().unwrap();
    let request = request.to_ascii_lowercase();
    for header in [
        "authorization: aws4-hmac-sha256",
        "x-amz-content-sha256: ",
        "/s3/aws4_request",
    ] {
        assert!(request.contains(header), "{request}");
    }
    let why = up.ready["left_out"]["gone"].as_str().unwrap();
    assert!(
        why.contains("`s3://code/gone.zip`, which cannot be fetched: NoSuchKey: no such object"),
        "{why}"
    );
}
