//! Who hears that somebody else has answered (PAGING.md §6.9).

use std::collections::BTreeMap;

use crate::word::ContactKind;
use crate::{ContactMethodId, UserId};

/// One method for each person whom a page of the incident has reached or is on its way to, but for
/// the one who answered: mail where a page went by mail, since nobody need be disturbed twice.
pub fn recipients(
    sent: &[(UserId, ContactMethodId, ContactKind)],
    except: Option<UserId>,
) -> Vec<(UserId, ContactMethodId)> {
    let mut chosen: BTreeMap<UserId, (ContactKind, ContactMethodId)> = BTreeMap::new();
    for &(user, method, kind) in sent {
        if Some(user) == except {
            continue;
        }
        let slot = chosen.entry(user).or_insert((kind, method));
        if slot.0 != ContactKind::Email && kind == ContactKind::Email {
            *slot = (kind, method);
        }
    }
    chosen
        .into_iter()
        .map(|(user, (_, method))| (user, method))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_else_hears_once_and_by_mail_if_mail_was_used() {
        let (ana, bo) = (UserId(1), UserId(2));
        let sent = [
            (ana, ContactMethodId(10), ContactKind::Email),
            (bo, ContactMethodId(20), ContactKind::Sms),
            (bo, ContactMethodId(21), ContactKind::Email),
            (bo, ContactMethodId(20), ContactKind::Sms),
        ];
        assert_eq!(recipients(&sent, Some(ana)), [(bo, ContactMethodId(21))]);
        assert_eq!(recipients(&sent, None).len(), 2);
    }
}
