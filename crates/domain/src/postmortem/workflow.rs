//! The way of a postmortem from draft to closed (INCIDENTS.md §5.3). An approval holds for the one
//! revision that was read.

use std::collections::BTreeSet;

use crate::word::PostmortemStatus;
use crate::{UserId, words};

words! {
    /// What can be done with a postmortem besides editing it.
    Step {
        Submit = "submit",
        Approve = "approve",
        Publish = "publish",
        Close = "close",
        /// Back to draft, with a reason.
        Reopen = "reopen",
    }
}

/// Somebody read this revision and found it good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Approval {
    pub by: UserId,
    pub revision: i64,
}

/// Where a postmortem stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workflow {
    pub status: PostmortemStatus,
    pub revision: i64,
    /// Everybody who wrote any of it.
    pub authors: BTreeSet<UserId>,
    pub approval: Option<Approval>,
}

/// Why a step is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorkflowError {
    #[error("a postmortem that is {status} cannot be changed by `{step}`")]
    NotAllowed {
        status: PostmortemStatus,
        step: Step,
    },
    #[error("somebody else than its only author must approve")]
    SoleAuthor,
    #[error("it changed since you read it: you saw revision {seen}, it is {current} now")]
    Outdated { seen: i64, current: i64 },
    #[error("the approval is for another revision; it has to be approved again")]
    ApprovalVoid,
    #[error("reopening needs a reason")]
    ReasonNeeded,
    #[error("a {0} postmortem is read-only: reopen it first")]
    ReadOnly(PostmortemStatus),
}

/// Takes a step. `seen` is the revision that `by` had before them, which an approval binds to. Open
/// action items keep no postmortem from being closed.
pub fn advance(
    workflow: &Workflow,
    step: Step,
    by: UserId,
    seen: i64,
    reason: Option<&str>,
) -> Result<Workflow, WorkflowError> {
    use PostmortemStatus::*;
    let mut next = workflow.clone();
    next.status = match (workflow.status, step) {
        (Draft, Step::Submit) => InReview,
        (InReview, Step::Approve) => {
            if seen != workflow.revision {
                return Err(WorkflowError::Outdated {
                    seen,
                    current: workflow.revision,
                });
            }
            if workflow.authors.len() == 1 && workflow.authors.contains(&by) {
                return Err(WorkflowError::SoleAuthor);
            }
            next.approval = Some(Approval { by, revision: seen });
            Approved
        }
        (Approved, Step::Publish) => {
            let valid = |approval: Approval| approval.revision == workflow.revision;
            if !workflow.approval.is_some_and(valid) {
                return Err(WorkflowError::ApprovalVoid);
            }
            Published
        }
        (Published, Step::Close) => Closed,
        (InReview | Approved | Published | Closed, Step::Reopen) => {
            if reason.is_none_or(|text| text.trim().is_empty()) {
                return Err(WorkflowError::ReasonNeeded);
            }
            next.approval = None;
            Draft
        }
        (status, step) => return Err(WorkflowError::NotAllowed { status, step }),
    };
    Ok(next)
}

/// The steps that can be offered, in the order of [`Step::ALL`]. Who may approve is not looked at.
pub fn allowed_steps(status: PostmortemStatus) -> Vec<Step> {
    let workflow = Workflow {
        status,
        revision: 1,
        authors: BTreeSet::new(),
        approval: Some(Approval {
            by: UserId(0),
            revision: 1,
        }),
    };
    Step::ALL
        .iter()
        .copied()
        .filter(|&step| advance(&workflow, step, UserId(0), 1, Some("asked for")).is_ok())
        .collect()
}

/// After an edit by `author`: the next revision. An approval is void, and what was approved goes back
/// to review. Published and closed postmortems are read-only.
pub fn edited(workflow: &Workflow, author: UserId) -> Result<Workflow, WorkflowError> {
    use PostmortemStatus::*;
    let status = match workflow.status {
        Approved => InReview,
        status @ (Published | Closed) => return Err(WorkflowError::ReadOnly(status)),
        status @ (Draft | InReview) => status,
    };
    let mut next = workflow.clone();
    next.status = status;
    next.revision = workflow.revision.saturating_add(1);
    next.approval = None;
    next.authors.insert(author);
    Ok(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use PostmortemStatus::*;

    const ANA: UserId = UserId(1);
    const BO: UserId = UserId(2);

    fn written_by(authors: &[UserId]) -> Workflow {
        Workflow {
            status: Draft,
            revision: 7,
            authors: authors.iter().copied().collect(),
            approval: None,
        }
    }

    fn step(workflow: &Workflow, step: Step, by: UserId) -> Result<Workflow, WorkflowError> {
        advance(workflow, step, by, workflow.revision, Some("why"))
    }

    #[test]
    fn the_whole_way() {
        let draft = written_by(&[ANA]);
        let review = step(&draft, Step::Submit, ANA).unwrap();
        assert_eq!(review.status, InReview);
        assert_eq!(
            step(&review, Step::Approve, ANA),
            Err(WorkflowError::SoleAuthor)
        );
        let approved = step(&review, Step::Approve, BO).unwrap();
        assert_eq!(
            approved.approval,
            Some(Approval {
                by: BO,
                revision: 7
            })
        );
        let published = step(&approved, Step::Publish, ANA).unwrap();
        let closed = step(&published, Step::Close, ANA).unwrap();
        assert_eq!(closed.status, Closed);
        assert_eq!(
            advance(&closed, Step::Reopen, ANA, 7, Some(" ")),
            Err(WorkflowError::ReasonNeeded)
        );
        let again = step(&closed, Step::Reopen, ANA).unwrap();
        assert_eq!((again.status, again.approval), (Draft, None));
    }

    #[test]
    fn one_of_two_authors_may_approve() {
        let review = step(&written_by(&[ANA, BO]), Step::Submit, ANA).unwrap();
        assert!(step(&review, Step::Approve, BO).is_ok());
    }

    #[test]
    fn an_approval_binds_to_the_revision_that_was_read() {
        let review = step(&written_by(&[ANA]), Step::Submit, ANA).unwrap();
        let seen = review.revision;
        let review = edited(&review, ANA).unwrap();
        assert_eq!(
            advance(&review, Step::Approve, BO, seen, None),
            Err(WorkflowError::Outdated {
                seen: 7,
                current: 8
            })
        );
        let approved = step(&review, Step::Approve, BO).unwrap();
        let edited = edited(&approved, ANA).unwrap();
        assert_eq!((edited.status, edited.approval), (InReview, None));
        let mut forged = approved;
        forged.revision += 1;
        assert_eq!(
            step(&forged, Step::Publish, ANA),
            Err(WorkflowError::ApprovalVoid)
        );
    }

    #[test]
    fn what_is_out_is_read_only() {
        for status in [Published, Closed] {
            let mut workflow = written_by(&[ANA]);
            workflow.status = status;
            assert_eq!(edited(&workflow, ANA), Err(WorkflowError::ReadOnly(status)));
        }
    }

    #[test]
    fn steps_cannot_be_skipped() {
        assert_eq!(allowed_steps(Draft), [Step::Submit]);
        assert_eq!(allowed_steps(InReview), [Step::Approve, Step::Reopen]);
        assert_eq!(allowed_steps(Approved), [Step::Publish, Step::Reopen]);
        assert_eq!(allowed_steps(Published), [Step::Close, Step::Reopen]);
        assert_eq!(allowed_steps(Closed), [Step::Reopen]);
        assert!(matches!(
            step(&written_by(&[ANA]), Step::Publish, BO),
            Err(WorkflowError::NotAllowed { .. })
        ));
    }
}
