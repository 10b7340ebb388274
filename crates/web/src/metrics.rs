//! Our own golden signals for a Prometheus: latency, traffic, errors and saturation of requests,
//! ages of the queues, and how long pages take.

use std::borrow::Cow;
use std::sync::OnceLock;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use metrics::{Gauge, Histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::state::{AppState, State};

static EXPORTER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Bounds in seconds: from a repeat of an alert to a page that takes far too long.
const SECONDS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0,
];
const COUNTS: &[f64] = &[
    1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0,
];

/// Reading the queues must not hold up a scrape for longer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Makes the process count. Of several servers in one process all share the numbers.
pub(crate) fn install() {
    EXPORTER.get_or_init(|| {
        let suffix = |name: &str| Matcher::Suffix(name.to_owned());
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(suffix("_seconds"), SECONDS)
            .and_then(|builder| builder.set_buckets_for_metric(suffix("_requests"), COUNTS));
        let recorder = match recorder {
            Ok(builder) => builder.build_recorder(),
            Err(error) => {
                tracing::error!(%error, "metrics are not counted");
                return None;
            }
        };
        let handle = recorder.handle();
        if let Err(error) = metrics::set_global_recorder(recorder) {
            tracing::error!(%error, "metrics are not counted");
            return None;
        }
        describe();
        Some(handle)
    });
}

fn describe() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    describe_histogram!(
        "quarterdeck_http_request_seconds",
        "Time to answer a request, by route, method and class of status."
    );
    describe_gauge!("quarterdeck_http_in_flight", "Requests being answered.");
    describe_counter!("quarterdeck_signals_total", "Signals taken from monitors.");
    describe_histogram!(
        "quarterdeck_ingest_batch_requests",
        "Requests stored in one transaction."
    );
    describe_gauge!(
        "quarterdeck_ingest_waiting",
        "Requests that wait to be stored."
    );
    describe_gauge!(
        "quarterdeck_ingest_capacity",
        "Requests that may wait to be stored."
    );
    describe_histogram!(
        "quarterdeck_page_latency_seconds",
        "Time from the making of a page's message to its acceptance by the provider."
    );
    describe_histogram!(
        "quarterdeck_timer_lateness_seconds",
        "How late timers fire."
    );
    describe_gauge!(
        "quarterdeck_timers_overdue",
        "Timers that are due and not yet fired."
    );
    describe_gauge!(
        "quarterdeck_outbox_due",
        "Messages that are due and not yet sent."
    );
    describe_gauge!(
        "quarterdeck_outbox_oldest_age_seconds",
        "How long the oldest due message waits."
    );
    describe_gauge!(
        "quarterdeck_incidents_open",
        "Incidents that are not resolved."
    );
    describe_gauge!(
        "quarterdeck_incidents_triggered",
        "Incidents nobody has acknowledged."
    );
    describe_gauge!(
        "quarterdeck_database_up",
        "Whether the database could be read just now."
    );
}

/// Moves what was recorded into the histograms.
pub(crate) async fn upkeep() {
    let mut every = tokio::time::interval(Duration::from_secs(5));
    loop {
        every.tick().await;
        if let Some(Some(exporter)) = EXPORTER.get() {
            exporter.run_upkeep();
        }
    }
}

/// Counts a request while it is being answered.
pub(crate) struct InFlight;

impl InFlight {
    /// Looked up once: this is on the way of every signal.
    fn gauge() -> &'static Gauge {
        static GAUGE: OnceLock<Gauge> = OnceLock::new();
        GAUGE.get_or_init(|| metrics::gauge!("quarterdeck_http_in_flight"))
    }

    pub(crate) fn begin() -> InFlight {
        InFlight::gauge().increment(1.0);
        InFlight
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        InFlight::gauge().decrement(1.0);
    }
}

/// Counts an answered request. Routes are counted by their pattern: their number is bounded.
pub(crate) fn request(req: &HttpRequest, status: StatusCode, elapsed: Duration) {
    let class = match status.as_u16() / 100 {
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        5 => "5xx",
        _ => "1xx",
    };
    let method = match req.method().as_str() {
        "GET" | "HEAD" => "GET",
        "POST" => "POST",
        _ => "other",
    };
    let name = "quarterdeck_http_request_seconds";
    let route = |route: Cow<'static, str>| metrics::histogram!(name, "route" => route, "method" => method, "status" => class);
    // The busiest answer needs no search among patterns and labels.
    if req.path() == "/v2/enqueue" && class == "2xx" {
        static ACCEPTED: OnceLock<Histogram> = OnceLock::new();
        ACCEPTED
            .get_or_init(|| route("/v2/enqueue".into()))
            .record(elapsed.as_secs_f64());
    } else {
        let pattern = req.match_pattern().unwrap_or_else(|| "none".to_owned());
        route(pattern.into()).record(elapsed.as_secs_f64());
    }
}

pub(crate) fn configure(config: &mut ServiceConfig) {
    config.route("/metrics", web::get().to(render));
}

async fn render(state: State) -> HttpResponse {
    let up = matches!(
        tokio::time::timeout(PATIENCE, queues(&state)).await,
        Ok(Ok(()))
    );
    metrics::gauge!("quarterdeck_database_up").set(if up { 1.0 } else { 0.0 });
    let (waiting, capacity) = state.engine.ingest_depth();
    metrics::gauge!("quarterdeck_ingest_waiting").set(number(waiting));
    metrics::gauge!("quarterdeck_ingest_capacity").set(number(capacity));
    let text = match EXPORTER.get() {
        Some(Some(exporter)) => exporter.render(),
        _ => String::new(),
    };
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(text)
}

async fn queues(state: &AppState) -> Result<(), engine::Error> {
    let now = state.now();
    let (due, oldest, overdue, open) = state
        .store()
        .read(move |c| {
            let (due, oldest) = store::notification::backlog(c, now)?;
            let overdue = store::escalation::count_due(c, now)?;
            Ok::<_, engine::Error>((due, oldest, overdue, store::incident::open_count(c)?))
        })
        .await?;
    let age = oldest.map_or(0.0, |oldest| now.since(oldest).to_std().as_secs_f64());
    metrics::gauge!("quarterdeck_outbox_due").set(count(due));
    metrics::gauge!("quarterdeck_outbox_oldest_age_seconds").set(age);
    metrics::gauge!("quarterdeck_timers_overdue").set(count(overdue));
    metrics::gauge!("quarterdeck_incidents_open").set(count(open.open));
    metrics::gauge!("quarterdeck_incidents_triggered").set(count(open.unacknowledged));
    Ok(())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "queues are far shorter than 2^52"
)]
fn number(n: usize) -> f64 {
    n as f64
}

#[expect(
    clippy::cast_precision_loss,
    reason = "queues are far shorter than 2^52"
)]
fn count(n: i64) -> f64 {
    n as f64
}
