//! The escalation ladder: time runs down, a rung is a step, and inside it stand the people it would
//! reach now and by what. A list with a drawn rail, so that names wrap on a phone.

use std::fmt::Write as _;

use domain::Span;
use domain::word::ContactKind;

use super::svg::escape;
use crate::view::Markup;
use crate::view::badge::icon;

/// A policy as it would go from now.
#[derive(Clone, Debug, Default)]
pub struct Ladder {
    pub rungs: Vec<Rung>,
    /// How often the steps run again after the first time (PAGING.md §4.2).
    pub repeats: u8,
    /// When the last resort is paged, if nobody acknowledges.
    pub last_resort_at: Option<Span>,
    pub last_resort: Vec<RungTarget>,
}

/// One step.
#[derive(Clone, Debug, Default)]
pub struct Rung {
    /// Since the incident opened.
    pub at: Span,
    /// Time until the next step.
    pub wait: Span,
    pub targets: Vec<RungTarget>,
    /// Only one of the people in turn.
    pub round_robin: bool,
    /// `only high urgency`, `only critical`.
    pub conditions: Vec<String>,
    pub warnings: Vec<String>,
}

/// A target of a step and whom it reaches now.
#[derive(Clone, Debug, Default)]
pub struct RungTarget {
    /// `On-call Platform`, `Ana`, `Team Payments`.
    pub label: String,
    pub href: String,
    pub people: Vec<ReachedPerson>,
    /// A channel: it is told, and reaches nobody.
    pub told: bool,
    /// Why a channel is not told.
    pub silent: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub struct ReachedPerson {
    pub name: String,
    pub by: Vec<ReachedBy>,
    /// E.g. `no verified contact method`.
    pub warning: Option<String>,
}

/// A method and how long after the page it is used.
#[derive(Clone, Copy, Debug)]
pub struct ReachedBy {
    pub kind: ContactKind,
    pub delay: Span,
}

fn method(kind: ContactKind) -> &'static str {
    match kind {
        ContactKind::Email => "email",
        ContactKind::Sms => "SMS",
    }
}

/// `T+0`, `T+5 m`.
fn after(at: Span) -> String {
    if at == Span::ZERO {
        "T+0".to_owned()
    } else {
        format!("T+{at}")
    }
}

impl Ladder {
    pub fn draw(&self) -> Markup {
        let mut out = String::with_capacity(2_048);
        out.push_str("<ol class=\"ladder\" aria-label=\"Escalation ladder\">");
        for (n, rung) in self.rungs.iter().enumerate() {
            draw_rung(&mut out, n + 1, rung);
        }
        if self.repeats > 0 && !self.rungs.is_empty() {
            let _ = write!(
                out,
                "<li class=\"rung rung-repeat\">{}<div class=\"rung-at\"></div><div class=\"rung-body\">\
                 Starts again at step 1, {} {}, until somebody acknowledges.</div></li>",
                rail("rail-repeat"),
                self.repeats,
                if self.repeats == 1 { "time" } else { "times" }
            );
        }
        let at = self.last_resort_at.map(after).unwrap_or_default();
        let _ = write!(
            out,
            "<li class=\"rung rung-last\">{}<div class=\"rung-at\">{at}</div><div class=\"rung-body\"><h3>Last resort</h3>",
            rail("rail-last")
        );
        draw_targets(&mut out, &self.last_resort);
        if self.last_resort.is_empty() {
            warning(
                &mut out,
                "No last resort is set: after the last step nobody is paged. Set one under Settings.",
            );
        } else {
            out.push_str(
                "<p class=\"rung-wait\">Paged again every 30 min until somebody acknowledges.</p>",
            );
        }
        out.push_str("</div></li></ol>");
        Markup(out)
    }
}

/// The drawn rail beside a rung: a line down with a mark.
fn rail(class: &str) -> String {
    format!(
        "<svg class=\"rail {class}\" width=\"24\" height=\"100%\" aria-hidden=\"true\" focusable=\"false\">\
         <line x1=\"12\" x2=\"12\" y1=\"0\" y2=\"100%\"/><circle cx=\"12\" cy=\"18\" r=\"7\"/></svg>"
    )
}

