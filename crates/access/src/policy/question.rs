//! The request to decide about.

use std::net::IpAddr;

/// An action that a sender requests.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Such as `lambda:InvokeFunction`.
    pub action: &'a str,
    /// The ARN of its resource, or `*` if it has none.
    pub resource: &'a str,
    /// `aws:SourceIp`.
    pub source_ip: Option<IpAddr>,
    /// `aws:username`.
    pub username: Option<&'a str>,
}
