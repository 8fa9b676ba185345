//! A file that is published.

#[derive(Debug)]
pub(crate) struct Package {
    pub name: String,
    pub content: Vec<u8>,
}
