//! Notices: who hears of what happened.

use domain::incident::Incident;
use domain::notification;
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
