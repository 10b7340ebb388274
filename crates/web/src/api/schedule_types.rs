//! Schedules as the API reads and writes them: people by e-mail address, dates and times as text.

use domain::directory::Directory;
use domain::schedule::{
    HolidayRule, Layer as RealLayer, LayerHolidays, Participant, Restriction as RealRestriction,
    Rotation as RealRotation, RotationUnit, ScheduleConfig, ScheduleVersion, TimeOfDay, Weekday,
};
use domain::{Timestamp, UserId};
use engine::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::types::Person;
use super::words;

/// A rotation of participants.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    name: String,
    rotation: Rotation,
    /// When turns change, `00:00` when absent.
    #[serde(default)]
    #[schema(value_type = String, example = "09:00")]
    handoff: TimeOfDay,
    /// The first turn begins on this date.
    #[schema(example = "2026-03-02")]
    start: String,
    /// The layer ends on this date at `handoff`.
    #[serde(default)]
    end: Option<String>,
    /// In the order of their turns.
    participants: Vec<Turn>,
    /// Hours in which the layer has anyone; empty: at all hours.
    #[serde(default)]
    restrictions: Vec<Restriction>,
    #[serde(default)]
    holidays: Option<Holidays>,
}

/// How long a turn lasts.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    #[schema(schema_with = words::rotation_unit)]
    unit: RotationUnit,
    /// 1 when absent.
    #[serde(default = "one")]
    length: u32,
}

fn one() -> u32 {
    1
}

/// One place in a rotation; without users lower layers answer.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// E-mail addresses.
    #[serde(default)]
    users: Vec<String>,
    /// E-mail addresses of those who follow the turn to learn: shown, never paged, no coverage.
    #[serde(default)]
    shadows: Vec<String>,
}

/// Wall-clock hours of the schedule's zone.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Restriction {
    /// The days on which the hours begin; empty: every day.
    #[serde(default)]
    #[schema(value_type = Vec<String>, example = json!(["monday", "friday"]))]
    weekdays: Vec<Weekday>,
    #[schema(value_type = String, example = "09:00")]
    from: TimeOfDay,
    /// Not later than `from`: on the next day; `24:00` is the end of the same day.
    #[schema(value_type = String, example = "17:00")]
    until: TimeOfDay,
}

/// What the days of a holiday calendar mean to a layer.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Holidays {
    /// Slug of the calendar.
    calendar: String,
    /// `skip`: the layer has nobody on these days; `only`: it has somebody on these days only.
    #[schema(schema_with = words::holiday_rule)]
    when: HolidayRule,
}

/// One version of a schedule.
#[derive(Serialize, ToSchema)]
pub struct Version {
    version: i64,
    /// From when it holds, until the next one does.
    #[schema(value_type = String, format = DateTime)]
    effective_from: Timestamp,
    /// `null` when a token, the configuration file or the command line made it.
    created_by: Option<Person>,
    #[schema(value_type = Option<String>, format = DateTime)]
    created_at: Option<Timestamp>,
    /// IANA zone of hand-offs, restrictions and holidays.
    zone: String,
    /// From lowest to highest: the last one that has somebody wins.
    layers: Vec<Layer>,
}

impl Version {
    pub fn of(
        version: &ScheduleVersion,
        info: Option<&store::schedule::history::VersionInfo>,
        directory: &Directory,
    ) -> Version {
        Version {
            version: version.version,
            effective_from: version.effective_from,
            created_by: Person::maybe(info.and_then(|info| info.created_by), directory),
            created_at: info.map(|info| info.created_at),
            zone: version.config.zone.clone(),
            layers: version
                .config
                .layers
                .iter()
                .map(|layer| Layer::of(layer, directory))
                .collect(),
        }
    }
}

