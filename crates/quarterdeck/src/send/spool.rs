//! Messages on the disk until the server has taken them.
//!
//! ```text
//! spool/                     readable by its owner alone: messages carry keys
//!   lingering                locked by the process that stays behind
//!   <lane>/                  one for each address and key: order is kept within
//!     numbering, sending     locked while a message is added, or while they are sent
//!     <number>-<pid>         a message, as JSON
//!     refused/<number>-<pid> what the server refused for good, with its reason
//!     failed/<name>          jobs whose last run failed
//! ```

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use domain::Timestamp;
use engine::clock::{Clock as _, SystemClock};
use serde::{Deserialize, Serialize};

use super::delivery::{Courier, Drained, Outcome};
use super::message::Message;
use super::target::Target;
use crate::failure::Failure;

/// Messages of one address that may wait; a machine that has more to say is out of order.
const WAITING_MAX: usize = 100_000;

/// A message that waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    pub target: Target,
    pub message: Message,
    pub given_at: Timestamp,
    /// Why the server refused it for good.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub refused: Option<String>,
}

impl Item {
    /// A message of now.
    pub fn new(target: &Target, message: Message) -> Item {
        Item {
            target: target.clone(),
            message,
            given_at: SystemClock.now(),
            refused: None,
        }
    }
}

/// The directory of everything that waits.
pub struct Spool {
    path: PathBuf,
    linger: bool,
}

/// What waits for one address and key.
pub struct Lane {
    path: PathBuf,
}

impl Spool {
    /// `linger`: whether a process may stay behind to deliver what waits.
    pub fn at(path: PathBuf, linger: bool) -> Spool {
        Spool { path, linger }
    }

    pub fn may_linger(&self) -> bool {
        self.linger
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The lane of a target, made if need be.
    ///
    /// # Errors
    /// When the directory cannot be made.
    pub fn lane(&self, target: &Target) -> Result<Lane, Failure> {
        let path = self.path.join(target.lane());
        make_directory(&path)?;
        Ok(Lane { path })
    }

    /// Every lane that exists.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn lanes(&self) -> Result<Vec<Lane>, Failure> {
        let mut lanes: Vec<PathBuf> = entries(&self.path)?
            .into_iter()
            .filter(|path| path.is_dir())
            .collect();
        lanes.sort();
        Ok(lanes.into_iter().map(|path| Lane { path }).collect())
    }

    /// Marks this process as the one that stays behind, while the file is held; `None` when
    /// another does.
    ///
    /// # Errors
    /// When the mark cannot be made.
    pub fn linger(&self) -> Result<Option<File>, Failure> {
        make_directory(&self.path)?;
        let mark = self.path.join("lingering");
        let file = lock_file(&mark)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(unusable(&mark, &error)),
        }
    }

    pub fn somebody_lingers(&self) -> bool {
        matches!(self.linger(), Ok(None))
    }

    /// Whether a job's last run failed.
    pub fn remembers_failure(&self, target: &Target, name: &str) -> bool {
        self.mark_of(target, name).exists()
    }

    /// Remembers how a job's run ended. Forgetting costs a needless "resolve", or one that is
    /// missing until the next failure: no reason to fail.
    pub fn remember_failure(&self, target: &Target, name: &str, failed: bool) {
        let mark = self.mark_of(target, name);
        let done = if failed {
            let parent = mark.parent().unwrap_or(&self.path);
            make_directory(parent)
                .and_then(|()| fs::write(&mark, "").map_err(|error| unusable(&mark, &error)))
        } else if mark.exists() {
            fs::remove_file(&mark).map_err(|error| unusable(&mark, &error))
        } else {
            Ok(())
        };
        if let Err(failure) = done {
            crate::output::error(&failure.to_string());
        }
    }

    fn mark_of(&self, target: &Target, name: &str) -> PathBuf {
        self.path.join(target.lane()).join("failed").join(name)
    }
}

impl Lane {
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn refused_path(&self) -> PathBuf {
        self.path.join("refused")
    }

