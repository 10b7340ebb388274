//! Settings of the installation.

use domain::directory::Settings;
use domain::policy::{TARGETS_MAX, Target};
use serde_json::json;
use store::{Store, setting};

use super::check::Checks;
use super::{begin, record, target_problem};
use crate::access::{self, Right};
use crate::{Error, OpContext};

/// Sets who is paged when a policy is exhausted or reaches nobody (PAGING.md §4.2, §4.5).
/// Administrators only.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::Invalid`] (an empty list too: paging never goes silent), those of
/// the store.
pub async fn set_last_resort(
    store: &Store,
    ctx: &OpContext,
    targets: Vec<Target>,
) -> Result<(), Error> {
    access::require(ctx, Right::Administer)?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            let directory = begin(tx)?;
            let mut checks = Checks::default();
            if targets.is_empty() || targets.len() > TARGETS_MAX {
                let message = format!("the last resort has 1 to {TARGETS_MAX} targets");
                checks.add("last_resort", message);
            } else if !targets.iter().any(|target| target.pages_people()) {
                let message = "a channel is no person: the last resort needs somebody to page";
                checks.add("last_resort", message);
            }
            for (index, target) in targets.iter().enumerate() {
                let field = format!("last_resort[{index}]");
                checks.extend(target_problem(&directory, *target, field.clone()));
                if targets[..index].contains(target) {
                    checks.add(field, "this target stands here twice");
                }
            }
            checks.finish()?;
            let settings = Settings {
                last_resort: targets.clone(),
            };
            setting::put_settings(tx, &settings)?;
            let details = json!({"last_resort": targets});
            record(tx, &ctx, "settings.last_resort", "settings".into(), details)
        })
        .await
}
