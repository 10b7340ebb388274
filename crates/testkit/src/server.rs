//! The real server as a child process, on either database.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use crate::process::{Process, free_port, http_client};
use crate::scratch::Scratch;

/// How long the server may take to be ready on a busy machine.
const READY: Duration = Duration::from_secs(60);

/// Prefix of the variables that configure the server; a test inherits none of them.
const VARIABLES: &str = "QUARTERDECK_";

/// What to start, before it is started.
#[derive(Debug)]
pub struct ServerBuilder {
    binary: PathBuf,
    database_url: Option<String>,
    arguments: Vec<OsString>,
    variables: Vec<(OsString, OsString)>,
    port: u16,
    data: Scratch,
}

impl ServerBuilder {
    /// Uses this database instead of SQLite in the data directory.
    #[must_use]
    pub fn database(mut self, url: &str) -> Self {
        self.database_url = Some(url.to_owned());
        self
    }

    /// Adds an argument of `serve`.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Sets an environment variable of every command.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// The data directory, to put files into before the start.
    pub fn data_dir(&self) -> &Path {
        self.data.path()
    }

    /// Where the server will answer, for configuration that needs to know it beforehand.
    pub fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Starts it and waits until it is ready (`/readyz`).
    ///
    /// # Panics
    /// With its log, if it ends or is not ready in time.
    pub async fn start(self) -> Server {
        let mut server = self.prepare();
        server.start().await;
        server
    }

    /// Prepares it without starting it: commands can be run, and [`Server::start`] starts it.
    pub fn prepare(self) -> Server {
        Server {
            base_url: self.base_url(),
            data_dir: self.data.path().to_owned(),
            client: http_client(),
            process: None,
            plan: self,
        }
    }
}

/// A server, running or stopped, with its data. Killed and removed when dropped.
#[derive(Debug)]
pub struct Server {
    /// `http://127.0.0.1:PORT`, the same after every restart.
    pub base_url: String,
    /// Where its files are.
    pub data_dir: PathBuf,
    /// A client with a timeout that follows no redirects.
    pub client: reqwest::Client,
    process: Option<Process>,
    plan: ServerBuilder,
}

impl Server {
    /// Begins with the path of the binary, `env!("CARGO_BIN_EXE_quarterdeck")` in its own tests.
    pub fn builder(binary: impl Into<PathBuf>) -> ServerBuilder {
        ServerBuilder {
            binary: binary.into(),
            database_url: None,
            arguments: Vec::new(),
            variables: Vec::new(),
            port: free_port(),
            data: Scratch::new("data"),
        }
    }

    /// The address of a path, which begins with `/`.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    /// The loopback port, the same after every restart.
    pub fn port(&self) -> u16 {
        self.plan.port
    }

    /// The database it was told to use; none means SQLite in the data directory.
    pub fn database_url(&self) -> Option<&str> {
        self.plan.database_url.as_deref()
    }

    /// The process id, if it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Process::pid)
    }

    /// The running process.
    ///
    /// # Panics
    /// If the server is stopped.
    pub fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect("the server runs")
    }

    /// Everything the running process wrote so far; empty if it is stopped.
    pub fn log(&self) -> String {
        self.process.as_ref().map(Process::log).unwrap_or_default()
    }

    /// Starts it and waits until it is ready.
    ///
    /// # Panics
    /// With its log, if it ends or is not ready in time; and if it runs already.
    pub async fn start(&mut self) {
        self.start_unready();
        let ready = self.url("/readyz");
        self.process().wait_for_http(&ready, READY).await;
    }

    /// Starts it without waiting, for tests in which it cannot become ready.
    ///
    /// # Panics
    /// If it runs already.
    pub fn start_unready(&mut self) {
        assert!(self.process.is_none(), "the server runs already");
        let mut command = self.command("serve");
        command.args(["--listen", &format!("127.0.0.1:{}", self.plan.port)]);
        command.args(&self.plan.arguments);
        self.process = Some(Process::start("quarterdeck", command));
    }

    /// Kills it with SIGKILL.
    pub fn kill_9(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill_9();
        }
    }

    /// Asks it to end (SIGTERM) and waits until it has.
    ///
    /// # Panics
    /// If it is stopped already, or does not end in time.
    pub fn stop(&mut self) -> ExitStatus {
        let status = self.process().terminate();
        self.process = None;
        status
    }

    /// Starts it again on the same data and port, after stopping it in order if it runs.
    pub async fn restart(&mut self) {
        if self.process.is_some() {
            self.stop();
        }
        self.start().await;
    }

    /// Runs another command of the binary, such as `["apply", "-f", "FILE"]`, on the same data
    /// and database.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn run<const N: usize>(&self, arguments: [&str; N]) -> Output {
        let (name, rest) = arguments.split_first().expect("a command has a name");
        let mut command = self.command(name);
        command
            .args(rest)
            .stdin(Stdio::null())
            .output()
            .expect("the binary runs")
    }

    /// A command of the binary with data directory, database and environment set.
    pub fn command(&self, name: &str) -> Command {
        let mut command = Command::new(&self.plan.binary);
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with(VARIABLES) {
                command.env_remove(variable);
            }
        }
        command.current_dir(&self.data_dir).env_remove("RUST_LOG");
        command.arg(name).arg("--data-dir").arg(&self.data_dir);
        if let Some(url) = &self.plan.database_url {
            command.arg("--database-url").arg(url);
        }
        command.envs(
            self.plan
                .variables
                .iter()
                .map(|(name, value)| (name, value)),
        );
        command
    }
}
