//! Mail by SMTP: a server that takes mails for `<key>@<domain>` and for nobody else, and answers 250
//! only when they are on the disk (WIRE-FORMATS.md §1.18). It stands beside [`crate::hooks`] and uses
//! the same intake.

mod deliver;
mod door;
mod session;
mod tls;
mod wire;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use door::{SIZE_LIMIT, SmtpConfig};
pub use tls::{TlsError, TlsFiles};

use crate::server::ServeError;
use crate::state::AppState;
use door::Seats;
use session::Hall;
use tls::Tls;

/// How long to rest when no connection can be taken, such as for want of file descriptors.
const REST: Duration = Duration::from_millis(100);
/// Time that mails which are coming in have to end when the server stops.
const SHUTDOWN: Duration = Duration::from_secs(10);

/// A listener that is bound already.
pub(crate) struct BoundSmtp {
    listener: TcpListener,
    addr: SocketAddr,
    tls: Option<Tls>,
    config: SmtpConfig,
}

impl BoundSmtp {
    pub(crate) async fn bind(config: SmtpConfig) -> Result<BoundSmtp, ServeError> {
        let tls = config.tls.clone().map(Tls::open).transpose()?;
        let failed = |source| ServeError::ListenForMail {
            address: config.listen,
            source,
        };
        let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
        let addr = listener.local_addr().map_err(failed)?;
        Ok(BoundSmtp {
            listener,
            addr,
            tls,
            config,
        })
    }

    pub(crate) const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Serves until `stop` says so; mails that are coming in are then finished first.
    pub(crate) async fn run(self, state: Data<AppState>, mut stop: watch::Receiver<bool>) {
        let hall = Arc::new(Hall {
            state,
            config: self.config,
            tls: self.tls,
            seats: Arc::new(Seats::default()),
        });
        let mut sessions = JoinSet::new();
        while !*stop.borrow() {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                _ = stop.changed() => break,
            };
            match accepted {
                Ok((stream, peer)) => admit(&hall, stream, peer, &stop, &mut sessions),
                Err(error) => {
                    tracing::warn!(%error, "a connection for mail could not be taken");
                    tokio::time::sleep(REST).await;
                }
            }
            // What has ended is forgotten.
            while sessions.try_join_next().is_some() {}
        }
        drop(self.listener);
        let all = async { while sessions.join_next().await.is_some() {} };
        if tokio::time::timeout(SHUTDOWN, all).await.is_err() {
            tracing::warn!("connections for mail were cut off: they did not end in time");
        }
    }
}

fn admit(
    hall: &Arc<Hall>,
    stream: TcpStream,
    peer: SocketAddr,
    stop: &watch::Receiver<bool>,
    sessions: &mut JoinSet<io::Result<()>>,
) {
    let Some(seat) = hall.seats.take(peer.ip(), &hall.config) else {
        // A fresh connection takes a line at once; one that does not is closed without.
        drop(stream.try_write(b"421 4.7.0 Too many connections; try again later\r\n"));
        return;
    };
    let (hall, stop) = (hall.clone(), stop.clone());
    sessions.spawn(async move {
        let result = session::run(&hall, stream, peer.ip(), stop).await;
        drop(seat);
        if let Err(error) = &result {
            tracing::debug!(%error, peer = %peer.ip(), "a connection for mail broke off");
        }
        result
    });
}
