//! The list of postmortems.

use domain::directory::Directory;
use domain::word::{ActionStatus, PostmortemStatus};
use store::Conn;
use store::postmortem::{ActionItem, Filter, Listed};

use crate::view::postmortem::{PostmortemListPage, PostmortemRow};
use crate::view::{Frame, Pager};

const ROWS: u64 = 25;

/// The state of the list, all of it in the address: `?q=words&status=draft&page=2`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    pub q: String,
    pub status: Option<PostmortemStatus>,
    /// From 1; 0 reads as 1.
    pub page: u64,
}

impl Query {
    /// Reads the query of an address; what it does not understand it leaves out.
    pub fn parse(query: &str) -> Query {
        let mut found = Query::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "q" => found.q = value.trim().to_owned(),
                "status" => found.status = value.parse().ok(),
                "page" => found.page = value.parse().unwrap_or(1),
                _ => {}
            }
        }
        found
    }

    fn href(&self, page: u64) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if !self.q.is_empty() {
            query.append_pair("q", &self.q);
        }
        if let Some(status) = self.status {
            query.append_pair("status", status.as_str());
        }
        if page > 1 {
            query.append_pair("page", &page.to_string());
        }
        match query.finish() {
            query if query.is_empty() => "/postmortems".to_owned(),
            query => format!("/postmortems?{query}"),
        }
    }

    fn page(&self) -> u64 {
        self.page.clamp(1, 10_000)
    }
}

/// What the page needs of the database.
pub struct Found {
    rows: Vec<(Listed, Vec<ActionItem>)>,
    more: bool,
}

impl Found {
    /// # Errors
    /// Those of the reads.
    pub fn read(conn: &mut Conn, query: &Query) -> Result<Found, store::Error> {
        let filter = Filter {
            status: query.status.into_iter().collect(),
            owner: None,
            text: (!query.q.is_empty()).then(|| query.q.clone()),
        };
        let skipped = (query.page() - 1) * ROWS;
        let wanted = i64::try_from(skipped + ROWS + 1).unwrap_or(i64::MAX);
        let listed = store::postmortem::list(conn, &filter, None, wanted)?;
        let mut listed: Vec<Listed> = listed
            .into_iter()
            .skip(usize::try_from(skipped).unwrap_or(usize::MAX))
            .collect();
        let rows = usize::try_from(ROWS).unwrap_or(usize::MAX);
        let more = listed.len() > rows;
        listed.truncate(rows);
        let mut found = Vec::with_capacity(listed.len());
        for one in listed {
            let actions = store::postmortem::actions(conn, one.postmortem.incident_id)?;
            found.push((one, actions));
        }
        Ok(Found { rows: found, more })
    }

    pub fn page(self, directory: &Directory, frame: Frame, query: Query) -> PostmortemListPage {
        let page = query.page();
        let first = (page - 1) * ROWS;
        let count = u64::try_from(self.rows.len()).unwrap_or(0);
        let pager = Pager {
            previous: (page > 1).then(|| query.href(page - 1)),
            next: self.more.then(|| query.href(page + 1)),
            first: if count == 0 { 0 } else { first + 1 },
            last: first + count,
            total: None,
        };
        PostmortemListPage {
            frame,
            rows: self
                .rows
                .iter()
                .map(|(one, actions)| row(one, actions, directory))
                .collect(),
            q: query.q,
            status: query.status,
            pager,
        }
    }
}

fn row(one: &Listed, actions: &[ActionItem], directory: &Directory) -> PostmortemRow {
    let open = actions
        .iter()
        .filter(|item| matches!(item.status, ActionStatus::Open | ActionStatus::InProgress));
    PostmortemRow {
        number: one.postmortem.number,
        title: one.postmortem.title.clone(),
        status: one.postmortem.status,
        severity: one.severity,
        owner: one
            .postmortem
            .owner_id
            .map(|user| directory.user_name(user).to_owned()),
        updated_at: one.postmortem.updated_at,
        actions_open: u32::try_from(open.count()).unwrap_or(u32::MAX),
        actions: u32::try_from(actions.len()).unwrap_or(u32::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_its_address() {
        let text = "q=check+out&status=in_review&page=3";
        let query = Query::parse(text);
        assert_eq!(query.status, Some(PostmortemStatus::InReview));
        assert_eq!(query.href(3), format!("/postmortems?{text}"));
        assert_eq!(
            Query::parse("page=x&status=nonsense").href(1),
            "/postmortems"
        );
        assert_eq!(Query::default().page(), 1);
    }
}
