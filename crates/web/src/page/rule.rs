//! A person's notification rules: as rows to edit, as a picture, and as what is stored.

use domain::directory::{Directory, NotificationRule, User};
use domain::escalation::{self, WarningKind};
use domain::notification::default_rules;
use domain::policy::WAIT_MIN;
use domain::word::Urgency;
use domain::{ContactMethodId, Span, Timestamp};
use engine::Error;
use engine::configuration::contact::RuleInput;

use crate::page::complaint;
use crate::picture::{RuleStrip, StripMark};
use crate::view::Choice;
use crate::view::profile::{RuleRow, UrgencyRules};

/// The rules of one urgency as they hold: the person's own, or the defaults of PAGING.md §6.2.
pub fn rows(user: &User, urgency: Urgency) -> Vec<RuleRow> {
    let row = |method: ContactMethodId, delay: Span| RuleRow {
        method: method.to_string(),
        delay: minutes(delay),
        error: String::new(),
    };
    let own: Vec<RuleRow> = user
        .rules
        .iter()
        .filter(|rule| rule.urgency == urgency)
        .map(|rule| row(rule.method_id, rule.delay))
        .collect();
    if !own.is_empty() {
        return own;
    }
    default_rules(&user.methods)
        .into_iter()
        .filter(|rule| rule.urgency == urgency)
        .map(|rule| row(rule.method_id, rule.delay))
        .collect()
}

fn minutes(span: Span) -> String {
    let seconds = span.as_seconds();
    match seconds % 60 {
        0 => (seconds / 60).to_string(),
        _ => (seconds as f64 / 60.0).to_string(),
    }
}

fn read_delay(text: &str) -> Option<Span> {
    let minutes: f64 = text.trim().replace(',', ".").parse().ok()?;
    (0.0..=1_000_000.0)
        .contains(&minutes)
        .then(|| Span::from_seconds((minutes * 60.0).round() as i64))
}

/// The rules that rows stand for, unless something cannot be read; then what, in its row.
pub fn input(rows: &mut [RuleRow]) -> Option<Vec<RuleInput>> {
    let mut rules = Vec::with_capacity(rows.len());
    let mut broken = false;
    for row in rows {
        let method = row.method.parse().ok();
        let delay = read_delay(&row.delay);
        match (method, delay) {
            (Some(method_id), Some(delay)) => rules.push(RuleInput { method_id, delay }),
            (None, _) => {
                row.error = "Choose one of your methods.".to_owned();
                broken = true;
            }
            (_, None) => {
                row.error = "Give a number of minutes.".to_owned();
                broken = true;
            }
        }
    }
    (!broken).then_some(rules)
}

/// Shows what the engine refused in the row it is about.
///
/// # Errors
/// Whatever no row can mend.
pub fn refuse(rows: &mut [RuleRow], error: Error) -> Result<(), Error> {
    let Error::Invalid(problems) = error else {
        return Err(error);
    };
    for problem in problems {
        let row = problem
            .field
            .strip_prefix("rules[")
            .and_then(|rest| rest.split(']').next()?.parse::<usize>().ok())
            .unwrap_or(0);
        if let Some(row) = rows.get_mut(row) {
            row.error = complaint::sentence(&problem.message);
        }
    }
    Ok(())
}

/// Rows with their picture and what is worth changing about them.
pub fn with_picture(
    directory: &Directory,
    user: &User,
    urgency: Urgency,
    rows: Vec<RuleRow>,
    now: Timestamp,
) -> UrgencyRules {
    let marks: Vec<StripMark> = rows
        .iter()
        .filter_map(|row| {
            let method = user.method(row.method.parse().ok()?)?;
            Some(StripMark {
                delay: read_delay(&row.delay)?,
                kind: method.kind,
                address: method.address.clone(),
                usable: method.usable(),
            })
        })
        .collect();
    let mut warnings = Vec::new();
    if !marks.is_empty() && !marks.iter().any(|mark| mark.usable) {
        warnings.push(if user.reachable() {
            "None of these methods can be used: every verified one is used at once instead."
                .to_owned()
        } else {
            "None of these methods can be used yet.".to_owned()
        });
    }
    if urgency == Urgency::High {
        warnings.extend(too_late(directory, user, now));
    }
    UrgencyRules {
        urgency,
        strip: RuleStrip { urgency, marks },
        rows,
        warnings,
    }
}

