//! The list of incidents: open first, worst first, with every choice in the address.

use askama::Template;
use domain::Timestamp;
use domain::word::{IncidentSeverity, PagingState, Phase, Urgency};

use crate::view::frame::{Choice, Frame, Link, Pager};

/// One incident in a list.
#[derive(Clone, Debug)]
pub struct IncidentRow {
    pub number: i64,
    pub title: String,
    pub service: Option<Link>,
    pub paging: PagingState,
    /// Acknowledged and silent until then.
    pub snoozed_until: Option<Timestamp>,
    pub phase: Phase,
    pub severity: Option<IncidentSeverity>,
    pub urgency: Urgency,
    pub declared: bool,
    /// It collects what would be many incidents.
    pub is_storm: bool,
    pub opened_at: Timestamp,
    pub resolved_at: Option<Timestamp>,
    /// Names of the acknowledgers, or of the commander once there is one.
    pub holders: Vec<String>,
    pub alerts: u64,
    /// When the next status update is due.
    pub update_due: Option<Timestamp>,
}

/// `GET /incidents`. The query is read by [`IncidentFilter::from_query`].
#[derive(Clone, Debug, Template)]
#[template(path = "incident/list.html")]
pub struct IncidentListPage {
    pub frame: Frame,
    pub rows: Vec<IncidentRow>,
    pub filter: IncidentFilter,
    /// Services by slug.
    pub services: Vec<Choice>,
    /// How many incidents each state has under the other filters, in the order of
    /// [`StateFilter::ALL`].
    pub counts: Vec<u64>,
    pub pager: Pager,
}

/// Which incidents a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateFilter {
    Open,
    Triggered,
    Acknowledged,
    Snoozed,
    Resolved,
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncidentSort {
    /// Unacknowledged first, then by severity and urgency, then oldest first.
    Worst,
    Newest,
    Oldest,
}

impl StateFilter {
    pub const ALL: &'static [StateFilter] = &[
        StateFilter::Open,
        StateFilter::Triggered,
        StateFilter::Acknowledged,
        StateFilter::Snoozed,
        StateFilter::Resolved,
        StateFilter::All,
    ];

    /// The word in addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            StateFilter::Open => "open",
            StateFilter::Triggered => "triggered",
            StateFilter::Acknowledged => "acknowledged",
            StateFilter::Snoozed => "snoozed",
            StateFilter::Resolved => "resolved",
            StateFilter::All => "all",
        }
    }

    fn parse(word: &str) -> Option<StateFilter> {
        Self::ALL
            .iter()
            .copied()
            .find(|state| state.as_str() == word)
    }

    pub fn label(self) -> &'static str {
        match self {
            StateFilter::Open => "Open",
            StateFilter::Triggered => "Triggered",
            StateFilter::Acknowledged => "Acknowledged",
            StateFilter::Snoozed => "Snoozed",
            StateFilter::Resolved => "Resolved",
            StateFilter::All => "All",
        }
    }
}

impl IncidentSort {
    pub const ALL: &'static [IncidentSort] = &[
        IncidentSort::Worst,
        IncidentSort::Newest,
        IncidentSort::Oldest,
    ];

    /// The word in addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            IncidentSort::Worst => "worst",
            IncidentSort::Newest => "newest",
            IncidentSort::Oldest => "oldest",
        }
    }

    fn parse(word: &str) -> Option<IncidentSort> {
        Self::ALL.iter().copied().find(|sort| sort.as_str() == word)
    }

    pub fn label(self) -> &'static str {
        match self {
            IncidentSort::Worst => "Worst first",
            IncidentSort::Newest => "Newest first",
            IncidentSort::Oldest => "Oldest first",
        }
    }
}

impl IncidentRow {
    /// `INC-0042`.
    pub fn name(&self) -> String {
        super::incident_name(self.number)
    }
}

impl IncidentListPage {
    fn states(&self) -> impl Iterator<Item = (&'static StateFilter, u64)> + '_ {
        StateFilter::ALL
            .iter()
            .zip(self.counts.iter().copied().chain(std::iter::repeat(0)))
    }

    fn sorts(&self) -> &'static [IncidentSort] {
        IncidentSort::ALL
    }

    fn empty_head(&self) -> &'static str {
        match self.filter.state {
            StateFilter::Open => "Nothing is open.",
            StateFilter::Triggered => "Nobody is waited for.",
            StateFilter::Acknowledged => "Nothing is being worked on.",
            StateFilter::Snoozed => "Nothing is snoozed.",
            StateFilter::Resolved | StateFilter::All => "No incident so far.",
        }
    }
}

