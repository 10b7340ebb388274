//! A temporary PostgreSQL from Debian's binaries.
//!
//! Ordinary tests call [`PgDatabase::create`]: one cluster per test process, a fresh database per
//! call. Tests that take the database away start a [`PgCluster`] of their own.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use crate::process::{Process, free_port};
use crate::scratch::{Scratch, find_program, is_superuser, run};
use crate::wait::eventually_blocking;

/// How long a cluster may take to be made, started or stopped on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The database role that owns everything; there is no password on the loopback.
const ROLE: &str = "quarterdeck";

/// What differs between clusters.
#[derive(Debug, Clone)]
pub struct PgOptions {
    /// Whether a commit reaches the disk (`fsync`), as in production.
    pub durable: bool,
    /// Further lines of `postgresql.conf`, such as `("max_connections", "20")`.
    pub settings: Vec<(&'static str, &'static str)>,
}

impl Default for PgOptions {
    fn default() -> Self {
        Self {
            durable: true,
            settings: Vec::new(),
        }
    }
}

/// A running cluster, stopped and removed when dropped.
#[derive(Debug)]
pub struct PgCluster {
    binaries: PathBuf,
    home: Scratch,
    port: u16,
    account: Option<Account>,
    server: Mutex<Option<Process>>,
    databases: AtomicU32,
}

/// The unprivileged account under which a superuser's cluster runs.
#[derive(Debug, Clone, Copy)]
struct Account {
    user: u32,
    group: u32,
}

static SHARED: OnceLock<Arc<PgCluster>> = OnceLock::new();

impl PgCluster {
    /// Starts a cluster of its own, durable as in production.
    ///
    /// # Panics
    /// If PostgreSQL is not installed or does not start.
    pub fn start() -> Arc<Self> {
        Self::start_with(&PgOptions::default())
    }

    /// Starts a cluster with chosen options.
    ///
    /// # Panics
    /// If PostgreSQL is not installed or does not start.
    pub fn start_with(options: &PgOptions) -> Arc<Self> {
        let cluster = Self {
            binaries: binaries(),
            home: Scratch::new("postgres"),
            port: free_port(),
            account: is_superuser().then(account),
            server: Mutex::new(None),
            databases: AtomicU32::new(0),
        };
        cluster.init(options);
        cluster.resume();
        Arc::new(cluster)
    }

    /// The cluster that the ordinary tests of this process share; commits do not wait for the
    /// disk.
    pub fn shared() -> Arc<Self> {
        let start = || {
            Self::start_with(&PgOptions {
                durable: false,
                settings: Vec::new(),
            })
        };
        Arc::clone(SHARED.get_or_init(start))
    }

    /// The loopback port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process id of the server, if it runs.
    pub fn pid(&self) -> Option<u32> {
        self.server().as_ref().map(Process::pid)
    }

    /// Makes an empty database.
    pub fn create_database(self: &Arc<Self>) -> PgDatabase {
        self.database_from("template0")
    }

    /// Makes a copy of a database, such as one already migrated. Nobody may be connected to it.
    pub fn copy_database(self: &Arc<Self>, original: &PgDatabase) -> PgDatabase {
        self.database_from(&original.name)
    }

    fn database_from(self: &Arc<Self>, template: &str) -> PgDatabase {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.query(
            "postgres",
            &format!("CREATE DATABASE {name} TEMPLATE {template}"),
        );
        let url = format!("postgres://{ROLE}@127.0.0.1:{}/{name}", self.port);
        PgDatabase {
            url,
            name,
            cluster: Arc::clone(self),
        }
    }

    /// Runs SQL with `psql` and returns the rows: columns parted by `|`, one row a line.
    ///
    /// # Panics
    /// If the statement fails.
    pub fn query(&self, database: &str, sql: &str) -> String {
        let mut psql = Command::new(self.binaries.join("psql"));
        psql.args(["--no-psqlrc", "--no-align", "--tuples-only", "--quiet"])
            .args([
                "--set",
                "ON_ERROR_STOP=1",
                "--host",
                "127.0.0.1",
                "--username",
                ROLE,
            ])
            .args([
                "--port",
                &self.port.to_string(),
                "--dbname",
                database,
                "--command",
                sql,
            ])
            .env("PGCONNECT_TIMEOUT", "10");
        run(&mut psql).trim_end().to_owned()
    }

    /// Stops it in order: running transactions are ended, clients disconnected.
    pub fn stop(&self) {
        self.stop_by("INT");
    }

    /// Stops it as a crash would: no checkpoint, recovery at the next start.
    pub fn crash(&self) {
        self.stop_by("QUIT");
    }

