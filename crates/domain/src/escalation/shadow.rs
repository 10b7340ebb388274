//! Who follows those that are paged, to learn: told, and never relied on (PAGING.md §5.9).

use super::reason::Via;
use super::{PagePlan, list_of};
use crate::directory::Directory;
use crate::word::{PageCause, Urgency};
use crate::{ScheduleId, Timestamp, UserId};

/// A word to a shadow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    pub shadow: UserId,
    /// A sentence.
    pub text: String,
}

/// Whom to tell of the pages of one outcome at `now`, each once: the shadows of the shifts they
/// come of, unless they are paged themselves. Steps that are taken again tell nobody again.
pub fn shadows(pages: &[PagePlan], directory: &Directory, now: Timestamp) -> Vec<Followed> {
    let mut told: Vec<Followed> = Vec::new();
    let mut asked: Vec<ScheduleId> = Vec::new();
    for page in pages {
        let Via::Schedule { id, name, .. } = &page.reason.via else {
            continue;
        };
        let first = page.reason.cycle == 0 && page.cause != PageCause::LastResort;
        let schedule = directory
            .schedule(*id)
            .filter(|one| first && !asked.contains(id) && one.has_shadows(now));
        let Some(shift) = schedule.and_then(|one| one.on_call(now)) else {
            continue;
        };
        asked.push(*id);
        let is_paged = |user: UserId| pages.iter().any(|page| page.user == user);
        let paged: Vec<String> = shift
            .users
            .iter()
            .filter(|user| is_paged(**user))
            .map(|user| directory.user_name(*user).to_owned())
            .collect();
        if paged.is_empty() {
            continue;
        }
        for shadow in shift.shadows {
            if is_paged(shadow) || told.iter().any(|one| one.shadow == shadow) {
                continue;
            }
            let verb = match (page.urgency, paged.len()) {
                (Urgency::Low, 1) => "is told of it",
                (Urgency::Low, _) => "are told of it",
                (Urgency::High, 1) => "is paged",
                (Urgency::High, _) => "are paged",
            };
            let text = format!(
                "{} {verb}, on call for {name}. You follow the shift; nothing is asked of you.",
                list_of(&paged)
            );
            told.push(Followed { shadow, text });
        }
    }
    told
}
