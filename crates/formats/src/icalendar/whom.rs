//! Whom an event names.

use super::line::Line;

/// What an event says about people, in the order in which it is believed: who attends, what the
/// title says, who made it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Whom {
    /// Addresses of those who have not declined, in lower case.
    pub attendees: Vec<String>,
    /// The title.
    pub summary: String,
    /// Address of who made the event, in lower case.
    pub organizer: Option<String>,
}

/// More attendees than this are no shift.
const ATTENDEES_MAX: usize = 100;

impl Whom {
    pub(super) fn attend(&mut self, line: &Line<'_>) {
        let declined = line
            .param("PARTSTAT")
            .is_some_and(|state| state.eq_ignore_ascii_case("DECLINED"));
        let thing = line.param("CUTYPE").is_some_and(|kind| {
            kind.eq_ignore_ascii_case("ROOM") || kind.eq_ignore_ascii_case("RESOURCE")
        });
        let Some(address) = address(line).filter(|_| !declined && !thing) else {
            return;
        };
        if self.attendees.len() < ATTENDEES_MAX && !self.attendees.contains(&address) {
            self.attendees.push(address);
        }
    }

    pub(super) fn organize(&mut self, line: &Line<'_>) {
        self.organizer = address(line);
    }
}

/// The address of `mailto:ana@example.com`, or of the parameter EMAIL.
fn address(line: &Line<'_>) -> Option<String> {
    let value = line.value.trim();
    let mailto = value
        .get(..7)
        .filter(|scheme| scheme.eq_ignore_ascii_case("mailto:"))
        .map(|_| &value[7..]);
    let found = mailto
        .or(line.param("EMAIL"))
        .or_else(|| value.contains('@').then_some(value))?;
    let found = found.split('?').next().unwrap_or_default().trim();
    (!found.is_empty()).then(|| found.to_lowercase())
}
