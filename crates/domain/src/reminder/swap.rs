//! Who hears of a swap or cover request, and in what words (PAGING.md §5.5).

use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use super::text::time;
use super::{NoticeText, Reminders};
use crate::UserId;
use crate::directory::{Directory, User};
use crate::schedule::{Schedule, Stretch, SwapRequest, SwapState};
use crate::word::AccountRole;

/// A word to one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwapNotice {
    pub user: UserId,
    pub text: NoticeText,
}

/// What there is to say of a request in the state it has just come to by `actor`, who needs no
/// telling: an offer to whoever is asked, or to all who may take it; what became of it to the one
/// who made it. Whoever wants no notices of hand-offs hears of offers to them by name only.
pub fn swap_notices(
    request: &SwapRequest,
    directory: &Directory,
    actor: Option<UserId>,
) -> Vec<SwapNotice> {
    let Some(schedule) = directory.schedule(request.schedule_id) else {
        return Vec::new();
    };
    let mut people: BTreeSet<UserId> = match request.state {
        SwapState::Offered => match request.offered_to {
            Some(person) => [person].into(),
            None => eligible(request, schedule, directory),
        },
        // Where somebody else took it for them, the one who has it now hears of it too.
        SwapState::Taken => [Some(request.giver), request.taken_by]
            .into_iter()
            .flatten()
            .collect(),
        SwapState::Declined => [request.giver].into(),
        SwapState::Withdrawn => request.offered_to.into_iter().collect(),
    };
    people.retain(|person| Some(*person) != actor);
    people
        .into_iter()
        .filter_map(|person| directory.user(person))
        .filter(|user| !user.disabled)
        .map(|user| SwapNotice {
            user: user.id,
            text: text(request, schedule, directory, user),
        })
        .collect()
}

/// Those who may take what is offered to anybody: the schedule's team, or else who takes turns in
/// it now.
fn eligible(request: &SwapRequest, schedule: &Schedule, directory: &Directory) -> BTreeSet<UserId> {
    let team = schedule.team_id.and_then(|id| directory.team(id));
    let mut people: BTreeSet<UserId> = match team {
        Some(team) => team.members.iter().copied().collect(),
        None => directory
            .users
            .keys()
            .copied()
            .filter(|user| schedule.may_name(*user, request.created_at))
            .collect(),
    };
    people.remove(&request.giver);
    people.retain(|person| {
        let may = |user: &User| user.role != AccountRole::Observer;
        let wish = directory.reminders.get(person);
        directory.user(*person).is_some_and(may)
            && wish.map_or(Reminders::default().hand_off, |wish| wish.hand_off)
    });
    people
}

