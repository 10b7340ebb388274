//! Deterministic simulation: the real rules, store and engine in a world whose time, chance, people
//! and providers are the simulator's. One seed is one story, always the same.

pub mod breach;
pub mod chance;
pub mod clock;
pub mod invariant;
pub mod ledger;
pub mod model;
pub mod setup;
pub mod shrink;
pub mod story;
pub mod world;

pub use breach::Breach;
pub use invariant::{Invariant, Violation};
pub use story::{Kind, Story};
pub use world::{Telling, Told, tell};

/// As the shipped program: stories are short-lived rows and strings, millions of them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Tells a story and checks everything about it. One with crashes and people who act at set times
/// is told a second time without disturbance, and must come to the same end.
///
/// # Errors
/// When no world can be made.
pub fn check(story: &Story, telling: Telling) -> std::io::Result<Told> {
    let mut told = tell(story, telling)?;
    if story.kind != Kind::Mirror || told.violation.is_some() {
        return Ok(told);
    }
    let calm = tell(&story.undisturbed(), telling)?;
    told.violation = calm.violation.or_else(|| difference(&told, &calm.endings));
    Ok(told)
}

/// Where two tellings of the same story come to different ends.
pub fn difference(
    told: &Told,
    calm: &std::collections::BTreeMap<(String, usize), ledger::Ending>,
) -> Option<Violation> {
    let keys = told.endings.keys().chain(calm.keys());
    let agree = |key| match (told.endings.get(key), calm.get(key)) {
        (Some(disturbed), Some(undisturbed)) => disturbed.agrees(undisturbed),
        (disturbed, undisturbed) => disturbed.is_none() && undisturbed.is_none(),
    };
    let different = keys.into_iter().find(|key| !agree(key))?;
    let (disturbed, undisturbed) = (told.endings.get(different), calm.get(different));
    Some(Violation {
        invariant: Invariant::EndsAsUndisturbed,
        at: "the end".into(),
        what: format!(
            "{different:?} came to {disturbed:?}, and without disturbance to {undisturbed:?}"
        ),
    })
}
