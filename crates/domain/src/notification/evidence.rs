//! Evidence moves only forward (PAGING.md §6.7).

use crate::word::NotificationState;

/// The state after news that claim `to`, or `None` when they change nothing: late and repeated
/// receipts never move a notification back.
///
/// `Sending` may go back to `Planned`: that is the claim of a dispatcher which ends, not evidence.
/// A message that was given up may still turn out delivered or answered (the provider took it and
/// its reply was lost), for that is stronger evidence than ours.
pub fn advance(from: NotificationState, to: NotificationState) -> Option<NotificationState> {
    use NotificationState::{
        Accepted, Answered, Bundled, Cancelled, Delivered, Failed, Planned, Sending,
    };
    let moves = match from {
        Planned => to != Planned,
        Sending => to != Sending,
        Accepted => matches!(to, Delivered | Answered | Failed),
        Delivered => to == Answered,
        Failed => matches!(to, Delivered | Answered),
        // The evidence of the message that carried it.
        Bundled => matches!(to, Delivered | Answered | Failed),
        Answered | Cancelled => false,
    };
    moves.then_some(to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use NotificationState::{
        Accepted, Answered, Bundled, Cancelled, Delivered, Failed, Planned, Sending,
    };

    #[test]
    fn the_way_forward_is_open() {
        // §6.7: planned → sending → accepted → delivered → answered.
        for pair in [Planned, Sending, Accepted, Delivered, Answered].windows(2) {
            assert_eq!(advance(pair[0], pair[1]), Some(pair[1]));
            assert_eq!(advance(pair[1], pair[1]), None);
        }
        // A receipt may overtake our own note that the provider took it.
        assert_eq!(advance(Sending, Delivered), Some(Delivered));
        assert_eq!(advance(Sending, Planned), Some(Planned));
        assert_eq!(advance(Accepted, Failed), Some(Failed));
    }

    #[test]
    fn late_receipts_change_nothing() {
        for to in [Planned, Sending, Accepted, Failed, Cancelled, Bundled] {
            assert_eq!(advance(Delivered, to), None);
            assert_eq!(advance(Answered, to), None);
            assert_eq!(advance(Cancelled, to), None);
        }
        assert_eq!(advance(Accepted, Sending), None);
        assert_eq!(advance(Accepted, Cancelled), None);
        assert_eq!(advance(Failed, Accepted), None);
        assert_eq!(advance(Answered, Delivered), None);
    }

    #[test]
    fn no_chain_of_news_returns_to_an_earlier_state() {
        // Apart from a claim that ends, which is not evidence.
        let all = NotificationState::ALL;
        let mut reach: Vec<(NotificationState, NotificationState)> = Vec::new();
        for from in all {
            for to in all {
                if (*from, *to) != (Sending, Planned) && advance(*from, *to).is_some() {
                    reach.push((*from, *to));
                }
            }
        }
        loop {
            let mut more = reach.clone();
            for (a, b) in &reach {
                for (c, d) in &reach {
                    if b == c && !more.contains(&(*a, *d)) {
                        more.push((*a, *d));
                    }
                }
            }
            if more.len() == reach.len() {
                break;
            }
            reach = more;
        }
        // Accepted → failed → delivered is the one detour; nothing comes round to itself.
        assert!(reach.iter().all(|(from, to)| from != to), "{reach:?}");
    }
}
