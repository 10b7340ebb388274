//! Names by which a file knows what has no slug.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::directory::Directory;
use domain::suppression::{COMMENT_MAX, Suppression, SuppressionKind};

use crate::configuration::check::NAME_MAX;

/// Each name once: what shares its name with an earlier one is numbered, `Hosts (2)`. The same
/// names give the same result, so that what was exported so is found again.
pub(super) fn numbered<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    numbered_within(names, NAME_MAX)
}

/// The windows or silences that recur, by their names in the file. Those that are over have theirs,
/// too, so that none of the others is known by another tomorrow.
pub(super) fn recurring(
    directory: &Directory,
    kind: SuppressionKind,
) -> Vec<(String, &Arc<Suppression>)> {
    let all = directory.suppressions.values();
    let recurring: Vec<_> = all
        .filter(|one| one.kind == kind && one.recurrence.is_some())
        .collect();
    let comments = recurring.iter().map(|one| one.comment.as_str());
    let names = numbered_within(comments, COMMENT_MAX);
    names.into_iter().zip(recurring).collect()
}

fn numbered_within<'a>(names: impl IntoIterator<Item = &'a str>, most: usize) -> Vec<String> {
    let names: Vec<&str> = names.into_iter().collect();
    let mut taken: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut met = BTreeSet::new();
    let each = names.iter().map(|name| {
        if met.insert(*name) {
            return (*name).to_owned();
        }
        let mut number = 2_usize;
        loop {
            let suffix = format!(" ({number})");
            let room = most.saturating_sub(suffix.chars().count());
            let short: String = name.chars().take(room).collect();
            let numbered = format!("{}{suffix}", short.trim_end());
            if taken.insert(numbered.clone()) {
                return numbered;
            }
            number += 1;
        }
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_keeps_its_name_and_none_is_taken() {
        assert_eq!(
            numbered(["Hosts", "Hosts (2)", "Hosts", "Disks", "Hosts"]),
            ["Hosts", "Hosts (2)", "Hosts (3)", "Disks", "Hosts (4)"]
        );
        let long = "x".repeat(NAME_MAX);
        let [first, second] = numbered([long.as_str(), &long]).try_into().unwrap();
        assert_eq!(first, long);
        assert!(second.ends_with("x (2)") && second.chars().count() == NAME_MAX);
    }
}
