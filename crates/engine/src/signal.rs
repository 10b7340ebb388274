//! Requests that people send themselves: one that was kept, again, or one that tries an integration.

use domain::{IntegrationId, RequestId};
use serde_json::json;
use store::Store;

use crate::access::{self, Right};
use crate::configuration::record;
use crate::{Error, OpContext};

/// What somebody sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A kept request, again.
    Replay(RequestId),
    /// A signal that shows what happens.
    Test,
}

/// Writes down who asked for it. To be called before it is sent: it may page people, whether or not
/// this process lives to say so afterwards.
///
/// # Errors
/// [`Error::Forbidden`], those of the store.
pub async fn ask(
    store: &Store,
    ctx: &OpContext,
    integration: IntegrationId,
    asked: Asked,
) -> Result<(), Error> {
    access::require(ctx, Right::Configure)?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            let (action, subject, details) = match asked {
                Asked::Replay(id) => (
                    "request.replay",
                    format!("request:{id}"),
                    json!({ "integration": integration }),
                ),
                Asked::Test => (
                    "integration.test",
                    format!("integration:{integration}"),
                    json!({}),
                ),
            };
            record(tx, &ctx, action, subject, details)
        })
        .await
}