impl Layer {
    fn of(layer: &RealLayer, directory: &Directory) -> Layer {
        Layer {
            name: layer.name.clone(),
            rotation: Rotation {
                unit: layer.rotation.unit,
                length: layer.rotation.length,
            },
            handoff: layer.handoff,
            start: layer.start.to_string(),
            end: layer.end.map(|date| date.to_string()),
            participants: layer
                .participants
                .iter()
                .map(|one| Turn {
                    users: emails(&one.users, directory),
                    shadows: emails(&one.shadows, directory),
                })
                .collect(),
            restrictions: layer
                .restrictions
                .iter()
                .map(|one| Restriction {
                    weekdays: one.weekdays.clone(),
                    from: one.from,
                    until: one.until,
                })
                .collect(),
            holidays: layer.holidays.as_ref().map(|one| Holidays {
                calendar: one.calendar.clone(),
                when: one.when,
            }),
        }
    }
}

/// E-mail addresses of people.
pub fn emails(users: &[UserId], directory: &Directory) -> Vec<String> {
    let known = users.iter().filter_map(|id| directory.user(*id));
    known.map(|user| user.email.clone()).collect()
}

/// The person with an e-mail address.
///
/// # Errors
/// The problem of the field when there is none.
pub fn person(email: &str, field: &str, directory: &Directory) -> Result<UserId, Problem> {
    directory
        .user_by_email(email.trim())
        .map(|user| user.id)
        .ok_or_else(|| {
            let message = format!("there is no person with the e-mail address `{email}`");
            Problem::new(field, message)
        })
}

/// The people with e-mail addresses; who is not known is noted among `problems`.
pub fn people(
    emails: &[String],
    field: &str,
    directory: &Directory,
    problems: &mut Vec<Problem>,
) -> Vec<UserId> {
    let found = emails
        .iter()
        .map(|email| person(email, field, directory))
        .filter_map(|found| found.map_err(|problem| problems.push(problem)).ok());
    found.collect()
}

/// The configuration that zone and layers say.
///
/// # Errors
/// What cannot be read, all at once.
pub fn config(
    zone: String,
    layers: Vec<Layer>,
    directory: &Directory,
) -> Result<ScheduleConfig, engine::Error> {
    let mut problems = Vec::new();
    let layers: Vec<RealLayer> = layers
        .into_iter()
        .enumerate()
        .filter_map(|(index, layer)| {
            real_layer(&format!("layers[{index}]"), layer, directory, &mut problems)
        })
        .collect();
    if !problems.is_empty() {
        return Err(engine::Error::Invalid(problems));
    }
    Ok(ScheduleConfig {
        zone: zone.trim().to_owned(),
        layers,
        ..ScheduleConfig::default()
    })
}

fn real_layer(
    path: &str,
    layer: Layer,
    directory: &Directory,
    problems: &mut Vec<Problem>,
) -> Option<RealLayer> {
    let mut date = |field: &str, text: &str| {
        let date = text.trim().parse().ok();
        if date.is_none() {
            let message = format!("`{text}` is not a date such as 2026-03-29");
            problems.push(Problem::new(format!("{path}.{field}"), message));
        }
        date
    };
    let start = date("start", &layer.start);
    let end = layer.end.map(|end| date("end", &end));
    let mut participants = Vec::new();
    for (index, turn) in layer.participants.iter().enumerate() {
        let path = format!("{path}.participants[{index}]");
        let mut all = |emails: &[String], field: &str| {
            people(emails, &format!("{path}.{field}"), directory, problems)
        };
        participants.push(Participant {
            users: all(&turn.users, "users"),
            shadows: all(&turn.shadows, "shadows"),
        });
    }
    Some(RealLayer {
        name: layer.name.trim().to_owned(),
        participants,
        rotation: RealRotation {
            length: layer.rotation.length,
            unit: layer.rotation.unit,
        },
        handoff: layer.handoff,
        start: start?,
        end: match end {
            Some(end) => Some(end?),
            None => None,
        },
        restrictions: layer
            .restrictions
            .into_iter()
            .map(|one| RealRestriction {
                weekdays: one.weekdays,
                from: one.from,
                until: one.until,
            })
            .collect(),
        holidays: layer.holidays.map(|one| LayerHolidays {
            calendar: one.calendar,
            when: one.when,
        }),
    })
}
