//! Scratch directories, and the caretaker that empties them.
//!
//! Each test process has one scratch root. Everything a fixture writes lies below it and every
//! process a fixture starts inherits [`ROOT_VARIABLE`]. A small shell child, the caretaker, reads
//! a pipe that only this process holds open: when we end, however we end (statics are never
//! dropped, and SIGKILL asks nobody), the pipe closes, and the caretaker stops what still runs
//! and removes the root.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// The environment variable by which the caretaker knows our children.
pub const ROOT_VARIABLE: &str = "TESTKIT_ROOT";

/// Waits for its standard input to end, then stops our children and removes the root.
/// PostgreSQL hides its environment, so it is found by its pid file and is first given the time
/// to end by itself, which also returns its shared memory.
const CARETAKER: &str = r#"
root=$1
mark="$2=$root"
while read -r _; do :; done
asked=" "
for file in "$root"/*/data/postmaster.pid; do
    [ -f "$file" ] && read -r pid <"$file" && kill -QUIT "$pid" && asked="$asked$pid "
done
round=0
while [ "$round" -lt 60 ]; do
    alive=
    for file in $(grep -lsF -- "$mark" /proc/[0-9]*/environ); do
        pid=${file#/proc/}
        pid=${pid%%/*}
        [ "$pid" = "$$" ] && continue
        [ -d "/proc/$pid" ] || continue
        alive=1
        case "$asked" in *" $pid "*) [ "$round" -lt 30 ] && continue ;; esac
        kill -KILL "$pid"
    done
    for pid in $asked; do
        [ -d "/proc/$pid" ] || continue
        alive=1
        [ "$round" -lt 30 ] || kill -KILL "$pid"
    done
    [ -z "$alive" ] && break
    round=$((round + 1))
    sleep 0.1
done
rm -rf -- "$root"
"#;

/// The root and its caretaker, whose pipe stays open as long as this process lives.
struct Root {
    path: PathBuf,
    _caretaker: Child,
}

static ROOT: OnceLock<Root> = OnceLock::new();
static NEXT: AtomicU32 = AtomicU32::new(0);

/// Whether this process runs as root, which several servers refuse to do.
pub fn is_superuser() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// The scratch root of this test process, made on first use.
pub fn root() -> &'static Path {
    &ROOT.get_or_init(make_root).path
}

fn make_root() -> Root {
    // A superuser's servers run under another account, which must be able to come this far.
    let base = if is_superuser() {
        PathBuf::from("/tmp")
    } else {
        std::env::temp_dir()
    };
    let path = tempfile::Builder::new()
        .prefix("quarterdeck-test-")
        .permissions(fs::Permissions::from_mode(0o755))
        .tempdir_in(base)
        .expect("a scratch root can be made")
        .keep();
    let caretaker = Command::new("sh")
        .args(["-c", CARETAKER, "caretaker"])
        .arg(&path)
        .arg(ROOT_VARIABLE)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0) // outlives a Ctrl-C in the terminal
        .spawn()
        .expect("sh runs");
    Root {
        path,
        _caretaker: caretaker,
    }
}

/// A directory below the scratch root, removed when dropped.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Makes a fresh directory whose name starts with `purpose`.
    pub fn new(purpose: &str) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = root().join(format!("{purpose}-{number}"));
        fs::create_dir(&path).expect("a scratch directory can be made");
        Self { path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file into the directory and returns its path.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path.join(name);
        fs::write(&path, content).expect("a scratch file can be written");
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Whatever resists (a file still being written) falls to the caretaker.
        drop(fs::remove_dir_all(&self.path));
    }
}

/// Finds a program on `PATH` or in the directories where Debian keeps servers.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/bin", "/usr/sbin", "/usr/local/bin"].map(PathBuf::from))
        .map(|directory| directory.join(name))
        .find(|candidate| candidate.is_file())
}

/// A command for a program that must be there; says which Debian package brings it.
///
/// # Panics
/// If the program is not installed.
pub fn program(name: &str, package: &str) -> Command {
    let Some(path) = find_program(name) else {
        panic!("{name} is not installed: `make deps-test` installs Debian's package {package}");
    };
    Command::new(path)
}

/// Runs a command to its end and returns its standard output.
///
/// # Panics
/// If it cannot be started or fails; the message holds what it wrote to standard error.
pub fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{:?}: {error}", command.get_program()));
    assert!(
        output.status.success(),
        "{:?} {:?} failed ({}): {}",
        command.get_program(),
        command.get_args().collect::<Vec<&OsStr>>(),
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}