    /// Starts it again after [`stop`](Self::stop) or [`crash`](Self::crash), on the same port.
    ///
    /// # Panics
    /// If it does not accept connections within a minute.
    pub fn resume(&self) {
        let mut server = self.server();
        if server.is_some() {
            return;
        }
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data());
        let mut process = Process::start("postgres", command);
        let port = self.port.to_string();
        eventually_blocking(PATIENCE, "PostgreSQL to accept connections", || {
            if let Some(status) = process.exited() {
                panic!("PostgreSQL ended ({status})\n{}", process.log());
            }
            Command::new(self.binaries.join("pg_isready"))
                .args(["--quiet", "--host", "127.0.0.1", "--port", &port])
                .status()
                .is_ok_and(|status| status.success())
        });
        *server = Some(process);
    }

    /// Stops and starts it.
    pub fn restart(&self) {
        self.stop();
        self.resume();
    }

    fn stop_by(&self, signal: &str) {
        if let Some(mut process) = self.server().take() {
            process.signal(signal);
            process.wait(PATIENCE);
        }
    }

    fn init(&self, options: &PgOptions) {
        let home = self.home.path();
        if let Some(account) = self.account {
            chown(home, Some(account.user), Some(account.group))
                .expect("a superuser can give a directory away");
        }
        let mut initdb = self.command("initdb");
        initdb.args(["--auth", "trust", "--username", ROLE, "--encoding", "UTF8"]);
        initdb
            .args(["--locale", "C.UTF-8", "--no-sync", "--pgdata"])
            .arg(self.data());
        run(&mut initdb);
        let durable = if options.durable { "on" } else { "off" };
        let mut lines = format!(
            "listen_addresses = '127.0.0.1'\nport = {}\nunix_socket_directories = '{}'\n\
             max_connections = 200\nfsync = {durable}\nsynchronous_commit = {durable}\n\
             full_page_writes = {durable}\nlog_min_messages = warning\n",
            self.port,
            home.display(),
        );
        for (name, value) in &options.settings {
            lines.push_str(&format!("{name} = '{value}'\n"));
        }
        // Later lines win over the defaults above them.
        let file = self.data().join("postgresql.conf");
        let defaults = fs::read_to_string(&file).expect("initdb writes its configuration");
        fs::write(&file, defaults + lines.as_str()).expect("the configuration can be written");
    }

    /// A command of PostgreSQL's under the unprivileged account.
    fn command(&self, name: &str) -> Command {
        let binary = self.binaries.join(name);
        let mut command = match self.account {
            None => Command::new(binary),
            Some(account) => {
                let mut command = Command::new("setpriv");
                command.args([
                    format!("--reuid={}", account.user),
                    format!("--regid={}", account.group),
                    "--clear-groups".to_owned(),
                    "--".to_owned(),
                ]);
                command.arg(binary);
                command
            }
        };
        command
            .current_dir(self.home.path())
            .env("LC_ALL", "C.UTF-8");
        command
    }

    fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    fn server(&self) -> MutexGuard<'_, Option<Process>> {
        self.server
            .lock()
            .expect("no holder of the server panicked")
    }
}

impl Drop for PgCluster {
    fn drop(&mut self) {
        self.crash();
    }
}

/// A database in a cluster, dropped with everything in it when dropped.
#[derive(Debug)]
pub struct PgDatabase {
    /// `postgres://…`, what a program is to connect to.
    pub url: String,
    name: String,
    cluster: Arc<PgCluster>,
}

impl PgDatabase {
    /// Makes an empty database in the cluster that this process shares.
    pub fn create() -> Self {
        PgCluster::shared().create_database()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The cluster it lies in.
    pub fn cluster(&self) -> &Arc<PgCluster> {
        &self.cluster
    }

    /// Runs SQL in it; see [`PgCluster::query`].
    pub fn query(&self, sql: &str) -> String {
        self.cluster.query(&self.name, sql)
    }
}

impl Drop for PgDatabase {
    fn drop(&mut self) {
        // A cluster that its test has stopped takes its databases with it.
        if self.cluster.pid().is_some() && !std::thread::panicking() {
            let name = &self.name;
            self.cluster
                .query("postgres", &format!("DROP DATABASE {name} WITH (FORCE)"));
        }
    }
}

/// Where PostgreSQL's programs are: Debian keeps each version apart, the newest is taken.
fn binaries() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let newest = versions
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.parse::<u32>().ok()?;
            let bin = entry.path().join("bin");
            bin.join("initdb").is_file().then_some((number, bin))
        })
        .max();
    let on_path = || find_program("initdb")?.parent().map(Path::to_owned);
    newest
        .map(|(_, bin)| bin)
        .or_else(on_path)
        .expect("PostgreSQL is installed (`make deps-test` installs it)")
}

/// The first unprivileged account that exists.
fn account() -> Account {
    let id = |flag: &str, name: &str| {
        let output = Command::new("id").args([flag, name]).output().ok()?;
        String::from_utf8(output.stdout)
            .ok()?
            .trim()
            .parse::<u32>()
            .ok()
    };
    ["postgres", "nobody"]
        .iter()
        .find_map(|name| {
            Some(Account {
                user: id("-u", name)?,
                group: id("-g", name)?,
            })
        })
        .expect("there is an account postgres or nobody")
}
