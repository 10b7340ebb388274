//! What has happened in the demo: requests of monitors, taken in by the formats and the engine as
//! any others, so that every page of signals has something to show. They are of low urgency or
//! held back, so that the first page of whoever tries the demo out is nobody's second.

use std::collections::BTreeMap;

use domain::Timestamp;
use engine::Engine;
use engine::account::secret;
use engine::ingest::{Origin, Submission};
use formats::format::{self, Format};
use formats::request::Request;
use formats::settings::Settings;
use serde::Deserialize;
use serde_json::Value;
use store::alert;

use crate::failure::Failure;

const FILE: &str = include_str!("../../demo-signals.json");

/// One request, sent once or several times.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    key: String,
    format: String,
    agent: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default = "once")]
    times: u32,
    body: Value,
}

const fn once() -> u32 {
    1
}

/// Lets it happen, unless anything has happened here before.
///
/// # Errors
/// Those of the store.
pub async fn play(engine: &Engine) -> Result<(), Failure> {
    let filter = alert::Filter::default();
    let known = engine
        .store()
        .read(move |c| alert::number(c, &filter, 1))
        .await?;
    if known > 0 {
        return Ok(());
    }
    let all: Vec<Sent> = serde_json::from_str(FILE)
        .map_err(|error| Failure::new(format!("the demo's signals cannot be read: {error}")))?;
    for sent in &all {
        let format = format::by_slug(&sent.format)
            .ok_or_else(|| Failure::new(format!("the demo knows no format {}", sent.format)))?;
        for _ in 0..sent.times {
            send(engine, sent, format, engine.now()).await?;
        }
    }
    Ok(())
}

async fn send(engine: &Engine, sent: &Sent, format: Format, now: Timestamp) -> Result<(), Failure> {
    let body = match serde_json::to_string_pretty(&sent.body) {
        Ok(body) => body,
        Err(error) => return Err(Failure::new(error.to_string())),
    };
    let mut headers = vec![
        ("content-type", "application/json"),
        ("user-agent", sent.agent.as_str()),
    ];
    headers.extend(sent.headers.iter().map(|(name, value)| (&**name, &**value)));
    let mut head = format!("POST /integrations/{}/{}", sent.key, sent.format);
    for (name, value) in &headers {
        head.push_str(&format!("\n{name}: {value}"));
    }
    let request = Request {
        method: "POST",
        headers,
        query: "",
        body: body.as_bytes(),
        key_hash: None,
    };
    let (parsed, refused) = match format.parse(&request, &Settings::default(), now) {
        Ok(parsed) => (parsed, None),
        Err(error) => (formats::Parsed::default(), Some(error.to_string())),
    };
    let key_hash = secret::digest(&sent.key);
    if !parsed.changes.is_empty() {
        engine::change_event::receive(engine.store(), key_hash, parsed.changes, now).await?;
    }
    let rejected = parsed.rejected.into_iter().map(|one| one.reason);
    let submission = Submission {
        key_hash,
        signals: parsed.signals,
        resolve_group: parsed.resolve_group,
        warnings: parsed.warnings,
        rejected: refused.into_iter().chain(rejected).collect(),
        raw: body.clone().into(),
        origin: Origin {
            format: format.slug(),
            head,
            replay_of: None,
        },
    };
    engine
        .submit(submission)
        .await
        .map_err(|error| Failure::new(format!("the demo's signals are not taken: {error}")))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::alert::Alert;
    use domain::suppression::SuppressionKind;
    use domain::word::{AccountRole, AlertStatus, Origin, Urgency};
    use engine::clock::SystemClock;
    use engine::{EngineConfig, OpContext};
    use store::Store;

    use super::*;

    #[tokio::test]
    async fn there_is_one_of_everything_and_nobody_is_woken() {
        let directory = tempfile::tempdir().unwrap();
        let url = store::DatabaseUrl::Sqlite(directory.path().join("demo.db"));
        let store = Store::open(&url).unwrap();
        let config = EngineConfig {
            public_url: "http://127.0.0.1".into(),
            node_name: "test".into(),
            letterbox: None,
        };
        let channels = channels::Channels::default();
        let engine = Engine::start(store.clone(), channels, config, Arc::new(SystemClock))
            .await
            .unwrap();
        let ctx = OpContext::token(AccountRole::Admin, Origin::Cli, engine.now());
        crate::demo::install(&store, &ctx).await.unwrap();
        play(&engine).await.unwrap();
        play(&engine).await.unwrap();

        let filter = alert::Filter::default();
        let all: Vec<Alert> = store
            .read(move |c| alert::list(c, &filter, None, 1_000))
            .await
            .unwrap();
        let held: Vec<SuppressionKind> = all
            .iter()
            .filter_map(|one| one.suppressed.as_ref())
            .map(|one| one.kind)
            .collect();
        for kind in [SuppressionKind::Inhibition, SuppressionKind::Rule] {
            assert!(held.contains(&kind), "{kind}: {held:?}");
        }
        // For an hour of the night the watchdog's silence has a gap.
        let watchdog = all.iter().find(|one| one.text.summary.contains("watchdog"));
        assert!(watchdog.is_some());
        let flapping = all.iter().filter(|one| {
            one.flaps
                .as_ref()
                .is_some_and(|flaps| flaps.until.is_some())
        });
        let open = flapping.filter(|one| one.status == AlertStatus::Open);
        assert_eq!(open.count(), 1);
        let incidents = store
            .read(|c| {
                let filter = store::incident::Filter::default();
                store::incident::list(c, &filter, None, 100)
            })
            .await
            .unwrap();
        assert!(incidents.iter().all(|one| one.urgency == Urgency::Low));
        assert!(incidents.iter().any(domain::incident::Incident::is_storm));
        let group = incidents.iter().find(|one| one.title.contains("expires"));
        assert_eq!(group.map(|one| one.open_alerts), Some(3));
        let requests = store
            .read(|c| store::request::list(c, &store::request::Filter::default(), 100))
            .await
            .unwrap();
        assert!(requests.iter().any(|one| one.format == "github"));
    }
}
