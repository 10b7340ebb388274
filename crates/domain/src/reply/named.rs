//! Whom a reply means by a name. Whoever types on a phone at night writes what is shortest, and a
//! page must not go to the wrong person: a name counts when it can mean one only.

use std::fmt;

use crate::directory::Directory;
use crate::incident::Command;
use crate::notification::text::{one_line, shortened};
use crate::policy::Target;
use crate::{PolicyId, UserId};

/// Candidates that an answer lists.
const CANDIDATES: usize = 5;
/// Characters of a name in an answer, which may be an SMS.
const NAME_SHOWN: usize = 30;

/// Whom an incident goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub command: Command,
    pub name: String,
}

/// Who is asked to help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Helper {
    pub target: Target,
    pub name: String,
}

/// A name that is nobody's, or may be several people's; says whose it may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unclear {
    said: String,
    /// What was looked for: `person or policy`.
    sought: &'static str,
    /// Several are called so; else none is, and these come close.
    several: bool,
    /// Each with what to write for it: `Bo Berg (@bo)`.
    candidates: Vec<String>,
    /// There are more than are listed.
    more: bool,
}

impl fmt::Display for Unclear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = shortened(&one_line(&self.said), NAME_SHOWN);
        let list = self.candidates.join(", ");
        let more = if self.more { " and others" } else { "" };
        match (self.several, self.candidates.is_empty()) {
            (true, _) => write!(f, "\"{said}\" may be {list}{more}"),
            (false, true) => write!(f, "there is no {} \"{said}\"", self.sought),
            (false, false) => write!(
                f,
                "there is no {} \"{said}\"; close to it: {list}{more}",
                self.sought
            ),
        }
    }
}

/// The person or policy that an incident is to be handed to. A person is known by `@handle`, mail
/// address or name, a policy by its short name or name.
///
/// # Errors
/// [`Unclear`].
pub fn holder(said: &str, directory: &Directory) -> Result<Holder, Unclear> {
    let mut all = people(directory);
    all.extend(policies(directory));
    let found = find(said, "person or policy", &all)?;
    Ok(Holder {
        command: match found.what {
            What::User(user) => Command::ReassignToUser { user },
            What::Policy(policy) => Command::ReassignToPolicy { policy },
            What::Other(_) => return Err(unclear(said, "person or policy", false, &[])),
        },
        name: found.name.clone(),
    })
}

/// The person, team or schedule that is to be asked.
///
/// # Errors
/// [`Unclear`].
pub fn helper(said: &str, directory: &Directory) -> Result<Helper, Unclear> {
    let mut all = people(directory);
    all.extend(directory.teams.values().map(|team| {
        let what = What::Other(Target::Team(team.id));
        Entry::of_slug(what, "team", &team.slug, &team.name)
    }));
    all.extend(directory.schedules.values().map(|schedule| {
        let what = What::Other(Target::Schedule(schedule.id));
        Entry::of_slug(what, "schedule", &schedule.slug, &schedule.name)
    }));
    let sought = "person, team or schedule";
    let found = find(said, sought, &all)?;
    Ok(Helper {
        target: match found.what {
            What::User(user) => Target::User(user),
            What::Other(target) => target,
            What::Policy(_) => return Err(unclear(said, sought, false, &[])),
        },
        name: found.name.clone(),
    })
}

#[derive(Clone, Copy)]
enum What {
    User(UserId),
    Policy(PolicyId),
    Other(Target),
}

/// Something with a name.
struct Entry {
    what: What,
    /// What may stand before the name: `policy checkout`.
    kind: &'static str,
    name: String,
    /// What to write for it and nothing else.
    sign: String,
    /// In lower case; each says it exactly.
    exact: Vec<String>,
}

impl Entry {
    fn of_slug(what: What, kind: &'static str, slug: &str, name: &str) -> Entry {
        Entry {
            what,
            kind,
            name: name.to_owned(),
            sign: format!("{kind} {slug}"),
            exact: vec![slug.to_lowercase(), plain(name)],
        }
    }

    fn shown(&self) -> String {
        let name = shortened(&one_line(&self.name), NAME_SHOWN);
        format!("{name} ({})", self.sign)
    }

    /// The words of all that it is called; addresses have those of others, too.
    fn words(&self) -> impl Iterator<Item = &str> {
        self.exact
            .iter()
            .filter(|form| !form.contains('@'))
            .flat_map(|form| form.split(|c: char| !c.is_alphanumeric()))
            .filter(|word| !word.is_empty())
    }