    /// Adds a message behind all others; it is on the disk when this returns. Returns its name.
    ///
    /// # Errors
    /// When it cannot be written, or too many wait.
    pub fn append(&self, item: &Item) -> Result<String, Failure> {
        let _numbering = lock(&self.path.join("numbering"))?;
        let waiting = self.waiting()?;
        if waiting.len() >= WAITING_MAX {
            return Err(Failure::new(format!(
                "{WAITING_MAX} messages wait in {} already",
                self.path.display()
            ))
            .next("Is the server's address right? `quarterdeck send --list` shows them."));
        }
        let last = waiting.last().map_or(0, |name| number_of(name));
        let name = format!("{:020}-{}", last + 1, std::process::id());
        write_durably(&self.path, &name, item)?;
        Ok(name)
    }

    /// Names of the messages that wait, in order.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn waiting(&self) -> Result<Vec<String>, Failure> {
        let mut names: Vec<String> = entries(&self.path)?
            .into_iter()
            .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
            .filter(|name| name.starts_with(|first: char| first.is_ascii_digit()))
            .collect();
        names.sort();
        Ok(names)
    }

    /// A message; `None` when another process has sent it meanwhile.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self, name: &str) -> Result<Option<Item>, Failure> {
        let path = self.path.join(name);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unusable(&path, &error)),
        };
        serde_json::from_slice(&text).map(Some).map_err(|error| {
            Failure::new(format!("{} is damaged: {error}", path.display()))
                .next("Move it away: it holds the others up.")
        })
    }

    /// Sends what waits, in order, until all is sent or the server cannot be reached. What is
    /// refused for good is put aside.
    ///
    /// # Errors
    /// When the directory cannot be used.
    pub async fn drain(&self, courier: &Courier) -> Result<Drained, Failure> {
        // Whoever sends already sends ours, too; waiting for him keeps the order.
        let path = self.path.join("sending");
        let sending = tokio::task::spawn_blocking(move || lock(&path))
            .await
            .map_err(|error| Failure::new(error.to_string()))??;
        let mut drained = Drained::default();
        loop {
            let waiting = self.waiting()?;
            if waiting.is_empty() {
                break;
            }
            for name in waiting {
                let Some(item) = self.read(&name)? else {
                    continue;
                };
                match courier.deliver(&item).await {
                    Outcome::Sent => drained.sent += 1,
                    Outcome::Refused(reason) => {
                        let refused = Item {
                            refused: Some(reason.clone()),
                            ..item
                        };
                        make_directory(&self.refused_path())?;
                        write_durably(&self.refused_path(), &name, &refused)?;
                        drained.refused.push((name.clone(), reason));
                    }
                    Outcome::Later(reason) => {
                        drained.stopped = Some(reason);
                        return Ok(drained);
                    }
                }
                remove(&self.path.join(&name))?;
            }
        }
        drop(sending);
        Ok(drained)
    }
}

fn number_of(name: &str) -> u64 {
    let digits = name.split('-').next().unwrap_or_default();
    digits.parse().unwrap_or(0)
}

fn make_directory(path: &Path) -> Result<(), Failure> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| unusable(path, &error))
}

/// What is in a directory; nothing when it does not exist.
fn entries(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let list = match fs::read_dir(path) {
        Ok(list) => list,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
        Err(error) => return Err(unusable(path, &error)),
    };
    list.map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(|error| unusable(path, &error))
}

fn lock_file(path: &Path) -> Result<File, Failure> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| unusable(path, &error))
}

/// Waits for a lock; it is given back when the file is dropped, or the process ends however.
fn lock(path: &Path) -> Result<File, Failure> {
    let file = lock_file(path)?;
    file.lock().map_err(|error| unusable(path, &error))?;
    Ok(file)
}

/// A file appears whole or not at all, and stays.
fn write_durably(directory: &Path, name: &str, item: &Item) -> Result<(), Failure> {
    let new = directory.join(format!(".{name}"));
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(&serde_json::to_vec(item)?)?;
        file.sync_all()?;
        fs::rename(&new, directory.join(name))?;
        File::open(directory)?.sync_all()
    };
    write().map_err(|error| unusable(&new, &error))
}

fn remove(path: &Path) -> Result<(), Failure> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unusable(path, &error)),
        _ => Ok(()),
    }
}

fn unusable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("{} cannot be used: {error}", path.display()))
        .next("Name another directory with --spool, or in QUARTERDECK_SEND_SPOOL.")
}
