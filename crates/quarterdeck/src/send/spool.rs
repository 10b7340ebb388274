//! Messages on the disk until the server has taken them.
//!
//! ```text
//! spool/                     readable by its owner alone: messages carry keys
//!   lingering                locked by the process that stays behind
//!   <lane>/                  one for each address and key: order is kept within
//!     numbering, sending     locked while a message is added, or while they are sent
//!     <number>-<pid>         a message, as JSON
//!     refused/<number>-<pid> what the server refused for good, with its reason, or is damaged
//!     worked/<job>           jobs whose last run worked, which the server has been told
//! ```

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use domain::Timestamp;
use domain::alert::Identity;
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

/// A file of the spool.
#[derive(Debug)]
pub enum Entry {
    Message(Box<Item>),
    /// Another process has sent it meanwhile.
    Gone,
    /// It holds no message, and why.
    Damaged(String),
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

    /// Whether a job's last run worked. What is not known has not: an end that is told once too
    /// often harms nobody, and one that is not told leaves an alert open. To forget a success needs
    /// no room on the disk.
    pub fn remembers_success(&self, target: &Target, job: &str) -> bool {
        self.mark_of(target, job).exists()
    }

    /// Remembers how a job's run ended.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub fn remember_success(
        &self,
        target: &Target,
        job: &str,
        worked: bool,
    ) -> Result<(), Failure> {
        let mark = self.mark_of(target, job);
        if !worked {
            return remove(&mark);
        }
        make_directory(mark.parent().unwrap_or(&self.path))?;
        fs::write(&mark, "").map_err(|error| unusable(&mark, &error))
    }

    /// `job` is its dedup key, which need not be the name of a file.
    fn mark_of(&self, target: &Target, job: &str) -> PathBuf {
        let job = format!("{:?}", Identity::of(domain::IntegrationId(0), job));
        self.path.join(target.lane()).join("worked").join(job)
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
        // What was refused keeps its place, should it be sent again.
        let refused = self.refused()?;
        let last = [waiting.last(), refused.last()]
            .into_iter()
            .flatten()
            .map(|name| number_of(name))
            .max()
            .unwrap_or(0);
        let name = format!("{:020}-{}", last.saturating_add(1), std::process::id());
        write_durably(&self.path, &name, item)?;
        Ok(name)
    }

    /// Names of the messages that wait, in order.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn waiting(&self) -> Result<Vec<String>, Failure> {
        messages(&self.path)
    }

    /// Names of the messages that were put aside, in order.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn refused(&self) -> Result<Vec<String>, Failure> {
        messages(&self.refused_path())
    }

    /// Whether a message still waits.
    pub fn holds(&self, name: &str) -> bool {
        self.path.join(name).exists()
    }

    /// Drops a message.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn forget(&self, name: &str) -> Result<(), Failure> {
        remove(&self.path.join(name))
    }

    /// A message that waits.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self, name: &str) -> Result<Entry, Failure> {
        read(&self.path.join(name))
    }

    /// A message that was put aside.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read_refused(&self, name: &str) -> Result<Entry, Failure> {
        read(&self.refused_path().join(name))
    }

    /// Puts what was refused back in its place. What is damaged stays where it is. Returns how
    /// many wait again.
    ///
    /// # Errors
    /// When the directory cannot be used.
    pub fn restore(&self) -> Result<usize, Failure> {
        let mut restored = 0;
        for name in self.refused()? {
            let Entry::Message(item) = self.read_refused(&name)? else {
                continue;
            };
            let item = Item {
                refused: None,
                ..*item
            };
            write_durably(&self.path, &name, &item)?;
            remove(&self.refused_path().join(&name))?;
            restored += 1;
        }
        Ok(restored)
    }

    /// Sends what waits, in order, until all is sent or the server cannot be reached. What is
    /// refused for good, or damaged, is put aside.
    pub async fn drain(&self, courier: &Courier) -> Drained {
        let mut drained = Drained::default();
        if let Err(failure) = self.send_all(courier, &mut drained).await {
            drained.broken = Some(failure);
        }
        drained
    }

    async fn send_all(&self, courier: &Courier, drained: &mut Drained) -> Result<(), Failure> {
        // Whoever sends already sends ours, too; waiting for him keeps the order.
        let path = self.path.join("sending");
        let _sending = tokio::task::spawn_blocking(move || lock(&path))
            .await
            .map_err(|error| Failure::new(error.to_string()))??;
        loop {
            let waiting = self.waiting()?;
            if waiting.is_empty() {
                return Ok(());
            }
            for name in waiting {
                let item = match self.read(&name)? {
                    Entry::Message(item) => item,
                    Entry::Gone => continue,
                    Entry::Damaged(why) => {
                        self.put_aside(&name)?;
                        drained.damaged.push((name, why));
                        continue;
                    }
                };
                match courier.deliver(&item).await {
                    Outcome::Sent => {
                        drained.sent += 1;
                        self.forget(&name)?;
                    }
                    Outcome::Refused(reason) => {
                        self.put_aside_for(&name, *item, &reason)?;
                        drained.refused.push((name, reason));
                    }
                    Outcome::Later(reason) => {
                        drained.stopped = Some(reason);
                        return Ok(());
                    }
                }
            }
        }
    }

    fn put_aside(&self, name: &str) -> Result<(), Failure> {
        make_directory(&self.refused_path())?;
        let to = self.refused_path().join(name);
        fs::rename(self.path.join(name), &to).map_err(|error| unusable(&to, &error))
    }

    fn put_aside_for(&self, name: &str, item: Item, reason: &str) -> Result<(), Failure> {
        let refused = Item {
            refused: Some(reason.to_owned()),
            ..item
        };
        make_directory(&self.refused_path())?;
        match write_durably(&self.refused_path(), name, &refused) {
            Ok(()) => self.forget(name),
            // A full disk has room for another name, if not for the reason.
            Err(_) => self.put_aside(name),
        }
    }
}

/// Names of the messages in a directory, in order.
fn messages(directory: &Path) -> Result<Vec<String>, Failure> {
    let mut names: Vec<String> = entries(directory)?
        .into_iter()
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
        .filter(|name| name.starts_with(|first: char| first.is_ascii_digit()))
        .collect();
    names.sort();
    Ok(names)
}

fn read(path: &Path) -> Result<Entry, Failure> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Entry::Gone),
        Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
            return Ok(Entry::Damaged(error.to_string()));
        }
        Err(error) => return Err(unusable(path, &error)),
    };
    Ok(match serde_json::from_slice(&text) {
        Ok(item) => Entry::Message(Box::new(item)),
        Err(error) => Entry::Damaged(error.to_string()),
    })
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
    write().map_err(|error| {
        // Half a message on a full disk helps nobody.
        drop(fs::remove_file(&new));
        unusable(&new, &error)
    })
}

fn remove(path: &Path) -> Result<(), Failure> {
    use io::ErrorKind::{NotADirectory, NotFound};
    match fs::remove_file(path) {
        Err(error) if !matches!(error.kind(), NotFound | NotADirectory) => {
            Err(unusable(path, &error))
        }
        _ => Ok(()),
    }
}

fn unusable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("{} cannot be used: {error}", path.display()))
        .next("Name another directory with --spool, or in QUARTERDECK_SEND_SPOOL.")
}
