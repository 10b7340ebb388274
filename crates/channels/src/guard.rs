//! Keeps requests to addresses that people have typed in away from what only this machine can see:
//! a cloud's metadata, a router's pages. Names that resolve to addresses of private networks are
//! refused at the moment of connecting, so that what was checked is what is connected to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// A name resolved to addresses of private networks only.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the address leads into a private network")]
pub(crate) struct Refused;

/// Looks names up, and leaves private addresses out: the connection is made to what was checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|one| !is_private(one.ip())).collect();
            if public.is_empty() {
                return Err(Refused.into());
            }
            let addresses: Addrs = Box::new(public.into_iter());
            Ok(addresses)
        })
    }
}

/// Whether the host is written as an address that is not public; names are looked at when they are
/// resolved.
pub(crate) fn private_host(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => is_private(address.into()),
        Some(url::Host::Ipv6(address)) => is_private(address.into()),
        Some(url::Host::Domain(_)) | None => false,
    }
}

/// Whether an address is anything but one of the public internet.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => private_v4(address),
        IpAddr::V6(address) => private_v6(address),
    }
}

fn private_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        // Shared by carriers, tests of network devices, and protocol assignments.
        || (a == 100 && (64..128).contains(&b))
        || (a == 198 && (18..20).contains(&b))
        || (a == 192 && b == 0 && c == 0)
}

fn private_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    // Addresses of the other family in disguise: mapped, translated (NAT64), 6to4.
    let hidden = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        private_v4(Ipv4Addr::new(a, b, c, d))
    };
    if let Some(mapped) = address.to_ipv4_mapped() {
        return private_v4(mapped);
    }
    match segments {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => hidden(high, low),
        [0x2002, high, low, ..] => hidden(high, low),
        // Only 2000::/3 is given to the public, without documentation and benchmarks.
        [first, ..] if first & 0xe000 != 0x2000 => true,
        [0x2001, 0xdb8, ..] | [0x2001, 0..=0x1ff, ..] => true,
        _ => false,
    }
}

/// Whether a request failed because of where it led.
pub(crate) fn was_refused(error: &reqwest::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if cause.is::<Refused>() {
            return true;
        }
        source = cause.source();
    }
    false
}