    /// Whether each word that was said is one of its name; a letter is no word.
    fn has_words(&self, said: &str) -> bool {
        let mut said = words(said).peekable();
        said.peek().is_some()
            && said.all(|word| word.chars().nth(1).is_some() && self.words().any(|own| own == word))
    }

    /// Whether somebody may have meant it who wrote it wrong or in part.
    fn is_near(&self, said: &str) -> bool {
        words(said).any(|word| {
            self.words()
                .any(|own| own.starts_with(word) || is_slip(own, word))
        })
    }
}

fn people(directory: &Directory) -> Vec<Entry> {
    let active = || directory.users.values().filter(|user| !user.disabled);
    let entry = |user: &crate::directory::User| {
        let handle = user.handle().to_lowercase();
        let same = active().filter(|other| other.handle().to_lowercase() == handle);
        Entry {
            what: What::User(user.id),
            kind: "person",
            name: user.name.clone(),
            sign: match same.count() {
                1 => handle.clone(),
                _ => user.email.to_lowercase(),
            },
            exact: vec![
                user.email.to_lowercase(),
                handle.trim_start_matches('@').to_owned(),
                handle,
                plain(&user.name),
            ],
        }
    };
    active().map(|user| entry(user)).collect()
}

fn policies(directory: &Directory) -> impl Iterator<Item = Entry> + '_ {
    directory.policies.values().map(|policy| {
        let what = What::Policy(policy.id);
        Entry::of_slug(what, "policy", &policy.slug, &policy.name)
    })
}

/// Lower case, words parted by one space.
fn plain(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

fn words(said: &str) -> impl Iterator<Item = &str> {
    said.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

/// What says it exactly counts before what says it in part, and one only counts.
fn find<'e>(said: &str, sought: &'static str, all: &'e [Entry]) -> Result<&'e Entry, Unclear> {
    let low = plain(said);
    let exactly = |low: &str, kind: Option<&str>| -> Vec<&'e Entry> {
        all.iter()
            .filter(|one| kind.is_none_or(|kind| one.kind == kind))
            .filter(|one| one.exact.iter().any(|form| form == low))
            .collect()
    };
    let in_part = |low: &str, kind: Option<&str>| -> Vec<&'e Entry> {
        all.iter()
            .filter(|one| kind.is_none_or(|kind| one.kind == kind))
            // A sign names one thing or none.
            .filter(|one| !low.contains('@') && one.has_words(low))
            .collect()
    };
    let mut tries = vec![(low.clone(), None)];
    if let Some((kind, rest)) = low.split_once(' ')
        && let Some(known) = all.iter().find(|one| one.kind == kind)
    {
        tries.push((rest.to_owned(), Some(known.kind)));
    }
    for found in tries
        .iter()
        .map(|(low, kind)| exactly(low, *kind))
        .chain(tries.iter().map(|(low, kind)| in_part(low, *kind)))
    {
        match found.as_slice() {
            [] => {}
            [one] => return Ok(one),
            several => return Err(unclear(said, sought, true, several)),
        }
    }
    let near: Vec<&Entry> = all.iter().filter(|one| one.is_near(&low)).collect();
    // Of few, all are near.
    let few: Vec<&Entry> = match near.is_empty() && all.len() <= CANDIDATES {
        true => all.iter().collect(),
        false => near,
    };
    Err(unclear(said, sought, false, &few))
}

fn unclear(said: &str, sought: &'static str, several: bool, found: &[&Entry]) -> Unclear {
    Unclear {
        said: said.to_owned(),
        sought,
        several,
        candidates: found
            .iter()
            .take(CANDIDATES)
            .map(|one| one.shown())
            .collect(),
        more: found.len() > CANDIDATES,
    }
}

/// Whether two words differ by one letter: another, one more, one less, or two changed round.
fn is_slip(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.len().min(other.len()) < 3 || one.len().abs_diff(other.len()) > 1 {
        return false;
    }
    let head = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let (one, other) = (&one[head..], &other[head..]);
    let rest =
        |of: &[char], skipped: usize| -> Vec<char> { of.iter().skip(skipped).copied().collect() };
    let turned = one.len() == other.len()
        && one.len() >= 2
        && one[0] == other[1]
        && one[1] == other[0]
        && rest(one, 2) == rest(other, 2);
    turned
        || rest(one, 1) == rest(other, 1)
        || rest(one, 1) == rest(other, 0)
        || rest(one, 0) == rest(other, 1)
}
