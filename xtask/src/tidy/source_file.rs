//! A file as the checks see it.

/// A file of the repository.
#[derive(Debug)]
pub struct SourceFile {
    /// Relative to the root, with `/` between its parts.
    pub path: String,
    pub text: String,
}

impl SourceFile {
    /// The numbered lines of a Rust file above its tests, without comments.
    pub fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = (1..).zip(self.text.lines());
        lines
            .take_while(|(_, line)| line.trim() != "#[cfg(test)]")
            .map(|(number, line)| (number, line.split("//").next().unwrap_or_default()))
    }
}
