//! A post office: real mail and SMS servers on the loopback, and a dispatcher driven by hand.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use channels::email::{EmailChannel, EmailConfig, Security};
use channels::sms::{TwilioChannel, TwilioConfig};
use channels::{Channel, Channels, Failure, Message, Outcome};
use domain::incident::Incident;
use domain::word::{ContactKind, NotificationKind, NotificationState};
use domain::{NotificationId, Span, Timestamp, UserId};
use engine::clock::ManualClock;
use engine::dispatch::Dispatcher;
use engine::link::LinkSecret;
use engine::message::Sender;
use store::Store;
use store::notification::Notification;
use testkit::eventually;
use testkit::smtp::{SmtpOptions, SmtpServer};
use testkit::twilio::TwilioServer;
use tokio::sync::Semaphore;

use crate::world::NOON;

pub const PATIENCE: Duration = Duration::from_secs(60);
const SID: &str = "AC00000000000000000000000000000001";
pub const OUR_NUMBER: &str = "+4930123456";

/// Where mail and SMS go.
pub struct Servers {
    pub smtp: SmtpServer,
    pub twilio: TwilioServer,
}

impl Servers {
    pub async fn start() -> Servers {
        let smtp = SmtpServer::start(SmtpOptions::default()).await;
        Servers {
            smtp,
            twilio: TwilioServer::start(SID, "token"),
        }
    }

    pub fn channels(&self) -> Channels {
        let email = EmailChannel::new(EmailConfig {
            port: Some(self.smtp.port()),
            security: Security::Plain,
            message_id_domain: Some("q.example".into()),
            timeout: Span::from_seconds(2),
            ..EmailConfig::new("127.0.0.1", "Quarterdeck <pager@q.example>")
        });
        let sms = TwilioChannel::new(TwilioConfig {
            from: Some(OUR_NUMBER.into()),
            base_url: self.twilio.base_url.clone(),
            timeout: Span::from_seconds(2),
            ..TwilioConfig::new(SID, "token")
        });
        Channels::new(vec![Arc::new(email.unwrap()), Arc::new(sms.unwrap())])
    }

    /// Subjects of the mails to a person, oldest first.
    pub fn subjects(&self, to: &str) -> Vec<String> {
        let mails = self.smtp.mails();
        let theirs = mails
            .iter()
            .filter(|mail| mail.to == [format!("{to}@example.com")]);
        theirs
            .map(|mail| mail.header("Subject").unwrap().to_owned())
            .collect()
    }
}

pub fn secret() -> LinkSecret {
    LinkSecret::new([7; 32])
}

pub fn dispatcher(
    store: &Store,
    channels: Channels,
    clock: &ManualClock,
    node: &str,
) -> Dispatcher {
    let sender = Sender {
        public_url: "https://q.example".into(),
        secret: secret(),
        letterbox: "reply@q.example".parse().ok(),
    };
    Dispatcher::new(
        store.clone(),
        Arc::new(channels),
        Arc::new(clock.clone()),
        Arc::new(sender),
        node.into(),
    )
}

/// A dispatcher whose clock is set by hand.
pub struct Office {
    pub store: Store,
    pub clock: ManualClock,
    pub dispatcher: Dispatcher,
}

impl Office {
    pub fn new(store: &Store, channels: Channels) -> Office {
        let clock = ManualClock::at(NOON);
        Office {
            store: store.clone(),
            dispatcher: dispatcher(store, channels, &clock, "office"),
            clock,
        }
    }

    /// Sends whatever is due at `now` and returns when nothing is on its way any more.
    pub async fn settle(&self, now: Timestamp) {
        self.clock.set(now);
        eventually(PATIENCE, "the outbox to settle", || async {
            self.dispatcher
                .send_due()
                .await
                .map_err(|error| error.to_string())?;
            let busy = outbox(&self.store).await.into_iter().find(|row| {
                row.state == NotificationState::Sending
                    || row.state == NotificationState::Planned && row.due_at <= now
            });
            busy.map_or(Ok(()), |row| Err(format!("{row:?}")))
        })
        .await;
    }
}

/// Everything in the outbox, in the order of making.
pub async fn outbox(store: &Store) -> Vec<Notification> {
    let mut rows = store
        .read(|c| {
            store::notification::list(c, &store::notification::Filter::default(), None, 100_000)
        })
        .await
        .unwrap();
    rows.sort_by_key(|row| row.id);
    rows
}

/// A person's pages by one channel: states.
pub async fn states(store: &Store, user: UserId, channel: ContactKind) -> Vec<NotificationState> {
    let rows = outbox(store).await;
    rows.into_iter()
        .filter(|row| row.user_id == Some(user) && row.channel == channel)
        .filter(|row| row.kind == NotificationKind::Page)
        .map(|row| row.state)
        .collect()
}

pub async fn of_incident(store: &Store, incident: &Incident) -> Vec<Notification> {
    let rows = outbox(store).await;
    rows.into_iter()
        .filter(|row| row.incident_id == Some(incident.id))
        .collect()
}

/// Takes messages only when told to, and answers as told.
pub struct Gate {
    kind: ContactKind,
    open: Semaphore,
    answer: Result<Outcome, Failure>,
    taken: std::sync::Mutex<Vec<NotificationId>>,
}

impl Gate {
    pub fn new(kind: ContactKind, answer: Result<Outcome, Failure>) -> Arc<Gate> {
        let (open, taken) = (Semaphore::new(0), std::sync::Mutex::default());
        Arc::new(Gate {
            kind,
            open,
            answer,
            taken,
        })
    }

    pub fn accepting(kind: ContactKind) -> Arc<Gate> {
        Gate::new(kind, Ok(Outcome::Accepted { provider_id: None }))
    }

    /// Lets this many messages through.
    pub fn let_through(&self, count: usize) {
        self.open.add_permits(count);
    }

    /// What has come so far, whether it was let through or not.
    pub fn taken(&self) -> Vec<NotificationId> {
        self.taken.lock().unwrap().clone()
    }
}

#[async_trait]
impl Channel for Gate {
    fn kind(&self) -> ContactKind {
        self.kind
    }

    fn name(&self) -> &str {
        "gate"
    }

    async fn send(&self, message: &Message) -> Result<Outcome, Failure> {
        self.taken.lock().unwrap().push(message.notification_id);
        self.open.acquire().await.unwrap().forget();
        self.answer.clone()
    }

    async fn check(&self) -> Result<String, String> {
        Ok(String::new())
    }
}