fn text(
    request: &SwapRequest,
    schedule: &Schedule,
    directory: &Directory,
    to: &User,
) -> NoticeText {
    let zone = TimeZone::get(&to.zone).unwrap_or(TimeZone::UTC);
    let span = |one: Stretch| {
        format!(
            "from {} until {}",
            time(one.start, &zone),
            time(one.end, &zone)
        )
    };
    let what = span(Stretch {
        start: request.start,
        end: request.end,
    });
    let name = &schedule.name;
    let giver = directory.user_name(request.giver);
    let taker = request
        .taken_by
        .or(request.offered_to)
        .map_or("somebody", |user| directory.user_name(user));
    let (subject, mut sentence) = match request.state {
        SwapState::Offered => (
            format!("{giver} looks for cover: {name}"),
            match request.offered_to {
                Some(_) => format!("{giver} asks you to take shifts of {name} {what}."),
                None => format!("{giver} asks who takes shifts of {name} {what}."),
            },
        ),
        SwapState::Taken if request.taken_by == Some(to.id) => (
            format!("You have taken shifts of {giver}: {name}"),
            format!("You have taken the shifts of {giver} for {name} {what}."),
        ),
        SwapState::Taken => (
            format!("{taker} takes your shifts: {name}"),
            format!("{taker} has taken your shifts for {name} {what}."),
        ),
        SwapState::Declined => (
            format!("{taker} does not take your shifts: {name}"),
            format!("{taker} has declined your shifts for {name} {what}. You keep them."),
        ),
        SwapState::Withdrawn => (
            format!("{giver} needs no cover any more: {name}"),
            format!("{giver} has withdrawn the offer of shifts of {name} {what}."),
        ),
    };
    if let Some(exchange) = request.exchange
        && matches!(request.state, SwapState::Offered | SwapState::Taken)
    {
        let other = match request.state {
            SwapState::Taken if to.id == request.giver => format!("You take those of {taker}"),
            SwapState::Taken => format!("{giver} takes yours"),
            _ => format!("In exchange {giver} takes yours"),
        };
        sentence.push_str(&format!(" {other} {}.", span(exchange)));
    }
    if request.state == SwapState::Offered {
        if !request.note.is_empty() {
            sentence.push_str(&format!(" Note: “{}”", request.note));
        }
        sentence.push_str("\n\nTake or decline it under On call, Swaps. Until somebody takes it, ");
        sentence.push_str(&format!("{giver} stays on call."));
    }
    NoticeText {
        subject,
        body: format!("{sentence}\n"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::tests::{house, person};
    use super::*;
    use crate::directory::Team;
    use crate::duty::tests::{at, weekly};
    use crate::{SwapId, TeamId};

    fn request(state: SwapState) -> SwapRequest {
        SwapRequest {
            id: SwapId(1),
            schedule_id: weekly(&[1, 2]).id,
            giver: UserId(1),
            start: at("2026-02-02T08:00:00Z"),
            end: at("2026-02-03T08:00:00Z"),
            held: vec![],
            offered_to: None,
            exchange: None,
            note: String::new(),
            state,
            taken_by: None,
            created_by: Some(UserId(1)),
            created_at: at("2026-01-01T00:00:00Z"),
            closed_at: None,
            closed_by: None,
        }
    }

    fn told(request: &SwapRequest, directory: &Directory, actor: i64) -> Vec<i64> {
        swap_notices(request, directory, Some(UserId(actor)))
            .into_iter()
            .map(|notice| notice.user.0)
            .collect()
    }

    #[test]
    fn an_offer_reaches_the_one_asked_or_all_who_may_take_it() {
        let mut directory = house(weekly(&[1, 2, 3]));
        let mut offer = request(SwapState::Offered);
        assert_eq!(told(&offer, &directory, 1), [2, 3], "who takes turns");
        offer.offered_to = Some(UserId(4));
        assert_eq!(told(&offer, &directory, 1), [4]);
        offer.offered_to = None;
        directory.teams.insert(
            TeamId(1),
            Arc::new(Team {
                id: TeamId(1),
                slug: "crew".into(),
                name: "Crew".into(),
                description: String::new(),
                members: [1, 2, 4].map(UserId).into(),
            }),
        );
        let mut schedule = weekly(&[1, 2, 3]);
        schedule.team_id = Some(TeamId(1));
        directory.schedules.insert(schedule.id, Arc::new(schedule));
        assert_eq!(told(&offer, &directory, 1), [2, 4], "the team");
        let mut gone = person(4);
        gone.disabled = true;
        directory.users.insert(UserId(4), Arc::new(gone));
        let wish = Reminders {
            leads: vec![],
            hand_off: false,
            ..Reminders::default()
        };
        directory.reminders.insert(UserId(2), wish);
        assert_eq!(told(&offer, &directory, 1), Vec::<i64>::new());
        offer.offered_to = Some(UserId(2));
        assert_eq!(told(&offer, &directory, 1), [2], "by name");
    }

    #[test]
    fn whoever_offered_hears_what_became_of_it() {
        let directory = house(weekly(&[1, 2]));
        let mut taken = request(SwapState::Taken);
        taken.taken_by = Some(UserId(2));
        assert_eq!(told(&taken, &directory, 2), [1]);
        assert_eq!(told(&taken, &directory, 3), [1, 2], "taken for another");
        let mut declined = request(SwapState::Declined);
        declined.offered_to = Some(UserId(2));
        assert_eq!(told(&declined, &directory, 2), [1]);
        let mut withdrawn = request(SwapState::Withdrawn);
        assert_eq!(told(&withdrawn, &directory, 1), Vec::<i64>::new());
        withdrawn.offered_to = Some(UserId(2));
        assert_eq!(told(&withdrawn, &directory, 1), [2]);
    }

    #[test]
    fn the_words_name_the_times_in_the_readers_zone() {
        let directory = house(weekly(&[1, 2]));
        let mut offer = request(SwapState::Offered);
        offer.offered_to = Some(UserId(2));
        offer.note = "dentist".into();
        offer.exchange = Some(Stretch {
            start: at("2026-02-09T08:00:00Z"),
            end: at("2026-02-10T08:00:00Z"),
        });
        let notice = &swap_notices(&offer, &directory, Some(UserId(1)))[0];
        let body = &notice.text.body;
        assert!(
            body.contains("Person 1 asks you to take shifts of"),
            "{body}"
        );
        assert!(
            body.contains("from Mon 2 Feb 2026 09:00 CET (08:00 UTC) until"),
            "{body}"
        );
        assert!(
            body.contains("In exchange Person 1 takes yours from Mon 9 Feb"),
            "{body}"
        );
        assert!(body.contains("“dentist”"), "{body}");
    }
}
