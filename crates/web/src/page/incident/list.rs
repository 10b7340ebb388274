//! The list of incidents: open first, worst first, with every choice in the address.

use domain::directory::Directory;
use domain::word::PagingState;
use domain::{Timestamp, UserId};
use store::Conn;
use store::board::{Filter, Order};

use super::row;
use crate::page::name;
use crate::view::incident::{
    IncidentFilter, IncidentListPage, IncidentRow, IncidentSort, StateFilter,
};
use crate::view::{Frame, Pager};

const ROWS: u64 = 50;
/// Pages beyond this one are not asked of the database.
const PAGES: u64 = 100_000;

/// What the page needs of the database.
pub struct Found {
    rows: Vec<IncidentRow>,
    /// In the order of [`StateFilter::ALL`].
    counts: Vec<u64>,
}

impl Found {
    /// # Errors
    /// Those of the reads.
    pub fn read(
        conn: &mut Conn,
        directory: &Directory,
        filter: &IncidentFilter,
        viewer: UserId,
        now: Timestamp,
    ) -> Result<Found, store::Error> {
        let offset = i64::try_from(skipped(filter)).unwrap_or(i64::MAX);
        let limit = i64::try_from(ROWS).unwrap_or(i64::MAX);
        let wanted = narrow(filter, filter.state, directory, viewer);
        let order = match filter.sort {
            IncidentSort::Worst => Order::Worst,
            IncidentSort::Newest => Order::Newest,
            IncidentSort::Oldest => Order::Oldest,
        };
        let incidents = store::board::list(conn, &wanted, order, now, offset, limit)?;
        let mut counts = Vec::with_capacity(StateFilter::ALL.len());
        for &state in StateFilter::ALL {
            let one = narrow(filter, state, directory, viewer);
            let count = store::board::count(conn, &one, now)?;
            counts.push(u64::try_from(count).unwrap_or(0));
        }
        Ok(Found {
            rows: row::rows(conn, &incidents, directory)?,
            counts,
        })
    }

    /// The page as the viewer of `frame` sees it.
    pub fn page(
        self,
        directory: &Directory,
        frame: Frame,
        filter: IncidentFilter,
    ) -> IncidentListPage {
        let place = StateFilter::ALL
            .iter()
            .position(|state| *state == filter.state);
        let total = place
            .and_then(|place| self.counts.get(place))
            .copied()
            .unwrap_or(0);
        IncidentListPage {
            pager: pager(&filter, self.rows.len(), total),
            rows: self.rows,
            services: name::service_slugs(directory),
            counts: self.counts,
            filter,
            frame,
        }
    }
}

fn page_of(filter: &IncidentFilter) -> u64 {
    filter.page.clamp(1, PAGES)
}

fn skipped(filter: &IncidentFilter) -> u64 {
    (page_of(filter) - 1) * ROWS
}

fn pager(filter: &IncidentFilter, shown: usize, total: u64) -> Pager {
    let page = page_of(filter);
    let first = skipped(filter);
    let shown = u64::try_from(shown).unwrap_or(0);
    Pager {
        previous: (page > 1).then(|| filter.with_page(page - 1)),
        next: (first + shown < total && shown > 0).then(|| filter.with_page(page + 1)),
        first: if shown == 0 { 0 } else { first + 1 },
        last: first + shown,
        total: Some(total),
    }
}

/// The filter as the database understands it, with another state.
fn narrow(
    filter: &IncidentFilter,
    state: StateFilter,
    directory: &Directory,
    viewer: UserId,
) -> Filter {
    let (paging, snoozed) = match state {
        StateFilter::Open => (
            vec![PagingState::Triggered, PagingState::Acknowledged],
            None,
        ),
        StateFilter::Triggered => (vec![PagingState::Triggered], None),
        StateFilter::Acknowledged => (vec![PagingState::Acknowledged], Some(false)),
        StateFilter::Snoozed => (vec![PagingState::Acknowledged], Some(true)),
        StateFilter::Resolved => (vec![PagingState::Resolved], None),
        StateFilter::All => (Vec::new(), None),
    };
    Filter {
        paging,
        snoozed,
        // A service that is gone matches nothing rather than everything.
        service: filter.service.as_deref().map(|slug| {
            directory
                .service_by_slug(slug)
                .map_or(domain::ServiceId(0), |service| service.id)
        }),
        urgency: filter.urgency,
        severity: filter.severity,
        of: filter.mine.then_some(viewer),
        text: filter.q.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::sample::directory;

    #[test]
    fn a_part_of_the_list_knows_its_neighbours() {
        let filter = IncidentFilter {
            page: 2,
            ..IncidentFilter::default()
        };
        let middle = pager(&filter, 50, 120);
        assert_eq!(middle.previous.as_deref(), Some("/incidents"));
        assert_eq!(middle.next.as_deref(), Some("/incidents?page=3"));
        assert_eq!((middle.first, middle.last), (51, 100));
        let last = pager(&filter, 20, 70);
        assert_eq!(last.next, None);
        assert_eq!((last.first, last.last), (51, 70));
        let beyond = pager(&filter, 0, 3);
        assert_eq!((beyond.first, beyond.next), (0, None));
    }

    #[test]
    fn a_service_that_is_gone_matches_nothing() {
        let directory = directory();
        let mut filter = IncidentFilter {
            service: Some("checkout".into()),
            mine: true,
            ..IncidentFilter::default()
        };
        let me = UserId(1);
        let known = narrow(&filter, StateFilter::Snoozed, &directory, me);
        assert_eq!(known.service, Some(domain::ServiceId(8)));
        assert_eq!((known.snoozed, known.of), (Some(true), Some(me)));
        filter.service = Some("gone".into());
        let gone = narrow(&filter, StateFilter::All, &directory, me);
        assert_eq!(gone.service, Some(domain::ServiceId(0)));
        assert!(gone.paging.is_empty());
    }
}