fn draw_rung(out: &mut String, number: usize, rung: &Rung) {
    let _ = write!(
        out,
        "<li class=\"rung\">{}<div class=\"rung-at\">{}</div><div class=\"rung-body\"><h3>Step {number}",
        rail("rail-step"),
        after(rung.at)
    );
    for condition in &rung.conditions {
        let _ = write!(out, " <small>{}</small>", escape(condition));
    }
    out.push_str("</h3>");
    draw_targets(out, &rung.targets);
    if rung.round_robin {
        out.push_str("<p class=\"rung-wait\">One of them in turn.</p>");
    }
    for text in &rung.warnings {
        warning(out, text);
    }
    let _ = write!(
        out,
        "<p class=\"rung-wait\">Waits {}.</p></div></li>",
        rung.wait
    );
}

fn draw_targets(out: &mut String, targets: &[RungTarget]) {
    if targets.is_empty() {
        return;
    }
    out.push_str("<ul class=\"rung-targets\">");
    for target in targets {
        let _ = write!(
            out,
            "<li>{}<a href=\"{}\">{}</a>",
            // People need no picture; a place among them does.
            match target.told {
                true => format!("{} ", icon("messages")),
                false => String::new(),
            },
            escape(&target.href),
            escape(&target.label)
        );
        if target.told {
            match &target.silent {
                None => out.push_str(" <span class=\"rung-by\">is told</span>"),
                Some(why) => warning(out, why),
            }
        } else if target.people.is_empty() {
            warning(out, "Reaches nobody now; the step would be skipped.");
        }
        for person in &target.people {
            let by = person
                .by
                .iter()
                .map(|by| match by.delay {
                    Span::ZERO => method(by.kind).to_owned(),
                    delay => format!("{} after {delay}", method(by.kind)),
                })
                .collect::<Vec<_>>()
                .join(", ");
            let same = target.people.len() == 1 && person.name == target.label;
            match (same, by.is_empty()) {
                (true, true) => {}
                (true, false) => {
                    let _ = write!(out, " <span class=\"rung-by\">by {by}</span>");
                }
                (false, true) => {
                    let _ = write!(
                        out,
                        " <span class=\"rung-who\">{}</span>",
                        escape(&person.name)
                    );
                }
                (false, false) => {
                    let _ = write!(
                        out,
                        " <span class=\"rung-who\">{}</span> <span class=\"rung-by\">by {by}</span>",
                        escape(&person.name)
                    );
                }
            }
            if let Some(text) = &person.warning {
                warning(out, text);
            }
        }
        out.push_str("</li>");
    }
    out.push_str("</ul>");
}

fn warning(out: &mut String, text: &str) {
    let _ = write!(
        out,
        "<p class=\"rung-warning\">{} {}</p>",
        icon("alert-triangle"),
        escape(text)
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ladder_says_when_whom_and_by_what() {
        let ladder = Ladder {
            rungs: vec![
                Rung {
                    wait: Span::from_seconds(30),
                    targets: vec![RungTarget {
                        label: "Ana".into(),
                        href: "/users/1".into(),
                        people: vec![ReachedPerson {
                            name: "Ana".into(),
                            by: vec![
                                ReachedBy {
                                    kind: ContactKind::Email,
                                    delay: Span::ZERO,
                                },
                                ReachedBy {
                                    kind: ContactKind::Sms,
                                    delay: Span::from_minutes(2),
                                },
                            ],
                            warning: None,
                        }],
                        ..RungTarget::default()
                    }],
                    ..Rung::default()
                },
                Rung {
                    at: Span::from_seconds(30),
                    wait: Span::from_minutes(5),
                    targets: vec![RungTarget {
                        label: "On-call <x>".into(),
                        ..RungTarget::default()
                    }],
                    ..Rung::default()
                },
            ],
            repeats: 2,
            last_resort_at: Some(Span::from_minutes(17)),
            last_resort: Vec::new(),
        };
        let picture = ladder.draw().0;
        assert!(
            picture.contains("T+0<") && picture.contains("T+30 s<") && picture.contains("T+17 m<")
        );
        assert!(picture.contains("by email, SMS after 2 m"));
        assert!(picture.contains("Reaches nobody now"));
        assert!(picture.contains("No last resort is set"));
        assert!(picture.contains("On-call &lt;x&gt;"));
        assert!(picture.contains("2 times"));
    }
}
