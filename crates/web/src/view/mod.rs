//! Everything that is shown, as plain structs with askama templates: handlers fill them and call
//! `render()`. Nothing here reads a database or a clock.
//!
//! # The contract with the handlers
//!
//! Every form of the templates posts to one of the rows below, with exactly these fields, and each
//! also sends `csrf` (but `/a/{token}`). A post that is fine answers `303` to the page named last; a
//! post that is refused answers `422` with the same page and what was typed ([`Form`]). The table
//! [`contract::POSTS`] says the same to the tests. `next` is a path of this site, else ignored.
//!
//! | Post to | Fields | Leads to |
//! |---|---|---|
//! | `/setup` | `name` `email` `password` `zone` | `/` |
//! | `/sign-in` | `email` `password` `next` | `next` or `/` |
//! | `/sign-out` | | `/sign-in` |
//! | `/theme` | `theme` (`light` `dark` `system`) `next` | `next` |
//! | `/preview` | `body` | a fragment: the Markdown rendered (script only) |
//! | `/incidents` | `title` `service` (id or empty) `severity` `urgency` `description` `command` (`yes`) | the incident |
//! | `/incidents/bulk` | `do` (`acknowledge` `resolve`) `number`… `next` | `next` |
//! | `/incidents/{number}/acknowledge` | | the incident |
//! | `/incidents/{number}/unacknowledge` | | the incident |
//! | `/incidents/{number}/resolve` | `note` | the incident |
//! | `/incidents/{number}/escalate` | `step` (number from 1, empty: the next) | the incident |
//! | `/incidents/{number}/snooze` | `minutes` | the incident |
//! | `/incidents/{number}/note` | `body` (Markdown) | the incident |
//! | `/incidents/{number}/reassign` | `target` (`user:{id}` `policy:{id}`) | the incident |
//! | `/incidents/{number}/responders` | `target` (`user:{id}` `schedule:{id}` `team:{id}`) `message` | the incident |
//! | `/incidents/{number}/responders/answer` | `do` (`accept` `decline`) `reason` | the incident |
//! | `/page` | see [`incident::PageSomebodyPage`] | the incident |
//! | `/incidents/{number}/declare` | `severity` `command` (`yes`) | the incident |
//! | `/incidents/{number}/phase` | `phase` `reason` | the incident |
//! | `/incidents/{number}/severity` | `severity` `reason` | the incident |
//! | `/incidents/{number}/title` | `title` | the incident |
//! | `/incidents/{number}/roles/{role}/claim` | `reason` (needed to take it from its holder) | the incident |
//! | `/incidents/{number}/roles/{role}/release` | | the incident |
//! | `/incidents/{number}/roles/{role}/handover` | `to` (user id) `brief` | the incident |
//! | `/incidents/{number}/handovers/{id}/accept` | | the incident |
//! | `/incidents/{number}/handovers/{id}/decline` | | the incident |
//! | `/incidents/{number}/updates` | `body` (Markdown) `phase` `next_minutes` (empty: none promised) `do` (`publish` `preview`) | the incident |
//! | `/incidents/{number}/postmortem` | | the postmortem |
//! | `/a/{token}` | `do` (`acknowledge` `resolve` `accept` `decline`), `reason` | renders [`incident::AnswerDonePage`] |
//! | `/services` | see [`service::ServiceFormPage`] | the service |
//! | `/services/{slug}` | see [`service::ServiceFormPage`] | the service |
//! | `/services/{slug}/integrations` | `name` `kind` `global` (`yes`) | renders [`service::IntegrationKeyPage`] |
//! | `/services/{slug}/integrations/{id}/test` | | the integration |
//! | `/services/{slug}/integrations/{id}/routing/switch` | `on` (`yes` `no`) | its rules |
//! | `/services/{slug}/integrations/{id}/routing/rest` | `service` (id) | its rules |
//! | `/services/{slug}/integrations/{id}/routing` | see [`routing::RulePage`] | its rules |
//! | `/services/{slug}/integrations/{id}/routing/{rule}` | see [`routing::RulePage`] | its rules |
//! | `/services/{slug}/integrations/{id}/routing/{rule}/{act}` (`up` `down` `on` `off` `delete`) | | its rules |
//! | `/signals/{id}/replay` | | the request |
//! | `/services/{slug}/integrations/{id}/rotate` | | renders [`service::IntegrationKeyPage`] |
//! | `/services/{slug}/integrations/{id}/delete` | `confirm` (the integration's name) | the service |
//! | `/services/{slug}/delete` | `confirm` (the slug) | `/services` |
//! | `/heartbeats`, `/heartbeats/{id}` | see [`heartbeat::HeartbeatFormPage`] | the heartbeat |
//! | `/heartbeats/{id}/pause`, `…/resume`, `…/rotate` | | the heartbeat |
//! | `/heartbeats/{id}/delete` | `confirm` (the name) | `/heartbeats` |
//! | `/schedules` | see [`schedule::ScheduleForm`] | the schedule |
//! | `/schedules/{slug}` | see [`schedule::ScheduleForm`] | the schedule |
//! | `/schedules/{slug}/overrides` | `kind` `user`… `start` `end` | the schedule |
//! | `/schedules/{slug}/overrides/{id}/delete` | | the schedule |
//! | `/schedules/{slug}/temporaries` | see [`schedule_temporary::TemporaryPage`] | the schedule |
//! | `/schedules/{slug}/temporaries/{id}/delete` | | the schedule |
//! | `/schedules/{slug}/swaps` | see [`swap::SwapFormPage`] | `/on-call/swaps` |
//! | `/on-call/swaps/{id}/take`, `…/decline`, `…/withdraw` | | `/on-call/swaps` |
//! | `/schedules/{slug}/delete` | `confirm` (the slug) | `/schedules` |
//! | `/holidays`, `/holidays/{slug}` | see [`holiday::HolidayFormPage`] | the calendar |
//! | `/holidays/{slug}/delete` | `confirm` (the slug) | `/holidays` |
//! | `/simulate` | see [`simulate::SimulatePage`] | renders it |
//! | `/schedules/{slug}/hand-offs` | `channel` (id or empty) | the schedule |
//! | `/policies` | see [`policy::PolicyForm`] | the policy |
//! | `/policies/{slug}` | see [`policy::PolicyForm`] | the policy |
//! | `/policies/{slug}/delete` | `confirm` (the slug) | `/policies` |
//! | `/channels` | `kind` `name` `address` `slug` `team` `description` `enabled` (`yes`) | the channel; of a webhook renders [`channel::ChannelPage`] with `new_secret` |
//! | `/channels/{slug}` | the same but `kind` and `slug` | the channel |
//! | `/channels/{slug}/test` | | the channel, with how it went |
//! | `/channels/{slug}/rotate` | | renders [`channel::ChannelPage`] with `new_secret` |
//! | `/channels/{slug}/delete` | `confirm` (the slug) | `/channels` |
//! | `/users` | `name` `email` `role` `zone` `phone` `password` | the user |
//! | `/users/{id}` | `name` `role` `zone` `disabled` (`yes`) | the user |
//! | `/users/{id}/password` | `password` | the user |
//! | `/teams` | `name` | the team |
//! | `/teams/{slug}` | `name` `member`… (user ids) | the team |
//! | `/teams/{slug}/delete` | `confirm` (the slug) | `/teams` |
//! | `/calendars/feeds` | `subject` (`person` `schedule:{id}` `team:{id}`) | renders [`calendar::CalendarsPage`] |
//! | `/calendars/feeds/{id}/delete` | | `/calendars` |
//! | `/calendars/imports` | `schedule` (slug) `name` `place` `url` `text` | `/calendars` |
//! | `/calendars/imports/{slug}/{id}/delete` | | `/calendars` |
//! | `/calendars/reminders` | `leads` `hand_off` (`yes`) `digest` (`yes`) `digest_at` (`HH:MM`) | `/calendars` |
//! | `/profile` | `name` `zone` `hears_answers` (`yes`) | `/profile` |
//! | `/profile/password` | `current` `password` | `/profile` |
//! | `/profile/methods` | `kind` (`email` `sms`) `address` | `/profile` |
//! | `/profile/methods/{id}/code` | | `/profile` |
//! | `/profile/methods/{id}/verify` | `code` | `/profile` |
//! | `/profile/methods/{id}/delete` | | `/profile` |
//! | `/profile/rules` | see [`profile::RulesForm`] | `/profile` |
//! | `/postmortems/{number}/sections/{slug}` | `body` `revision` `do` (`save` `preview`) | the postmortem |
//! | `/postmortems/{number}/status` | `status` `revision` (the one that was read) `reason` (back to draft) | the postmortem |
//! | `/postmortems/{number}/owner` | `owner` (user id or empty) | the postmortem |
//! | `/postmortems/{number}/moments` | `moment` `at` (empty: back to the timeline's) | the postmortem |
//! | `/postmortems/{number}/actions` | `title` `type` `priority` `owner` (id or empty) `due` (date or empty) `tracker` `done_test` | the postmortem |
//! | `/postmortems/{number}/actions/{id}/edit` | the same | the postmortem |
//! | `/postmortems/{number}/timeline` | `entry`… (ids of those to show) | the postmortem |
//! | `/postmortems/{number}/refill` | | the postmortem |
//! | `/postmortems/{number}/actions/{id}` | `status` `reason` (why it will not be done) | the postmortem |
//! | `/simulate` | see [`simulate::SimulatePage`]; a change that is not saved | renders [`simulate::SimulatePage`] |
//! | `/silences`, `/silences/{id}` | see [`suppression::SuppressionForm`] | the silence |
//! | `/silences/{id}/end` | | `/silences` |
//! | `/maintenance-windows`, `/maintenance-windows/{id}` | see [`suppression::SuppressionForm`] | the maintenance window |
//! | `/maintenance-windows/{id}/end` | | `/maintenance-windows` |
//! | `/inhibitions`, `/inhibitions/{id}` | see [`suppression::InhibitionForm`] | `/inhibitions` |
//! | `/inhibitions/{id}/delete` | | `/inhibitions` |
//! | `/settings/last-resort` | `target`… (`user:{id}` `schedule:{id}` `team:{id}` `channel:{id}`) | `/settings` |
//! | `/settings/tokens` | `name` `role` | renders [`settings::SettingsPage`] with `new_token` |
//! | `/settings/tokens/{id}/revoke` | | `/settings` |
//!
//! | Get | Answers with |
//! |---|---|
//! | `/` | [`dashboard::DashboardPage`] |
//! | `/setup`, `/sign-in` | [`auth::SetupPage`], [`auth::SignInPage`] |
//! | `/incidents?…` | [`incident::IncidentListPage`]; query: [`incident::IncidentFilter`] |
//! | `/incidents/new?service=` | [`incident::DeclarePage`] |
//! | `/incidents/{number}` | [`incident::IncidentPage`] |
//! | `/incidents/{number}/timeline?after={entry id}&shown={count}` | fragment [`incident::IncidentLive`] |
//! | `/incidents/{number}/stream` | SSE: `event: changed` (data: newest entry id) whenever anything of the incident changed; a comment line every 15 s |
//! | `/stream` | SSE: `event: changed` whenever any incident opened or changed its state, urgency, severity or title; the dashboard and the list listen |
//! | `/a/{token}` | [`incident::AnswerPage`], or [`incident::AnswerDonePage`] for a link that does not hold |
//! | `/services?q=`, `/services/new`, `/services/{slug}`, `/services/{slug}/edit` | [`service`] |
//! | `/on-call?q=&team=&at=`, `/on-call/mine` | [`on_call`] |
//! | `/on-call/report?schedule=&team=&from=&until=`, `/on-call/report.csv?…` | [`report::ReportPage`]; the same as `text/csv` attachment |
//! | `/on-call/swaps`, `/on-call/swaps/new?schedule=&start=&end=` | [`swap`] |
//! | `/schedules/{slug}/temporary?start=&end=` | [`schedule_temporary::TemporaryPage`] |
//! | `/schedules/{slug}/versions` | [`schedule_history::HistoryPage`] |
//! | `/schedules` | leads to `/on-call` |
//! | `/schedules/new`, `/schedules/{slug}?from=&view=&zone=&version=`, `/schedules/{slug}/edit`, `/schedules/{slug}/override?start=&end=` | [`schedule`] |
//! | `/holidays`, `/holidays/new`, `/holidays/{slug}`, `/holidays/{slug}/edit` | [`holiday`] |
//! | `/policies`, `/policies/new`, `/policies/{slug}`, `/policies/{slug}/edit` | [`policy`] |
//! | `/channels`, `/channels/new`, `/channels/{slug}`, `/channels/{slug}/edit` | [`channel`] |
//! | `/users?q=`, `/users/new`, `/users/{id}` | [`user`] |
//! | `/teams`, `/teams/{slug}` | [`team`] |
//! | `/profile` | [`profile::ProfilePage`] |
//! | `/postmortems?q=&status=&page=`, `/postmortems/{number}?edit=&choose=timeline&action=`, `/postmortems/{number}.md` | [`postmortem`]; the file as `text/markdown` attachment |
//! | `/incidents/{number}/why?person=` | [`explain::ExplainPage`] |
//! | `/simulate?…` | [`simulate::SimulatePage`] |
//! | `/coverage?days=&team=&service=&level=` | [`coverage::CoveragePage`] |
//! | `/changes?service=&kind=&q=&before=` | [`change::ChangeListPage`] |
//! | `/alerts?…`, `/alerts/{id}` | [`alert::AlertListPage`], [`alert::AlertPage`]; query: [`alert::AlertFilter`] |
//! | `/silences`, `/silences/new?alert=&incident=&service=&from=`, `/silences/{id}`, `/silences/{id}/edit`, the same below `/maintenance-windows` | [`suppression`] |
//! | `/inhibitions`, `/inhibitions/new`, `/inhibitions/{id}/edit` | [`suppression`] |
//! | `/heartbeats?q=&service=&state=&after=`, `/heartbeats/new?integration=`, `/heartbeats/{id}`, `/heartbeats/{id}/edit` | [`heartbeat`] |
//! | `/outbox?…` | [`outbox::OutboxPage`]; query: [`outbox::OutboxFilter`] |
//! | `/settings`, `/api` | [`settings::SettingsPage`], [`api_docs::ApiDocsPage`] |
//! | `/search.json?q=` | `[{"label":"INC-0042 Checkout errors","url":"/incidents/42","kind":"incident"}]`, at most 20, for the palette |
//! | `/static/{name}` | [`crate::assets::find`] |

pub mod alert;
pub mod api_docs;
pub mod auth;
pub mod badge;
pub mod calendar;
pub mod change;
pub mod channel;
pub mod contract;
pub mod coverage;
pub mod dashboard;
pub mod explain;
mod field;
pub mod form;
pub mod frame;
pub mod heartbeat;
pub mod holiday;
pub mod incident;
pub mod integration;
pub mod mapping;
pub mod mapping_form;
pub mod on_call;
pub mod outbox;
pub mod policy;
mod policy_form;
pub mod postmortem;
pub mod problem;
pub mod profile;
pub mod report;
pub mod routing;
pub mod schedule;
pub mod schedule_difference;
mod schedule_form;
pub mod schedule_history;
mod schedule_layer;
pub mod schedule_temporary;
pub mod service;
pub mod settings;
pub mod signal;
pub mod simulate;
pub mod suppression;
pub mod swap;
pub mod team;
pub mod time;
pub mod user;

pub use form::{Form, Press};
pub use frame::{
    Choice, ChoiceGroup, Flash, FlashKind, Frame, Link, Markup, Nav, NextWatch, Pager, Person,
    Theme, Undo, Viewer, Watch, WatchBar,
};
pub use policy_form::{parse_target, target_value};
