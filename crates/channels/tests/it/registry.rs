//! Which channel is used, and what happens before any is configured.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use channels::{
    Channel, Channels, Outcome,
    email::{EmailChannel, EmailConfig},
};
use domain::word::ContactKind;

use crate::message;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_newcomer_sees_the_page_in_the_log() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let channels = Channels::default();
    let channel = channels.get(ContactKind::Sms);
    assert!(!channels.is_configured(ContactKind::Sms));
    assert_eq!(channel.kind(), ContactKind::Sms);
    let outcome = channel.send(&message("+4915112345678")).await.unwrap();
    assert_eq!(outcome, Outcome::Accepted { provider_id: None });
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for part in [
        " outbox: ",
        "no sms provider is configured",
        "4217 disk full",
        "+4915112345678",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(channel.check().await.unwrap().contains("no sms provider"));
}

#[test]
fn a_configured_channel_serves_its_kind_and_no_other() {
    let config = EmailConfig::new("mail.example.com", "pager@example.com");
    let email: Arc<dyn Channel> = Arc::new(EmailChannel::new(config).unwrap());
    let channels = Channels::new(vec![email]);
    assert!(channels.is_configured(ContactKind::Email));
    assert_eq!(channels.get(ContactKind::Email).name(), "smtp");
    assert_eq!(channels.get(ContactKind::Sms).name(), "log");
    assert_eq!(format!("{channels:?}"), r#"{Email: "smtp", Sms: "log"}"#);
    assert_eq!(channels.all().count(), ContactKind::ALL.len());
}
