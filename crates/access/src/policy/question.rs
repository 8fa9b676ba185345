//! What is decided about.

use std::net::IpAddr;

/// What somebody wants to do.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Such as `lambda:InvokeFunction`.
    pub action: &'a str,
    /// The ARN of what it is done to, or `*` where there is none.
    pub resource: &'a str,
    /// `aws:SourceIp`.
    pub source_ip: Option<IpAddr>,
    /// `aws:username`.
    pub username: Option<&'a str>,
}
