//! What is wrong with single steps of a policy.

use std::collections::{BTreeMap, BTreeSet};

use super::Reach;
use super::climb::Climbs;
use super::finding::{Finding, FindingKind, Mend};
use crate::directory::Directory;
use crate::escalation::late_rules;
use crate::policy::Policy;
use crate::word::{AlertSeverity, Urgency};
use crate::{ServiceId, Span, UserId};

/// Steps that are of no use, and rules that come later than the next step.
pub(super) fn steps(
    directory: &Directory,
    policy: &Policy,
    climbs: &mut Climbs<'_>,
    services: &[ServiceId],
    found: &mut Vec<Finding>,
) {
    let mut kinds: BTreeSet<(Urgency, AlertSeverity)> = BTreeSet::new();
    for service in services.iter().filter_map(|id| directory.service(*id)) {
        for severity in AlertSeverity::ALL {
            for urgency in service.settings.urgencies_of(*severity) {
                kinds.insert((urgency, *severity));
            }
        }
    }
    let mut reached: BTreeMap<i64, BTreeSet<UserId>> = BTreeMap::new();
    let mut high: BTreeMap<i64, BTreeSet<UserId>> = BTreeMap::new();
    for (urgency, severity) in kinds {
        for cover in climbs.covers(Some(policy.id), urgency, severity).iter() {
            for rung in &cover.rungs {
                let users = match &rung.reach {
                    Reach::NotFor(_) | Reach::Nobody => continue,
                    // It was not made to page anybody.
                    Reach::Told => {
                        reached.entry(rung.step).or_default();
                        continue;
                    }
                    reach => reach.users(),
                };
                if urgency == Urgency::High {
                    high.entry(rung.step).or_default().extend(&users);
                }
                reached.entry(rung.step).or_default().extend(users);
            }
        }
    }
    for (index, step) in (0_i64..).zip(&policy.current.config.steps) {
        let shown = index.saturating_add(1);
        let mut services = services.to_vec();
        services.sort_unstable();
        if !reached.contains_key(&index) {
            found.push(Finding {
                kind: FindingKind::UnreachableStep,
                text: format!(
                    "Step {shown} of policy {} never pages anybody: no incident comes to it, or \
                     it leads to nobody.",
                    policy.name
                ),
                spans: Vec::new(),
                mend: Mend::Policy(policy.id),
                also: Vec::new(),
                services: services.clone(),
                user: None,
            });
        }
        for id in high.get(&index).into_iter().flatten() {
            let Some(user) = directory.user(*id) else {
                continue;
            };
            for (rule, method) in late_rules(user, step.wait) {
                found.push(Finding {
                    kind: FindingKind::LateRule,
                    text: format!(
                        "{}'s {} after {} comes later than what follows step {shown} of policy \
                         {}, {} after it.",
                        user.name,
                        method.kind.in_words(),
                        rule.delay,
                        policy.name,
                        step.wait.max(Span::ZERO)
                    ),
                    spans: Vec::new(),
                    mend: Mend::User(*id),
                    also: Vec::new(),
                    services: services.clone(),
                    user: Some(*id),
                });
            }
        }
    }
}
