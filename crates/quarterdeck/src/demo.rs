//! The demo: a configuration with public passwords and keys, on the loopback only.

mod scene;

pub use scene::play;

use std::net::SocketAddr;

use domain::heartbeat::{Ping, PingKind};
use engine::heartbeat::{Carrier, Which};
use engine::manifest::{self, Plan};
use engine::{Error, OpContext};
use store::{Store, heartbeat, setting};

use crate::failure::Failure;

/// What the demo starts with.
pub const FILE: &str = include_str!("../demo.yaml");

/// The heartbeat that has been heard of.
const HEARD: &str = "nightly sales report";

/// Remembers that a database holds the demo.
const KEY: &str = "demo";

/// Whether the database holds the demo, whose secrets are public.
///
/// # Errors
/// Those of the read.
pub async fn is_in(store: &Store) -> Result<bool, Failure> {
    let found = store.read(|conn| setting::get(conn, KEY)).await?;
    Ok(found.is_some())
}

/// # Errors
/// When others could reach it.
pub fn require_loopback(listen: SocketAddr) -> Result<(), Failure> {
    if listen.ip().is_loopback() {
        return Ok(());
    }
    let message = format!("the demo's passwords are public, and {listen} is reachable by others");
    Err(Failure::usage(message)
        .next("Use --listen 127.0.0.1:8080, or start without --demo and with another --data-dir."))
}

/// Puts the demo into an empty database, or brings the demo of an older version up to date.
///
/// # Errors
/// When the database holds anything else.
pub async fn install(store: &Store, ctx: &OpContext) -> Result<Plan, Failure> {
    if !is_in(store).await? && !store.directory().users.is_empty() {
        return Err(Failure::usage(
            "this database is in use: the demo would add an administrator with a public password",
        )
        .next("Name an empty directory with --data-dir."));
    }
    // Marked first: should the rest fail, the database is still known for what it is.
    store
        .write(|tx| setting::put(tx, KEY, "true").map_err(Error::from))
        .await?;
    let manifest = manifest::parse(FILE, &|_| None)?;
    let plan = manifest::apply(store, ctx, manifest, false).await?;
    hear(store, ctx).await?;
    Ok(plan)
}

/// One of the demo's heartbeats has been heard of; the other waits for whoever tries it out.
async fn hear(store: &Store, ctx: &OpContext) -> Result<(), Failure> {
    let waiting = store
        .read(|conn| Ok::<_, Error>(heartbeat::all(conn)?))
        .await?
        .into_iter()
        .find(|beat| beat.settings.name == HEARD && beat.heard_at.is_none());
    if let Some(beat) = waiting {
        let which = Which::Named {
            integration: beat.integration_id,
            name: beat.settings.name,
        };
        let ping = Ping::new(PingKind::Success);
        engine::heartbeat::ping(store, which, ping, Carrier::default(), ctx.now).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_loopback_will_do() {
        for listen in ["127.0.0.1:8080", "127.1.2.3:1", "[::1]:8080"] {
            assert!(
                require_loopback(listen.parse().unwrap()).is_ok(),
                "{listen}"
            );
        }
        for listen in ["0.0.0.0:8080", "192.168.1.2:8080", "[::]:8080"] {
            assert!(
                require_loopback(listen.parse().unwrap()).is_err(),
                "{listen}"
            );
        }
    }

    #[tokio::test]
    async fn the_demo_is_as_documented_and_goes_nowhere_else() {
        let directory = tempfile::tempdir().unwrap();
        let url = store::DatabaseUrl::Sqlite(directory.path().join("demo.db"));
        let store = Store::open(&url).unwrap();
        let now = domain::Timestamp::from_seconds(1_800_000_000);
        let (role, origin) = (domain::word::AccountRole::Admin, domain::word::Origin::Cli);
        let ctx = OpContext::token(role, origin, now);
        let plan = install(&store, &ctx).await.unwrap();
        assert_eq!(plan.warnings, Vec::<String>::new());
        assert!(is_in(&store).await.unwrap());
        assert!(install(&store, &ctx).await.unwrap().is_unchanged());

        // What the documentation promises.
        let attempt = engine::account::SignIn {
            email: "admin@example.com".into(),
            password: "quarterdeck-demo".into(),
            address: "127.0.0.1".into(),
            user_agent: String::new(),
        };
        engine::account::sign_in(&store, attempt, now)
            .await
            .unwrap();
        let token = engine::account::authenticate(&store, "qd_demo_admin_token", now).await;
        assert_eq!(token.unwrap().unwrap().role, role);
        let key = engine::account::secret::digest("demodemodemodemodemodemodemodemo");
        let directory = store.directory();
        let door = directory.integration_by_key(&key).unwrap();
        let service = directory.service(door.service_id).unwrap();
        assert_eq!(service.name, "Checkout");
        let policy = directory.policy(service.policy_id.unwrap()).unwrap();
        let (first, second) = (
            &policy.current.config.steps[0],
            &policy.current.config.steps[1],
        );
        let ana = directory.user_by_email("ana@example.com").unwrap().id;
        assert_eq!(first.targets, [domain::policy::Target::User(ana)]);
        assert_eq!(first.wait, domain::Span::from_seconds(30));
        let platform = directory.schedule_by_slug("platform").unwrap();
        assert_eq!(
            second.targets,
            [domain::policy::Target::Schedule(platform.id)]
        );
        assert!(!platform.users_at(now).is_empty());
        assert!(
            !platform.users_at(now).contains(&ana),
            "Ana would be paged twice"
        );

        let other = store::DatabaseUrl::Sqlite(tempfile::tempdir().unwrap().path().join("x.db"));
        let real = Store::open(&other).unwrap();
        let setup = engine::account::SetUp {
            name: "Real".into(),
            email: "real@example.com".into(),
            password: "a real password".into(),
            zone: "UTC".into(),
        };
        engine::account::setup(&real, setup, false, now)
            .await
            .unwrap();
        assert!(install(&real, &ctx).await.is_err());
        assert_eq!(real.directory().users.len(), 1);
    }
}
