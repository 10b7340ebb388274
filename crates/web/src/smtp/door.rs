//! Who may come in: the bounds of the listener, and what is spent of them.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::tls::TlsFiles;
use crate::memory::{Memory, Room};

/// How mail is taken.
#[derive(Clone, Debug)]
pub struct SmtpConfig {
    /// Where to listen; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Mail is taken for addresses of this domain only.
    pub domain: String,
    /// For STARTTLS; without it, mails come unencrypted.
    pub tls: Option<TlsFiles>,
    /// Largest mail, in bytes.
    pub size_limit: usize,
    /// Recipients of one mail.
    pub recipients: usize,
    /// Connections at once, of all peers and of one.
    pub connections: usize,
    pub connections_of_peer: usize,
    /// How long a peer may be silent (RFC 5321 §4.5.3.2.7: 5 minutes).
    pub patience: Duration,
}

/// Largest mail unless configured: 10 MiB.
pub const SIZE_LIMIT: usize = 10 * 1024 * 1024;
/// Bytes of mails that may be in the memory at once, whoever sends them.
const MEMORY_MAX: usize = 128 * 1024 * 1024;

impl SmtpConfig {
    /// The usual bounds.
    pub fn new(listen: SocketAddr, domain: &str) -> SmtpConfig {
        SmtpConfig {
            listen,
            domain: domain.to_lowercase(),
            tls: None,
            size_limit: SIZE_LIMIT,
            // The least that RFC 5321 §4.5.3.1.8 asks for.
            recipients: 100,
            connections: 200,
            connections_of_peer: 10,
            patience: Duration::from_secs(300),
        }
    }
}

/// Seats that are taken.
pub(super) struct Seats {
    taken: Mutex<HashMap<IpAddr, usize>>,
    memory: Arc<Memory>,
}

impl Default for Seats {
    fn default() -> Self {
        Seats {
            taken: Mutex::default(),
            memory: Memory::new(MEMORY_MAX),
        }
    }
}

/// A connection; it ends with it.
pub(super) struct Seat {
    seats: Arc<Seats>,
    peer: IpAddr,
}

impl Seats {
    /// A seat for a peer, unless it or all together have too many.
    pub(super) fn take(self: &Arc<Self>, peer: IpAddr, config: &SmtpConfig) -> Option<Seat> {
        let peer = network(peer);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = taken.values().sum();
        let own = taken.get(&peer).copied().unwrap_or_default();
        if all >= config.connections || own >= config.connections_of_peer {
            return None;
        }
        taken.insert(peer, own + 1);
        Some(Seat {
            seats: self.clone(),
            peer,
        })
    }

    /// Room for a mail, which grows with it.
    pub(super) fn room(&self) -> Room {
        self.memory.room()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self
            .seats
            .taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.peer);
            }
        }
    }
}

/// What counts as one peer: of IPv6 a network, since whoever has one address there has them all.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_are_given_back() {
        let seats = Arc::new(Seats::default());
        let config = SmtpConfig {
            connections: 3,
            connections_of_peer: 2,
            ..SmtpConfig::new(([127, 0, 0, 1], 0).into(), "Page.Example.com")
        };
        assert_eq!(config.domain, "page.example.com");
        let of = |text: &str| text.parse::<IpAddr>().unwrap();
        let take = |text: &str| seats.take(of(text), &config);
        let first = take("192.0.2.1");
        let second = take("::ffff:192.0.2.1");
        assert!(first.is_some() && second.is_some());
        assert!(take("192.0.2.1").is_none(), "the peer has two");
        let third = take("2001:db8::1");
        assert!(third.is_some());
        assert!(take("2001:db8::2").is_none(), "three are all");
        drop(first);
        assert!(take("192.0.2.1").is_some());
        drop((second, third));
        assert!(seats.taken.lock().unwrap().is_empty());
    }
}
