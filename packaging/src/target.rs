//! The target of a binary, and its names in each kind of package.

use std::str::FromStr;

/// A target that packages are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    pub system: System,
    pub machine: Machine,
}

/// An operating system, and on Linux whose C library the binary is linked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    LinuxGnu,
    LinuxMusl,
    MacOs,
}

/// A processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Machine {
    X86_64,
    Arm64,
}

impl Target {
    /// As rustc calls it.
    pub fn triple(self) -> &'static str {
        match (self.system, self.machine) {
            (System::LinuxGnu, Machine::X86_64) => "x86_64-unknown-linux-gnu",
            (System::LinuxGnu, Machine::Arm64) => "aarch64-unknown-linux-gnu",
            (System::LinuxMusl, Machine::X86_64) => "x86_64-unknown-linux-musl",
            (System::LinuxMusl, Machine::Arm64) => "aarch64-unknown-linux-musl",
            (System::MacOs, Machine::X86_64) => "x86_64-apple-darwin",
            (System::MacOs, Machine::Arm64) => "aarch64-apple-darwin",
        }
    }

    pub fn is_linux(self) -> bool {
        match self.system {
            System::LinuxGnu | System::LinuxMusl => true,
            System::MacOs => false,
        }
    }

    /// `process.platform` of Node.js.
    pub fn node_platform(self) -> &'static str {
        match self.system {
            System::LinuxGnu | System::LinuxMusl => "linux",
            System::MacOs => "darwin",
        }
    }

    /// `process.arch` of Node.js.
    pub fn node_machine(self) -> &'static str {
        match self.machine {
            Machine::X86_64 => "x64",
            Machine::Arm64 => "arm64",
        }
    }

    pub fn debian_machine(self) -> &'static str {
        match self.machine {
            Machine::X86_64 => "amd64",
            Machine::Arm64 => "arm64",
        }
    }

    /// As RPM and Python on Linux call it.
    pub fn linux_machine(self) -> &'static str {
        match self.machine {
            Machine::X86_64 => "x86_64",
            Machine::Arm64 => "aarch64",
        }
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(triple: &str) -> Result<Self, String> {
        let systems = [System::LinuxGnu, System::LinuxMusl, System::MacOs];
        let machines = [Machine::X86_64, Machine::Arm64];
        let all = systems
            .into_iter()
            .flat_map(|system| machines.map(|machine| Self { system, machine }));
        let mut fitting = all.filter(|target| target.triple() == triple);
        fitting
            .next()
            .ok_or_else(|| format!("no packages are made for `{triple}`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_as_rustc_writes_them() {
        let target: Target = "aarch64-unknown-linux-musl".parse().expect("it is one");
        assert_eq!(target.triple(), "aarch64-unknown-linux-musl");
        assert_eq!(target.debian_machine(), "arm64");
        let unknown = "wasm32-unknown-unknown".parse::<Target>();
        assert_eq!(
            unknown,
            Err("no packages are made for `wasm32-unknown-unknown`".to_owned())
        );
    }
}
