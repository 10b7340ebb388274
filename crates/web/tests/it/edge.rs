//! Health, readiness and numbers.

use crate::house::House;

#[actix_web::test]
async fn the_golden_signals_are_told() {
    let house = House::on_sqlite().await;
    assert_eq!(house.get("/healthz").await.body, "alive\n");
    assert_eq!(house.get("/readyz").await.body, "ready\n");
    house.trigger("k", "Disk full").await;
    house.get("/incidents/1").await;
    let metrics = house.get("/metrics").await;
    assert_eq!(metrics.status, 200);
    assert!(
        metrics
            .header("content-type")
            .starts_with("text/plain; version=0.0.4")
    );
    for wanted in [
        // latency, traffic, errors
        "quarterdeck_http_request_seconds_bucket{route=\"/v2/enqueue\",method=\"POST\",status=\"2xx\"",
        "quarterdeck_http_request_seconds_count{route=\"/incidents/{number}\"",
        "quarterdeck_signals_total",
        // saturation
        "quarterdeck_http_in_flight",
        "quarterdeck_ingest_waiting 0",
        "quarterdeck_ingest_capacity",
        // ages of queues
        "quarterdeck_outbox_oldest_age_seconds",
        "quarterdeck_timers_overdue",
        "quarterdeck_incidents_open 1",
        "quarterdeck_database_up 1",
    ] {
        assert!(
            metrics.body.contains(wanted),
            "{wanted} in\n{}",
            metrics.body
        );
    }
    // No key and no single incident becomes a label.
    assert!(!metrics.body.contains(crate::house::PD_KEY));
    assert!(!metrics.body.contains("route=\"/incidents/1\""));
}

/// A readiness probe writes: that is what the setting is.
#[actix_web::test]
async fn readiness_is_a_real_write() {
    let house = House::on_sqlite().await;
    house.get("/readyz").await;
    let stored = house
        .engine
        .store()
        .read(|c| store::setting::get(c, "readiness"))
        .await
        .unwrap();
    assert!(domain::Timestamp::parse(&stored.unwrap()).is_some());
}