/// The state of the list, all of it in the address:
/// `?state=open&severity=SEV1&urgency=high&service=checkout&mine=yes&q=words&sort=worst&page=2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentFilter {
    pub state: StateFilter,
    pub severity: Option<IncidentSeverity>,
    pub urgency: Option<Urgency>,
    /// A service's slug.
    pub service: Option<String>,
    /// Only incidents the viewer was paged for, acknowledged or has a role in.
    pub mine: bool,
    /// Words looked for in title and number.
    pub q: String,
    pub sort: IncidentSort,
    /// From 1.
    pub page: u64,
}

impl Default for IncidentFilter {
    fn default() -> Self {
        IncidentFilter {
            state: StateFilter::Open,
            severity: None,
            urgency: None,
            service: None,
            mine: false,
            q: String::new(),
            sort: IncidentSort::Worst,
            page: 1,
        }
    }
}

impl IncidentFilter {
    /// Reads the query of an address; what it does not understand it leaves at the default.
    pub fn from_query(query: &str) -> IncidentFilter {
        let mut filter = IncidentFilter::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "state" => filter.state = StateFilter::parse(&value).unwrap_or(filter.state),
                "severity" => filter.severity = value.parse().ok(),
                "urgency" => filter.urgency = value.parse().ok(),
                "service" => {
                    filter.service = (!value.is_empty()).then(|| value.into_owned());
                }
                "mine" => filter.mine = value == "yes",
                "q" => filter.q = value.trim().to_owned(),
                "sort" => filter.sort = IncidentSort::parse(&value).unwrap_or(filter.sort),
                "page" => filter.page = value.parse().unwrap_or(1).max(1),
                _ => {}
            }
        }
        filter
    }

    /// The address of the list with this filter; defaults are left out.
    pub fn href(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let default = IncidentFilter::default();
        if self.state != default.state {
            query.append_pair("state", self.state.as_str());
        }
        if let Some(severity) = self.severity {
            query.append_pair("severity", severity.as_str());
        }
        if let Some(urgency) = self.urgency {
            query.append_pair("urgency", urgency.as_str());
        }
        if let Some(service) = &self.service {
            query.append_pair("service", service);
        }
        if self.mine {
            query.append_pair("mine", "yes");
        }
        if !self.q.is_empty() {
            query.append_pair("q", &self.q);
        }
        if self.sort != default.sort {
            query.append_pair("sort", self.sort.as_str());
        }
        if self.page > 1 {
            query.append_pair("page", &self.page.to_string());
        }
        match query.finish() {
            query if query.is_empty() => "/incidents".to_owned(),
            query => format!("/incidents?{query}"),
        }
    }

    /// The address with another state, from its first page.
    pub fn with_state(&self, state: &StateFilter) -> String {
        IncidentFilter {
            state: *state,
            page: 1,
            ..self.clone()
        }
        .href()
    }

    /// The address of another page of the same list.
    pub fn with_page(&self, page: u64) -> String {
        IncidentFilter {
            page,
            ..self.clone()
        }
        .href()
    }

    /// The address with the viewer's own incidents only, or with everybody's.
    pub fn with_mine(&self, mine: bool) -> String {
        IncidentFilter {
            mine,
            page: 1,
            ..self.clone()
        }
        .href()
    }

    fn is_urgency(&self, word: &str) -> bool {
        self.urgency.is_some_and(|urgency| urgency.as_str() == word)
    }

    /// Whether anything but the state narrows the list.
    pub fn is_narrow(&self) -> bool {
        self.is_chosen() || !self.q.is_empty()
    }

    /// Whether one of the filters beside the search field is set.
    fn is_chosen(&self) -> bool {
        self.severity.is_some() || self.urgency.is_some() || self.service.is_some() || self.mine
    }
}

/// What `POST /incidents/bulk` sends: `do` (`acknowledge`, `resolve`), `number` (repeated), `next`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BulkForm {
    /// `false`: acknowledge.
    pub resolve: bool,
    pub numbers: Vec<i64>,
}

impl BulkForm {
    /// Reads the pairs of the body; numbers that are none are left out.
    pub fn from_pairs(pairs: &[(String, String)]) -> BulkForm {
        BulkForm {
            resolve: pairs
                .iter()
                .any(|(name, value)| name == "do" && value == "resolve"),
            numbers: pairs
                .iter()
                .filter(|(name, _)| name == "number")
                .filter_map(|(_, value)| value.parse().ok())
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_its_address() {
        let query = "state=resolved&severity=SEV2&urgency=high&service=checkout&mine=yes&q=a+b%26c&sort=newest&page=3";
        let filter = IncidentFilter::from_query(query);
        assert_eq!(filter.severity, Some(IncidentSeverity::Sev2));
        assert_eq!(filter.q, "a b&c");
        assert_eq!(filter.href(), format!("/incidents?{query}"));
        assert_eq!(IncidentFilter::default().href(), "/incidents");
        assert_eq!(
            IncidentFilter::from_query("state=nonsense&page=-1"),
            IncidentFilter::default()
        );
        assert!(!filter.with_state(&StateFilter::All).contains("page="));
    }
}
