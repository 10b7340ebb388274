//! Debian's Alertmanager, sending to a receiver under test without making it wait.

use std::time::Duration;

use serde_json::{Value, json};

use crate::process::{Process, free_port, http_client};
use crate::scratch::{Scratch, program};

const READY: Duration = Duration::from_secs(60);

/// A receiver that posts Alertmanager's own webhook to the URL.
pub fn webhook(url: &str) -> Value {
    json!({ "webhook_configs": [{ "url": url, "send_resolved": true }] })
}

/// A receiver that speaks PagerDuty's Events API v2 to the URL (the full address of `enqueue`).
pub fn pagerduty(url: &str, routing_key: &str) -> Value {
    json!({
        "pagerduty_configs": [{
            "url": url,
            "routing_key": routing_key,
            "send_resolved": true,
        }],
    })
}

/// A receiver that speaks Opsgenie's Alert API to a host, and edits what has changed.
pub fn opsgenie(host: &str, key: &str) -> Value {
    json!({
        "opsgenie_configs": [{
            "api_url": host,
            "api_key": key,
            "update_alerts": true,
            "priority": "P1",
            "send_resolved": true,
        }],
    })
}

/// `amtool`, to ask whatever answers at the URL as an Alertmanager would.
///
/// # Panics
/// If it is not installed.
pub fn amtool(url: &str) -> std::process::Command {
    let mut command = program("amtool", "prometheus-alertmanager");
    command.arg(format!("--alertmanager.url={url}"));
    command
}

/// A running Alertmanager without a cluster.
#[derive(Debug)]
pub struct Alertmanager {
    /// `http://127.0.0.1:PORT`.
    pub base_url: String,
    process: Process,
    _home: Scratch,
}

impl Alertmanager {
    /// Lets it stand still, or go on.
    pub fn stands_still(&mut self, still: bool) {
        self.process.signal(if still { "STOP" } else { "CONT" });
    }

    /// Starts it with one receiver: [`webhook`], [`pagerduty`], or an object of its receiver
    /// settings. Alerts are grouped by their name, and a group is sent almost at once.
    ///
    /// # Panics
    /// With its log, if it is not installed, refuses the receiver or is not ready in time.
    pub async fn start(receiver: &Value) -> Self {
        let home = Scratch::new("alertmanager");
        let port = free_port();
        let mut receiver = receiver.clone();
        receiver["name"] = json!("quarterdeck");
        let configuration = json!({
            "route": {
                "receiver": "quarterdeck",
                "group_by": ["alertname"],
                "group_wait": "10ms",
                "group_interval": "200ms",
                "repeat_interval": "1h",
            },
            "receivers": [receiver],
        });
        // Every JSON document is YAML as well.
        let file = home.write("alertmanager.yml", configuration.to_string());
        let mut command = program("prometheus-alertmanager", "prometheus-alertmanager");
        command
            .arg(format!("--config.file={}", file.display()))
            .arg(format!(
                "--storage.path={}",
                home.path().join("data").display()
            ))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--cluster.listen-address=")
            .current_dir(home.path());
        let mut process = Process::start("alertmanager", command);
        let base_url = format!("http://127.0.0.1:{port}");
        process
            .wait_for_http(&format!("{base_url}/-/ready"), READY)
            .await;
        Self {
            base_url,
            process,
            _home: home,
        }
    }

    /// Posts alerts to its API, as a Prometheus would: a list of objects with `labels`,
    /// `annotations` and, to resolve, `endsAt`.
    ///
    /// # Panics
    /// If it refuses them.
    pub async fn post_alerts(&self, alerts: &Value) {
        let url = format!("{}/api/v2/alerts", self.base_url);
        let reply = http_client().post(url).json(alerts).send().await;
        let status = reply.expect("Alertmanager answers").status();
        assert!(
            status.is_success(),
            "Alertmanager answered {status}\n{}",
            self.log()
        );
    }

    /// Everything it wrote so far.
    pub fn log(&self) -> String {
        self.process.log()
    }
}
