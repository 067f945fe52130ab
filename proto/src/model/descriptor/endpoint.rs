//! Where a link can be dialled.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use crate::model::malformed::Malformed;

/// A host and a port: `titian.mtuc.example:7443`, `203.0.113.7:7443` or `[2001:db8::7]:7443`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    host: String,
    port: u16,
}

impl Endpoint {
    /// Longest DNS name (RFC 1035).
    pub const HOST_MAX: usize = 253;

    /// Reads one.
    ///
    /// # Errors
    /// When it is not a host and a port from 1 to 65535.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let form = || Malformed::new("must be host:port, such as titian.mtuc.example:7443");
        let (host, port) = text.rsplit_once(':').ok_or_else(form)?;
        let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.parse::<u16>().ok().filter(|port| digits && *port > 0).ok_or_else(form)?;
        if is_host(host) { Ok(Self { host: host.to_owned(), port }) } else { Err(form()) }
    }

    /// The host as a resolver takes it: an IPv6 address without its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(&self.host)
    }

    /// The port, from 1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl FromStr for Endpoint {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        Self::parse(text)
    }
}

fn is_host(host: &str) -> bool {
    match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => host.len() <= Endpoint::HOST_MAX && host.split('.').all(is_label),
    }
}

fn is_label(label: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=63).contains(&label.len()) && label.bytes().all(allowed) && !label.starts_with('-') && !label.ends_with('-')
}
