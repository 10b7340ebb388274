//! The form of an escalation policy: what it stands for, and what is wrong with it.

use domain::TeamId;
use domain::directory::Directory;
use domain::policy::{Policy, PolicyProblem};
use engine::configuration::policy::{PolicyInput, config_problems};
use engine::{Error, Problem};

use super::ladder;
use crate::page::schedule::form::read_id;
use crate::page::{choice, complaint};
use crate::view::policy::{PolicyForm, PolicyFormPage};
use crate::view::{Form, Frame, Press};

/// The form of a policy as it is.
pub fn of(policy: &Policy) -> PolicyForm {
    let mut form = PolicyForm::of(&policy.current.config);
    let mut fields = std::mem::take(&mut form.fields)
        .with("name", &policy.name)
        .with("description", &policy.description);
    if let Some(team) = policy.team_id {
        fields = fields.with("team", team);
    }
    form.fields = fields;
    form
}

/// What the form stands for, unless something cannot be read; then what, beside its field.
pub fn input(form: &mut PolicyForm) -> Option<PolicyInput> {
    let team = read_id(&mut form.fields, "team", TeamId);
    let config = form.to_config();
    Some(PolicyInput {
        name: form.fields.get("name").to_owned(),
        slug: form.fields.text("slug").map(str::to_owned),
        description: form.fields.get("description").to_owned(),
        team_id: team?,
        config: config?,
        anyway: form.fields.ticked("save_anyway"),
    })
}

/// Shows what the engine refused beside the fields it is about.
///
/// # Errors
/// Whatever no form can mend.
pub fn refuse(form: &mut PolicyForm, error: Error) -> Result<(), Error> {
    match error {
        Error::Invalid(problems) => {
            note(form, problems);
            Ok(())
        }
        other => complaint::show_plain(&mut form.fields, other),
    }
}

fn note(form: &mut PolicyForm, problems: Vec<Problem>) {
    for problem in problems {
        if problem.field == "anyway" {
            // From when on stands above it, on the viewer's clock.
            let text =
                "At some times the policy reaches nobody. Tick \"Save anyway\" if that is meant.";
            form.fields.reject("save_anyway", text);
            continue;
        }
        let message = complaint::sentence(&problem.message);
        // A target of a step stands beside the step's list.
        let field = match problem.field.rsplit_once(".targets[") {
            Some((step, _)) => format!("{step}.targets"),
            None => problem.field,
        };
        form.reject_problems(&[PolicyProblem { field, message }]);
    }
}

/// The page around a form. Asked for a preview, what is wrong is said; while rows are being added
/// and moved it is not, since nobody is done yet.
pub fn page(
    frame: Frame,
    directory: &Directory,
    slug: Option<String>,
    mut form: PolicyForm,
    round_robin: i64,
) -> PolicyFormPage {
    let mut trial = form.clone();
    let drawn = input(&mut trial).and_then(|input| {
        let problems = config_problems(directory, &input.config);
        if !problems.is_empty() {
            note(&mut trial, problems);
            return None;
        }
        Some(ladder::draw(
            &input.config,
            directory,
            ladder::Case::WORST,
            round_robin,
            &frame.zone,
            frame.now,
        ))
    });
    if form.press == Some(Press::Preview) {
        form = trial;
    }
    let (preview, grave) = match drawn {
        Some(drawn) => (Some(drawn.ladder), drawn.grave),
        None => (None, Vec::new()),
    };
    PolicyFormPage {
        teams: choice::teams(directory),
        targets: choice::targets_and_channels(directory),
        zones: choice::zones(frame.zone_name()),
        warnings: grave,
        slug,
        preview,
        form,
        frame,
    }
}

/// An empty policy form with its plain fields.
pub fn empty() -> PolicyForm {
    let mut form = PolicyForm::empty();
    if form.fields.text("repeats").is_none() {
        form.fields = Form::new().with("repeats", domain::policy::REPEATS_DEFAULT);
    }
    form
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::sample::{NOW, directory};

    fn sent(form: &PolicyForm) -> Vec<(String, String)> {
        let mut pairs = form.fields.pairs().to_vec();
        for (n, step) in form.steps.iter().enumerate() {
            let mut add = |name: &str, value: &str| {
                pairs.push((format!("step-{n}-{name}"), value.to_owned()));
            };
            for target in &step.targets {
                add("target", target);
            }
            add("target", "");
            add("wait", &step.wait);
            add("wait_unit", &step.wait_unit);
            add("mode", &step.mode);
            add("urgency", &step.urgency);
            add("severity", &step.severity);
            add("zone", &step.zone);
        }
        pairs
    }

    #[test]
    fn a_policy_survives_being_shown_and_sent() {
        let directory = directory();
        let policy = directory.policy_by_slug("default").unwrap();
        let mut back = PolicyForm::from_pairs(sent(&of(policy)));
        let input = input(&mut back).unwrap();
        assert_eq!(input.config, policy.current.config);
        assert_eq!((input.name.as_str(), input.anyway), ("Default", false));
        assert_eq!(input.team_id, None);
    }

    #[test]
    fn what_the_engine_refuses_stands_beside_its_field() {
        let directory = directory();
        let policy = directory.policy_by_slug("default").unwrap();
        let mut form = of(policy);
        let refused = Error::invalid("steps[1].targets[0]", "there is no such person");
        assert!(refuse(&mut form, refused).is_ok());
        assert_eq!(
            form.fields.error("step-1-target"),
            "There is no such person."
        );
        assert!(refuse(&mut form, Error::invalid("anyway", "reaches nobody")).is_ok());
        assert!(!form.fields.error("save_anyway").is_empty());
    }

    #[test]
    fn a_policy_of_somebody_who_cannot_be_reached_asks_before_it_is_saved() {
        let directory = directory();
        let mut pairs = sent(&empty());
        let mut unreachable = directory.clone();
        let mut cem = directory.user(domain::UserId(3)).unwrap().clone();
        cem.methods.clear();
        unreachable.users.insert(cem.id, std::sync::Arc::new(cem));
        pairs.push(("step-0-target".into(), "user:3".into()));
        let frame = Frame::signed_out("x", "c", NOW);
        let form = PolicyForm::from_pairs(pairs);
        let page = page(frame, &unreachable, None, form, 0);
        assert!(page.preview.is_some());
        assert_eq!(page.warnings.len(), 1);
    }
}
