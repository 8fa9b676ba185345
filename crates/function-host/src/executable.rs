//! Checks by a file's first bytes whether this machine can run it.
//!
//! It looks only for common mistakes (another architecture, an unknown format, a missing interpreter); the operating
//! system decides about everything else.

use std::path::Path;

/// How many bytes of a file [`check`] needs: enough for an ELF header, and for the longest interpreter line that Linux
/// reads (256 bytes since 5.1).
pub(crate) const HEAD_BYTES: usize = 256;

/// Says why a file cannot be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExecutableProblem {
    /// An ELF binary for another machine.
    #[error(
        "it is built for {built_for} and this machine is {machine}: build it for `{machine}` (a template's `Architectures` only matters on AWS)"
    )]
    Architecture {
        /// The architecture that the file names.
        built_for: String,
        /// The architecture of this machine.
        machine: &'static str,
    },
    /// Neither a binary nor a script.
    #[error("it is neither an ELF binary nor a script that begins with `#!`")]
    Format,
    /// A script whose interpreter does not exist.
    #[error(
        "its interpreter `{interpreter}` does not exist: install it, or correct the script's first line"
    )]
    Interpreter {
        /// The interpreter's path.
        interpreter: String,
    },
}

/// Checks a file by its first [`HEAD_BYTES`] bytes (fewer if the file is shorter).
pub(crate) fn check(head: &[u8]) -> Result<(), ExecutableProblem> {
    if let Some(script) = head.strip_prefix(b"#!") {
        return check_interpreter(script);
    }
    if cfg!(target_os = "linux") {
        return check_elf(head);
    }
    Ok(())
}

fn check_interpreter(script: &[u8]) -> Result<(), ExecutableProblem> {
    let line = script
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let interpreter = line.split_whitespace().next().unwrap_or_default();
    if Path::new(interpreter).exists() {
        return Ok(());
    }
    Err(ExecutableProblem::Interpreter {
        interpreter: interpreter.to_owned(),
    })
}

fn check_elf(head: &[u8]) -> Result<(), ExecutableProblem> {
    if !head.starts_with(b"\x7fELF") || head.len() < 20 {
        return Err(ExecutableProblem::Format);
    }
    // `e_machine`, at offset 18, is written in the byte order given by `EI_DATA`, at offset 5.
    let bytes = [head[18], head[19]];
    let machine = match head[5] {
        2 => u16::from_be_bytes(bytes),
        _ => u16::from_le_bytes(bytes),
    };
    match machine_name(machine) {
        Some(name) if name == std::env::consts::ARCH => Ok(()),
        // 32-bit programs run on 64-bit machines of the same family if the kernel supports it.
        Some("x86") if std::env::consts::ARCH == "x86_64" => Ok(()),
        Some("arm") if std::env::consts::ARCH == "aarch64" => Ok(()),
        Some(name) => Err(ExecutableProblem::Architecture {
            built_for: name.to_owned(),
            machine: std::env::consts::ARCH,
        }),
        // A machine that is not in the table may still be this one.
        None => Ok(()),
    }
}

/// Names the machines of the ELF specification that people build functions for, as Rust spells them.
fn machine_name(machine: u16) -> Option<&'static str> {
    match machine {
        3 => Some("x86"),
        40 => Some("arm"),
        62 => Some("x86_64"),
        183 => Some("aarch64"),
        243 => Some("riscv64"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elf(machine: u16) -> Vec<u8> {
        let mut head = b"\x7fELF\x02\x01\x01".to_vec();
        head.resize(18, 0);
        head.extend(machine.to_le_bytes());
        head
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn only_binaries_of_this_machine_pass() {
        let own = std::fs::read(std::env::current_exe().expect("tests run from a file"))
            .expect("the file is readable");
        assert_eq!(check(&own[..HEAD_BYTES]), Ok(()));
        let foreign = if cfg!(target_arch = "aarch64") {
            62
        } else {
            183
        };
        assert!(matches!(
            check(&elf(foreign)),
            Err(ExecutableProblem::Architecture { .. })
        ));
        assert_eq!(check(b"MZ\x90"), Err(ExecutableProblem::Format));
        assert_eq!(check(b""), Err(ExecutableProblem::Format));
        assert_eq!(check(b"\x7fELF"), Err(ExecutableProblem::Format));
    }

    #[test]
    fn scripts_need_their_interpreter() {
        assert_eq!(check(b"#!/bin/sh -eu\necho\n"), Ok(()));
        assert_eq!(check(b"#! /bin/sh"), Ok(()));
        let missing = check(b"#!/no/such/python3\n").expect_err("it does not exist");
        assert!(
            missing.to_string().contains("/no/such/python3"),
            "{missing}"
        );
    }
}
