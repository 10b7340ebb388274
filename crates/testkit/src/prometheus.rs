//! Debian's Prometheus, evaluating rules that fire at once.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::process::{Process, free_port};
use crate::scratch::{Scratch, program};

const READY: Duration = Duration::from_secs(60);

/// An alerting rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The alert's name.
    pub alert: String,
    /// PromQL; the alert fires while it yields something.
    pub expression: String,
    /// Labels added to the alert.
    pub labels: BTreeMap<String, String>,
    /// Annotations, such as `summary`.
    pub annotations: BTreeMap<String, String>,
}

impl Rule {
    /// A rule that fires at once.
    pub fn firing(alert: &str) -> Self {
        Self {
            alert: alert.to_owned(),
            expression: "vector(1)".to_owned(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
        }
    }

    /// The same rule when its condition no longer holds.
    #[must_use]
    pub fn quiet(mut self) -> Self {
        self.expression = "vector(1) > 1".to_owned();
        self
    }

    /// Adds a label.
    #[must_use]
    pub fn label(mut self, name: &str, value: &str) -> Self {
        self.labels.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Adds an annotation.
    #[must_use]
    pub fn annotation(mut self, name: &str, value: &str) -> Self {
        self.annotations.insert(name.to_owned(), value.to_owned());
        self
    }

    fn to_json(&self) -> Value {
        json!({
            "alert": self.alert,
            "expr": self.expression,
            "labels": self.labels,
            "annotations": self.annotations,
        })
    }
}

/// A running Prometheus that scrapes nothing and tells one Alertmanager.
#[derive(Debug)]
pub struct Prometheus {
    /// `http://127.0.0.1:PORT`.
    pub base_url: String,
    process: Process,
    home: Scratch,
}

impl Prometheus {
    /// Starts it with its rules; `alertmanager` is the base URL of one, with a path where it
    /// stands below one.
    ///
    /// # Panics
    /// With its log, if it is not installed or not ready in time.
    pub async fn start(alertmanager: &str, rules: &[Rule]) -> Self {
        let home = Scratch::new("prometheus");
        let port = free_port();
        write_rules(&home, rules);
        let target = alertmanager
            .trim_start_matches("http://")
            .trim_end_matches('/');
        let (target, prefix) = target.split_once('/').unwrap_or((target, ""));
        let configuration = json!({
            "global": { "evaluation_interval": "200ms" },
            "rule_files": ["rules.yml"],
            "alerting": {
                "alertmanagers": [{
                    "path_prefix": format!("/{prefix}"),
                    "static_configs": [{ "targets": [target] }],
                }],
            },
        });
        let file = home.write("prometheus.yml", configuration.to_string());
        let mut command = program("prometheus", "prometheus");
        command
            .arg(format!("--config.file={}", file.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                home.path().join("data").display()
            ))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--rules.alert.resend-delay=1s")
            .current_dir(home.path());
        let mut process = Process::start("prometheus", command);
        let base_url = format!("http://127.0.0.1:{port}");
        process
            .wait_for_http(&format!("{base_url}/-/ready"), READY)
            .await;
        Self {
            base_url,
            process,
            home,
        }
    }

    /// Replaces the rules; it reads them at once.
    pub fn set_rules(&mut self, rules: &[Rule]) {
        write_rules(&self.home, rules);
        self.process.signal("HUP");
    }

    /// Everything it wrote so far.
    pub fn log(&self) -> String {
        self.process.log()
    }
}

/// Every JSON document is YAML as well.
fn write_rules(home: &Scratch, rules: &[Rule]) {
    let rules: Vec<Value> = rules.iter().map(Rule::to_json).collect();
    let group = json!({ "name": "test", "interval": "200ms", "rules": rules });
    home.write("rules.yml", json!({ "groups": [group] }).to_string());
}
