//! Messages on their way: the counterpart of the engine's dispatcher, whose rules it shares
//! ([`crate::notification`]).

use std::collections::BTreeMap;

use super::world::World;
use super::{EventKind, Fate, Fault, Message, MessageWhy};
use crate::directory::ContactMethod;
use crate::escalation::{self, PagePlan};
use crate::notification::{
    self, AttemptResult, BUNDLE_WINDOW, Bundle, Next, Recheck, Sibling, after_attempt, bundle,
    may_travel, still_wanted,
};
use crate::reminder::method_for;
use crate::word::{ContactKind, NotificationKind, NotificationState, Urgency};
use crate::{ContactMethodId, PageId, Timestamp, UserId};

const ANSWERED: &str = "answered before it was sent";

/// What travels together; the last part is the message's own id where it travels alone.
type Key = (UserId, ContactKind, String, Urgency, NotificationKind, i64);

impl World<'_> {
    pub(super) fn next_message_due(&self) -> Option<Timestamp> {
        self.messages
            .iter()
            .filter(|one| one.state == NotificationState::Planned)
            .map(|one| one.due_at)
            .min()
    }

    pub(super) fn plan_messages(&mut self, page: PageId, user: UserId, urgency: Urgency) {
        let directory = self.directory.clone();
        let Some(person) = directory.user(user) else {
            return;
        };
        for planned in notification::plan(person, urgency, self.now) {
            let Some(method) = person.method(planned.method_id) else {
                continue;
            };
            let why = match planned.rule_id {
                Some(id) => MessageWhy::Rule {
                    id,
                    delay: planned.due_at.since(self.now),
                },
                None => MessageWhy::Default,
            };
            let mut message = self.message(user, method, urgency, NotificationKind::Page, why);
            message.page = Some(page);
            message.due_at = planned.due_at;
            self.messages.push(message);
        }
    }

    fn message(
        &mut self,
        user: UserId,
        method: &ContactMethod,
        urgency: Urgency,
        kind: NotificationKind,
        why: MessageWhy,
    ) -> Message {
        Message {
            id: self.message_id(),
            kind,
            state: NotificationState::Planned,
            user,
            method_id: method.id,
            channel: method.kind,
            address: method.address.clone(),
            urgency,
            page: None,
            bundle: None,
            why,
            text: String::new(),
            due_at: self.now,
            attempts: 0,
            waits_since: None,
            first_attempt_at: None,
            accepted_at: None,
            last_error: None,
        }
    }

    /// Whoever was paged hears what came of it, but for who did it (PAGING.md §6.9).
    pub(super) fn tell_paged(&mut self, text: &str, except: Option<UserId>) {
        let sent: Vec<_> = self
            .messages
            .iter()
            .filter(|one| one.kind == NotificationKind::Page)
            .filter(|one| one.attempts > 0 || one.state == NotificationState::Bundled)
            .map(|one| (one.user, one.method_id, one.channel))
            .collect();
        for (user, method) in notification::notice::recipients(&sent, except) {
            self.tell(user, method, MessageWhy::Told, text);
        }
    }

    /// Who follows those that are paged is told (PAGING.md §5.9).
    pub(super) fn tell_shadows(&mut self, pages: &[PagePlan]) {
        let directory = self.directory.clone();
        for followed in escalation::shadows(pages, &directory, self.now) {
            let person = directory.user(followed.shadow);
            let method = person.and_then(|person| method_for(person, self.now));
            if let Some(method) = method {
                self.tell(
                    followed.shadow,
                    method.id,
                    MessageWhy::Follows,
                    &followed.text,
                );
            }
        }
    }

    /// A notice to one person.
    fn tell(&mut self, user: UserId, method: ContactMethodId, why: MessageWhy, text: &str) {
        let directory = self.directory.clone();
        let method = directory
            .user(user)
            .filter(|person| !person.disabled)
            .and_then(|person| person.method(method))
            .filter(|method| method.usable());
        if let Some(method) = method {
            let urgency = self.incident.urgency;
            let mut notice = self.message(user, method, urgency, NotificationKind::Notice, why);
            notice.text = text.to_owned();
            self.messages.push(notice);
        }
    }

    /// What has not left yet for the incident need not any more (PAGING.md §6.3).
    pub(super) fn cancel_pages(&mut self) {
        let planned: Vec<usize> = self
            .indices(|one| {
                one.kind == NotificationKind::Page && one.state == NotificationState::Planned
            })
            .collect();
        for index in planned {
            self.cancel(index, ANSWERED);
        }
    }

    /// Ends a planned message unsent; what was to travel as part of it is planned by itself again.
    fn cancel(&mut self, index: usize, why: &str) {
        let id = self.messages[index].id;
        self.messages[index].state = NotificationState::Cancelled;
        self.messages[index].last_error = Some(why.to_owned());
        for other in &mut self.messages {
            if other.bundle == Some(id) && other.state == NotificationState::Bundled {
                other.state = NotificationState::Planned;
                other.bundle = None;
            }
        }
        self.let_others_go(index);
        self.say(index, Fate::Cancelled, &format!("is not sent: {why}"));
    }

    /// What waits for the window of a message that will not arrive goes now (PAGING.md §6.4).
    fn let_others_go(&mut self, index: usize) {
        let now = self.now;
        let lead = self.messages[index].clone();
        let Some(end) = notification::ends_early(lead.first_attempt_at, now) else {
            return;
        };
        for other in &mut self.messages {
            if alike(other, &lead)
                && other.state == NotificationState::Planned
                && other.waits_since.is_some()
                && other.attempts == 0
                && now < other.due_at
                && other.due_at <= end
            {
                other.due_at = now;
            }
        }
    }

    /// Sends everything that is due; false when nothing was.
    pub(super) fn send_due(&mut self) -> bool {
        let now = self.now;
        let mut due: Vec<usize> = self
            .indices(|one| one.state == NotificationState::Planned && one.due_at <= now)
            .collect();
        if due.is_empty() {
            return false;
        }
        due.sort_by_key(|index| (self.messages[*index].due_at, self.messages[*index].id));
        let mut bundles: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
        for index in due {
            if self.wanted(index) {
                let key = self.key(index);
                bundles.entry(key).or_default().push(index);
            }
        }
        for members in bundles.into_values() {
            self.send(members);
        }
        true
    }

    fn indices(&self, wanted: impl Fn(&Message) -> bool) -> impl Iterator<Item = usize> {
        let found: Vec<usize> = (0..self.messages.len())
            .filter(|index| wanted(&self.messages[*index]))
            .collect();
        found.into_iter()
    }

    fn wanted(&mut self, index: usize) -> bool {
        let message = &self.messages[index];
        let page = message
            .page
            .and_then(|id| self.pages.iter().find(|page| page.id == id));
        let answered = page.is_some_and(|page| {
            let check = Recheck::of(message.kind, page.cause, page.at, &self.incident);
            !still_wanted(&check)
        });
        if answered {
            self.cancel(index, ANSWERED);
            return false;
        }
        let gone = notification::gone(
            message.kind,
            Some(message.user),
            Some(message.method_id),
            &self.directory,
        );
        match gone {
            None => true,
            Some(why) => {
                self.cancel(index, why);
                self.next_method(index);
                false
            }
        }
    }

    fn key(&self, index: usize) -> Key {
        let one = &self.messages[index];
        let alone = if may_travel(one.kind, one.attempts, true) {
            0
        } else {
            one.id.0
        };
        let address = one.address.clone();
        (one.user, one.channel, address, one.urgency, one.kind, alone)
    }

    /// One message, which stands for all `members`.
    fn send(&mut self, members: Vec<usize>) {
        let Some((&lead, others)) = members.split_first() else {
            return;
        };
        let now = self.now;
        let like = &self.messages[lead];
        if may_travel(like.kind, like.attempts, true) {
            let last = self
                .messages
                .iter()
                .filter(|one| alike(one, like))
                // One that failed and is tried again has begun a window, too.
                .filter(|one| match one.state {
                    NotificationState::Planned | NotificationState::Sending => true,
                    _ => one.accepted_at.is_some_and(|at| at > now - BUNDLE_WINDOW),
                })
                .filter_map(|one| one.first_attempt_at)
                .filter(|first| *first > now - BUNDLE_WINDOW)
                .max();
            let waits_since = members
                .iter()
                .filter_map(|index| self.messages[*index].waits_since)
                .min();
            if let Bundle::WaitUntil(until) = bundle(last, waits_since, now) {
                for index in members {
                    self.messages[index].waits_since.get_or_insert(now);
                    self.messages[index].due_at = until;
                    let left = until.since(now);
                    let text = format!("waits {left}, so that messages do not come one by one");
                    self.say(index, Fate::PutOff, &text);
                }
                return;
            }
        }
        let id = self.messages[lead].id;
        for index in others {
            self.messages[*index].state = NotificationState::Bundled;
            self.messages[*index].bundle = Some(id);
            self.messages[*index].waits_since.get_or_insert(now);
            self.say(*index, Fate::Bundled, "goes as part of another message");
        }
        let message = &mut self.messages[lead];
        message.state = NotificationState::Sending;
        message.attempts = message.attempts.saturating_add(1);
        message.first_attempt_at.get_or_insert(now);
        self.attempt(lead);
    }

    fn attempt(&mut self, index: usize) {
        let now = self.now;
        let channel = self.messages[index].channel;
        let outages = &self.scenario.outages;
        let fault = outages
            .iter()
            .find(|outage| outage.covers(channel, now))
            .map(|outage| outage.fault);
        let (result, error) = match fault {
            None => (AttemptResult::Accepted, ""),
            Some(Fault::Temporary) => (
                AttemptResult::Temporary { retry_after: None },
                "the provider cannot be reached",
            ),
            Some(Fault::Permanent) => (
                AttemptResult::Permanent {
                    method_broken: true,
                },
                "the provider refuses the address",
            ),
            Some(Fault::NotSetUp) => (AttemptResult::Misconfigured, "no provider is set up"),
        };
        let message = &self.messages[index];
        let attempts = u32::try_from(message.attempts).unwrap_or(u32::MAX);
        let first = message.first_attempt_at.unwrap_or(now);
        let user = message.user;
        let decision = after_attempt(attempts, first, result, 0.0, now);
        let (state, fate, text) = match decision.next {
            Next::Accepted => (
                NotificationState::Accepted,
                Fate::Sent,
                "is sent".to_owned(),
            ),
            Next::RetryAt(at) => (
                NotificationState::Planned,
                Fate::Failed,
                format!("fails ({error}) and is tried again in {}", at.since(now)),
            ),
            Next::GiveUp => (
                NotificationState::Failed,
                Fate::GivenUp,
                format!("is given up: {error}"),
            ),
        };
        let message = &mut self.messages[index];
        message.state = state;
        if let Next::RetryAt(at) = decision.next {
            message.due_at = at;
        }
        if decision.next == Next::Accepted {
            message.accepted_at = Some(now);
        } else {
            message.last_error = Some(error.to_owned());
        }
        self.say(index, fate, &text);
        if decision.mark_method_broken {
            self.break_method(user, index, error);
        }
        if decision.next == Next::GiveUp {
            self.let_others_go(index);
        }
        if decision.start_next_method_now || decision.next == Next::GiveUp {
            self.start_next_methods(index, decision.next == Next::GiveUp);
        }
        if decision.next == Next::Accepted && self.messages[index].kind == NotificationKind::Page {
            self.received(user);
        }
    }

    /// Somebody has got a message: whatever they were to do about it is due after a while.
    fn received(&mut self, user: UserId) {
        let count = self.received.entry(user).or_insert(0);
        *count = count.saturating_add(1);
        let nth = *count;
        for answer in &self.scenario.answers {
            if answer.user == user && answer.message == nth {
                self.answers.push((self.now + answer.after, *answer));
            }
        }
    }

    /// For every page that the message stood for.
    fn start_next_methods(&mut self, index: usize, over: bool) {
        let id = self.messages[index].id;
        let of_message: Vec<usize> = std::iter::once(index)
            .chain(self.indices(|one| one.bundle == Some(id)))
            .collect();
        for one in of_message {
            if over {
                self.next_method(one);
            } else if let Some(page) = self.messages[one].page {
                let all = self.siblings(page);
                self.hasten(&all, self.messages[one].waits_since);
            }
        }
    }

    fn next_method(&mut self, index: usize) {
        let lost = &self.messages[index];
        let (Some(page), user) = (lost.page, lost.user) else {
            return;
        };
        let (urgency, kind, waits_since) = (lost.urgency, lost.kind, lost.waits_since);
        let lost = sibling(lost);
        let all = self.siblings(page);
        self.hasten(&all, waits_since);
        let directory = self.directory.clone();
        let Some(person) = directory.user(user) else {
            return;
        };
        for method in notification::instead(&all, &lost, person) {
            let mut other = self.message(user, method, urgency, kind, MessageWhy::Instead);
            other.page = Some(page);
            other.waits_since = waits_since;
            self.messages.push(other);
        }
    }

    fn siblings(&self, page: PageId) -> Vec<Sibling> {
        self.messages
            .iter()
            .filter(|one| one.page == Some(page))
            .map(sibling)
            .collect()
    }

    fn hasten(&mut self, all: &[Sibling], waits_since: Option<Timestamp>) {
        let now = self.now;
        let next = notification::hastened(all, now);
        let stand_ins = notification::stand_ins(all, now);
        for message in &mut self.messages {
            if next == Some(message.id) {
                message.due_at = now;
                message.why = MessageWhy::Hastened;
            }
            if stand_ins.contains(&message.id) {
                let since = [message.waits_since, waits_since];
                message.waits_since = since.into_iter().flatten().min();
            }
        }
    }

    /// `SMS to Ana is sent (rule 1 of Ana: SMS at once).`
    fn say(&mut self, index: usize, fate: Fate, what: &str) {
        let message = &self.messages[index];
        let (id, name) = (message.id, self.directory.user_name(message.user));
        let channel = match message.channel {
            ContactKind::Email => "Email",
            ContactKind::Sms => "SMS",
        };
        let why = message.why_in_words(&self.directory);
        let text = match (fate, message.kind) {
            (Fate::Sent | Fate::Failed | Fate::GivenUp, NotificationKind::Notice) => {
                format!("{channel} to {name} {what}: “{}” ({why}).", message.text)
            }
            (Fate::Sent | Fate::Failed | Fate::GivenUp, _) => {
                format!("{channel} to {name} {what} ({why}).")
            }
            _ => format!("{channel} to {name} {what}."),
        };
        self.event(EventKind::Message(id, fate), text);
    }
}

/// Whether two messages share a window: to the same person and address, of the same urgency and
/// kind.
fn alike(one: &Message, other: &Message) -> bool {
    (one.user, one.channel, &one.address) == (other.user, other.channel, &other.address)
        && (one.urgency, one.kind) == (other.urgency, other.kind)
}

fn sibling(message: &Message) -> Sibling {
    Sibling {
        id: message.id,
        state: message.state,
        method_id: Some(message.method_id),
        attempts: message.attempts,
        due_at: message.due_at,
        bundle_id: message.bundle,
    }
}