/// Rules later than the wait of a step that pages this person (PAGING.md §6.2).
fn too_late(directory: &Directory, user: &User, now: Timestamp) -> Vec<String> {
    let late = |rule: &NotificationRule| rule.urgency == Urgency::High && rule.delay > WAIT_MIN;
    if !user.rules.iter().any(late) {
        return Vec::new();
    }
    directory
        .policies
        .values()
        .flat_map(|policy| {
            escalation::warnings(&policy.current.config, directory, now)
                .into_iter()
                .filter(|one| one.kind == WarningKind::RuleTooLate && one.user == Some(user.id))
                .map(|one| format!("{}: {}", policy.name, one.text))
        })
        .collect()
}

/// The person's methods that a rule may use; with those it uses already.
pub fn usable(user: &User, rules: &[UrgencyRules]) -> Vec<Choice> {
    let used = |id: &str| {
        rules
            .iter()
            .flat_map(|rules| &rules.rows)
            .any(|row| row.method == id)
    };
    user.methods
        .iter()
        .filter(|method| method.usable() || used(&method.id.to_string()))
        .map(|method| {
            let kind = match method.kind {
                domain::word::ContactKind::Email => "Email",
                domain::word::ContactKind::Sms => "SMS",
            };
            let note = if method.usable() {
                ""
            } else {
                " (not verified)"
            };
            Choice::new(method.id, format!("{kind} {}{note}", method.address))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::sample::{NOW, directory};
    use domain::{NotificationRuleId, UserId};

    #[test]
    fn defaults_are_shown_until_there_are_own_rules() {
        let directory = directory();
        let mut ana = directory.user(UserId(1)).unwrap().clone();
        assert_eq!(rows(&ana, Urgency::High).len(), 1);
        ana.rules.push(NotificationRule {
            id: NotificationRuleId(1),
            urgency: Urgency::High,
            method_id: ana.methods[0].id,
            delay: Span::from_seconds(90),
        });
        let mut shown = rows(&ana, Urgency::High);
        assert_eq!(shown[0].delay, "1.5");
        let back = input(&mut shown).unwrap();
        assert_eq!(back[0].delay, Span::from_seconds(90));
        assert_eq!(back[0].method_id, ana.methods[0].id);
    }

    #[test]
    fn what_is_wrong_stands_in_its_row() {
        let row = |method: &str, delay: &str| RuleRow {
            method: method.into(),
            delay: delay.into(),
            error: String::new(),
        };
        let mut typed = vec![row("10", "0"), row("10", "soon"), row("x", "1")];
        assert!(input(&mut typed).is_none());
        assert!(typed[0].error.is_empty());
        assert!(!typed[1].error.is_empty() && !typed[2].error.is_empty());
        let refused = Error::invalid("rules[0].method", "there is no such contact method");
        assert!(refuse(&mut typed, refused).is_ok());
        assert_eq!(typed[0].error, "There is no such contact method.");
    }

    #[test]
    fn a_picture_warns_when_nothing_would_go_out() {
        let directory = directory();
        let mut ana = directory.user(UserId(1)).unwrap().clone();
        ana.methods[0].broken = Some("no such mailbox".into());
        let typed = vec![RuleRow {
            method: "10".into(),
            delay: "0".into(),
            error: String::new(),
        }];
        let drawn = with_picture(&directory, &ana, Urgency::High, typed, NOW);
        assert!(!drawn.strip.marks[0].usable);
        assert!(drawn.warnings[0].contains("None of these"));
        assert_eq!(usable(&ana, &[drawn]).len(), 1);
    }
}
