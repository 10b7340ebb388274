//! Notices: who hears of what happened.

use domain::escalation::{self, PagePlan};
use domain::incident::Incident;
use domain::notification;
use domain::reminder::method_for;
use domain::word::{ContactKind, NotificationKind};
use domain::{ContactMethodId, NotificationId, UserId};
use store::notification::Notification;

use super::Writing;
use crate::Error;

impl Writing<'_, '_> {
    /// PAGING.md §6.9: whoever was paged hears when another acknowledges or resolves.
    pub(super) fn tell_paged(
        &mut self,
        incident: &Incident,
        text: &str,
        except: Option<UserId>,
    ) -> Result<(), Error> {
        let directory = self.directory.clone();
        let mut sent: Vec<(UserId, ContactMethodId, ContactKind)> =
            store::notification::sent_methods(self.tx, incident.id)?;
        sent.retain(|(user, ..)| directory.user(*user).is_some_and(|one| one.hears_answers));
        for (user, method) in notification::notice::recipients(&sent, except) {
            self.tell(incident, user, text, Some(method))?;
        }
        Ok(())
    }

    /// PAGING.md §5.9: who follows those that are paged is told, by the quiet method of reminders.
    pub(super) fn tell_shadows(
        &mut self,
        incident: &Incident,
        pages: &[PagePlan],
    ) -> Result<(), Error> {
        let directory = self.directory.clone();
        for followed in escalation::shadows(pages, &directory, self.now) {
            let person = directory.user(followed.shadow);
            let Some(method) = person.and_then(|user| method_for(user, self.now)) else {
                continue;
            };
            let known = self.notifications.len();
            self.tell(incident, followed.shadow, &followed.text, Some(method.id))?;
            let new = self.notifications.iter().skip(known).map(|row| row.id);
            self.to_shadows.extend(new);
        }
        Ok(())
    }

    /// A notice to one person: by the given method, or by those that high urgency uses at once.
    pub(crate) fn tell(
        &mut self,
        incident: &Incident,
        user_id: UserId,
        text: &str,
        method: Option<ContactMethodId>,
    ) -> Result<(), Error> {
        let directory = self.directory.clone();
        let Some(user) = directory.user(user_id).filter(|user| !user.disabled) else {
            return Ok(());
        };
        let methods: Vec<ContactMethodId> = match method {
            Some(method) => vec![method],
            None => notification::plan(user, incident.urgency, self.now)
                .into_iter()
                .filter(|planned| planned.due_at <= self.now)
                .map(|planned| planned.method_id)
                .collect(),
        };
        for method in methods
            .iter()
            .filter_map(|id| user.method(*id))
            .filter(|m| m.usable())
        {
            let id = self.tx.id(NotificationId)?;
            let mut row = Notification::planned(
                id,
                NotificationKind::Notice,
                method.kind,
                method.address.clone(),
                incident.urgency,
                self.now,
            );
            row.user_id = Some(user_id);
            row.method_id = Some(method.id);
            row.incident_id = Some(incident.id);
            row.body = text.to_owned();
            self.notifications.push(row);
        }
        Ok(())
    }
}
