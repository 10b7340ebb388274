use proptest::prelude::*;

use domain::Span;

use super::*;

fn calendar(from: &str, days: u16, spans: &[(i64, i64)]) -> Calendar {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let from: Date = from.parse().unwrap();
    let zero = Timestamp::from_jiff(from.to_zoned(zone.clone()).unwrap().timestamp());
    let bars = spans
        .iter()
        .map(|(start, end)| Bar {
            start: zero + Span::from_hours(*start),
            end: zero + Span::from_hours(*end),
            people: vec![(UserId(*start), format!("<P{start}>"))],
            shadows: vec![],
            source: "Layer \"a\"".to_owned(),
        })
        .collect();
    Calendar {
        title: "Platform".into(),
        zone,
        from,
        days,
        people: vec![],
        holidays: vec![],
        href: None,
        now: zero + Span::from_hours(30),
        since: None,
        rows: vec![Row {
            name: "Final".into(),
            kind: RowKind::Final,
            bars,
        }],
    }
}

#[test]
fn a_day_of_23_hours_is_as_wide_as_any() {
    let calendar = calendar("2026-03-23", 14, &[]);
    let midnights = calendar.midnights();
    assert_eq!(midnights[7].since(midnights[6]), Span::from_hours(23));
    let place = Calendar::place(&midnights, midnights[7]);
    assert!((place - 0.5).abs() < 1e-9);
    let picture = calendar.draw().0;
    assert!(picture.contains("+1 h") && picture.contains("clock change, 23 h long"));
}

#[test]
fn names_are_escaped_and_gaps_are_named() {
    let picture = calendar("2026-11-16", 14, &[(9, 100)]).draw().0;
    assert!(picture.contains("&lt;P9&gt;") && !picture.contains("<P9>"));
    assert!(picture.contains("cal-gap") && picture.contains("Nobody"));
    assert!(!picture.contains("style="));
}

#[test]
fn nobody_is_missing_before_the_schedule_began() {
    let mut calendar = calendar("2026-11-16", 7, &[(60, 100)]);
    let midnights = calendar.midnights();
    calendar.since = Some(midnights[2]);
    let pieces = calendar.pieces(&calendar.rows[0]);
    assert_eq!(pieces[0].start, midnights[2]);
    assert_eq!(calendar.draw().0.matches("<h3>").count(), 5);
}

proptest! {
    /// Whatever the bars, the final row's pieces tile the span.
    #[test]
    fn final_pieces_tile_the_span(
        cuts in proptest::collection::btree_set(-48i64..900, 0..24),
        days in 1u16..35,
        start in 0i32..360,
    ) {
        let cuts: Vec<i64> = cuts.into_iter().collect();
        let spans: Vec<(i64, i64)> =
            cuts.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
        let from = jiff::civil::date(2026, 1, 1).checked_add(start.days()).unwrap();
        let calendar = calendar(&from.to_string(), days, &spans);
        let pieces = calendar.pieces(&calendar.rows[0]);
        let midnights = calendar.midnights();
        prop_assert_eq!(pieces.first().unwrap().start, midnights[0]);
        prop_assert_eq!(pieces.last().unwrap().end, midnights[usize::from(days)]);
        prop_assert!(pieces.first().unwrap().left.abs() < 1e-9);
        prop_assert!((pieces.last().unwrap().right - 1.0).abs() < 1e-9);
        for pair in pieces.windows(2) {
            prop_assert_eq!(pair[0].end, pair[1].start);
            prop_assert_eq!(pair[0].right, pair[1].left);
            prop_assert!(pair[0].left < pair[0].right);
        }
    }
}

#[test]
fn a_bar_says_what_it_has_room_for() {
    assert_eq!(fitting("Ana Ruiz", 0.5), "Ana Ruiz");
    assert_eq!(fitting("Ana Ruiz", 0.036), "AR");
    assert_eq!(fitting("Ana Ruiz + Bo (shadow: Cem)", 0.06), "AR+B");
    assert_eq!(fitting("Bo", 0.036), "Bo");
    assert_eq!(fitting("Ana Ruiz", 0.012), "");
    assert_eq!(fitting("", 0.0), "");
}

#[test]
fn the_legend_says_whose_colour_is_whose() {
    // Berlin's clock goes forward on the Sunday.
    let mut spring = calendar("2026-03-23", 14, &[(0, 24), (48, 72)]);
    let drawn = spring.draw().0;
    let legend = drawn.split("cal-legend").nth(1).unwrap();
    let legend = legend.split("</ul>").next().unwrap();
    assert_eq!(legend.matches("<li>").count(), 3, "{legend}");
    assert!(legend.contains("nobody</li>"), "{legend}");
    assert!(drawn.contains("On Sun 29 Mar the clock goes forward by 1 h."));
    // Who is on call outside the span only is no part of it.
    spring = calendar("2026-11-16", 7, &[(200, 210)]);
    let drawn = spring.draw().0;
    assert!(!drawn.contains("cal-legend") && !drawn.contains("the clock goes"));
}
