//! Child processes of a test: started with their output captured, waited for, stopped, reaped.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use crate::scratch::{self, ROOT_VARIABLE, Scratch};
use crate::wait::{eventually, eventually_blocking};

/// How long a child may take to end after it was asked to.
const END: Duration = Duration::from_secs(20);

/// Ports are taken from below the range of which the kernel gives outgoing connections theirs,
/// so that nothing takes a port between our look at it and its use.
const PORTS: std::ops::Range<u16> = 12_000..32_000;

static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// A loopback port that nobody listens on; this process never gives it out twice.
///
/// # Panics
/// If no port is free.
pub fn free_port() -> u16 {
    // Test processes that run side by side begin their search in different places.
    let span = u32::from(PORTS.end - PORTS.start);
    let first = std::process::id().wrapping_mul(2_654_435_761) % span;
    let mut given = GIVEN.lock().expect("no holder of the ports panicked");
    let port = (0..span)
        .filter_map(|step| u16::try_from((first + step) % span).ok())
        .map(|offset| PORTS.start + offset)
        .find(|port| {
            !given.contains(port) && TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok()
        });
    let port = port.expect("a loopback port is free");
    given.insert(port);
    port
}

/// Whether somebody accepts connections on this loopback port.
pub fn is_open(port: u16) -> bool {
    TcpStream::connect_timeout(&(Ipv4Addr::LOCALHOST, port).into(), Duration::from_secs(1)).is_ok()
}

/// An HTTP client for tests: 10 s a request, no redirects followed, no proxy.
///
/// # Panics
/// If the TLS library cannot be set up.
pub fn http_client() -> reqwest::Client {
    reqwest::Client::builder()
        .timeout(Duration::from_secs(10))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .expect("an HTTP client can be built")
}

/// A running child with its output captured; killed and reaped when dropped.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    status: Option<ExitStatus>,
    output: PathBuf,
    errors: PathBuf,
    _logs: Scratch,
}

impl Process {
    /// Starts a command in a process group of its own.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn start(name: &str, mut command: Command) -> Self {
        let logs = Scratch::new(&format!("log-{name}"));
        let (output, errors) = (logs.path().join("stdout"), logs.path().join("stderr"));
        let child = command
            .env(ROOT_VARIABLE, scratch::root())
            .stdin(Stdio::null())
            .stdout(File::create(&output).expect("a log file can be made"))
            .stderr(File::create(&errors).expect("a log file can be made"))
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{name} ({:?}): {error}", command.get_program()));
        Self {
            name: name.to_owned(),
            child,
            status: None,
            output,
            errors,
            _logs: logs,
        }
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Everything it wrote to standard output so far.
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.output).unwrap_or_default()).into_owned()
    }

    /// Everything it wrote to standard error so far.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.errors).unwrap_or_default()).into_owned()
    }

    /// Both, for a failing test to show.
    pub fn log(&self) -> String {
        format!(
            "--- {} stdout\n{}--- stderr\n{}",
            self.name,
            self.stdout(),
            self.stderr()
        )
    }

    /// How it ended, if it has.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        if self.status.is_none() {
            self.status = self
                .child
                .try_wait()
                .expect("a child of ours can be waited for");
        }
        self.status
    }

    /// Sends a signal by its name without `SIG`, such as `TERM`, `HUP`, `STOP`, to the process.
    pub fn signal(&mut self, name: &str) {
        if self.exited().is_none() {
            send(name, &self.pid().to_string());
        }
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// If it still runs after `limit`.
    pub fn wait(&mut self, limit: Duration) -> ExitStatus {
        let what = format!("the end of {}", self.name);
        eventually_blocking(limit, &what, || self.exited())
    }

    /// Asks it to end (SIGTERM) and waits until it has.
    ///
    /// # Panics
    /// If it does not end within 20 s.
    pub fn terminate(&mut self) -> ExitStatus {
        self.signal("TERM");
        self.wait(END)
    }

    /// Kills it with SIGKILL and reaps it.
    pub fn kill_9(&mut self) {
        if self.exited().is_none() {
            drop(self.child.kill());
            self.status = self.child.wait().ok();
        }
    }

    /// Waits until the port is open.
    ///
    /// # Panics
    /// With the log, if the process ends or `limit` passes first.
    pub fn wait_for_port(&mut self, port: u16, limit: Duration) {
        let what = format!("{} to listen on port {port}", self.name);
        eventually_blocking(limit, &what, || {
            self.assert_running();
            is_open(port)
        });
    }

    /// Waits until a GET of the URL is answered with success.
    ///
    /// # Panics
    /// With the log, if the process ends or `limit` passes first.
    pub async fn wait_for_http(&mut self, url: &str, limit: Duration) {
        let what = format!("{} to answer {url}", self.name);
        let client = http_client();
        eventually(limit, &what, || {
            self.assert_running();
            let log = self.stderr();
            let request = client.get(url).send();
            async move {
                match request.await {
                    Ok(reply) if reply.status().is_success() => Ok(()),
                    Ok(reply) => Err(format!("{}\n{log}", reply.status())),
                    Err(error) => Err(format!("{error}\n{log}")),
                }
            }
        })
        .await;
    }

    fn assert_running(&mut self) {
        if let Some(status) = self.exited() {
            panic!("{} ended ({status})\n{}", self.name, self.log());
        }
    }
}

impl Process {
    /// Kills it and what it started (its process group), and reaps it.
    pub fn kill_group(&mut self) {
        send("KILL", &format!("-{}", self.pid()));
        self.kill_9();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill_group();
    }
}

/// Sends a signal to a process, or to a group if the target starts with `-`. The shell's own
/// `kill` is on every machine; a target that is gone already is no error.
fn send(signal: &str, target: &str) {
    let sent = Command::new("sh")
        .args(["-c", "kill -s \"$1\" -- \"$2\"", "kill", signal, target])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(sent.is_ok(), "sh runs");
}
