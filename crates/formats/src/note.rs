//! What Nagios and its kin tell that is neither a problem nor its end (WIRE-FORMATS.md §1.9): a
//! note for whoever works on the problem.

/// The note of a notification of this type, about `of`; `None` of types that are no note. `said` is
/// the comment of its author, or what the check said.
pub fn of_notification(
    kind: &str,
    of: &str,
    author: Option<&str>,
    said: Option<&str>,
) -> Option<String> {
    let what = match kind {
        "DOWNTIMESTART" => "Downtime started in the monitor for",
        "DOWNTIMEEND" => "Downtime ended in the monitor for",
        "DOWNTIMECANCELLED" | "DOWNTIMEREMOVED" => "Downtime was cancelled in the monitor for",
        "CUSTOM" => "Custom notification of the monitor for",
        // Checkmk: `ALERTHANDLER (OK)` and `ALERTHANDLER (FAILED)`.
        kind if kind.starts_with("ALERTHANDLER") => match kind.contains("FAILED") {
            true => "An alert handler of the monitor failed for",
            false => "An alert handler of the monitor ran for",
        },
        _ => return None,
    };
    let by = author.map(|author| format!(", by {author}"));
    let said = said.map(|said| format!(": {said}"));
    Some(format!(
        "{what} {of}{}{}",
        by.unwrap_or_default(),
        said.unwrap_or_default()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_says_what_by_whom_and_why() {
        let note = |kind| of_notification(kind, "disk on db1", Some("ana"), Some("new disk"));
        assert_eq!(
            note("DOWNTIMESTART").as_deref(),
            Some("Downtime started in the monitor for disk on db1, by ana: new disk")
        );
        assert_eq!(
            of_notification("DOWNTIMEREMOVED", "db1", None, None).as_deref(),
            Some("Downtime was cancelled in the monitor for db1")
        );
        assert_eq!(
            note("CUSTOM").as_deref(),
            Some("Custom notification of the monitor for disk on db1, by ana: new disk")
        );
        assert_eq!(
            of_notification("ALERTHANDLER (FAILED)", "db1", None, None).as_deref(),
            Some("An alert handler of the monitor failed for db1")
        );
        for other in [
            "PROBLEM",
            "RECOVERY",
            "ACKNOWLEDGEMENT",
            "FLAPPINGSTART",
            "X",
        ] {
            assert_eq!(note(other), None, "{other}");
        }
    }
}
