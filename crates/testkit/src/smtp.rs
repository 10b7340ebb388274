//! A real SMTP server (Debian's aiosmtpd) on a free port of the loopback interface, with plain,
//! STARTTLS and TLS modes, sign-in, and faults on demand. Mails are parsed by Python's `email`, so
//! that nothing of ours checks itself.

use std::{
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Mutex, mpsc},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

const SCRIPT: &str = include_str!("../python/smtp_server.py");

/// How long the server may take to start or to answer a command.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpSecurity {
    #[default]
    Plain,
    /// Mails in the clear are refused.
    StartTls,
    Tls,
}

#[derive(Clone, Debug, Default)]
pub struct SmtpOptions {
    pub security: SmtpSecurity,
    /// User and password; when set, mails without sign-in are refused.
    pub auth: Option<(String, String)>,
}

/// Where the server stops answering.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpStage {
    Hello,
    Recipient,
    /// After the content has come.
    Content,
}

/// What the server does wrong; the default is nothing.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SmtpFault {
    /// Reply to MAIL, e.g. `550 5.7.1 Not you`.
    pub sender_reply: Option<String>,
    /// Reply to RCPT for everybody.
    pub recipient_reply: Option<String>,
    /// Reply to the content.
    pub content_reply: Option<String>,
    /// These get 550 5.1.1.
    pub reject_recipients: Vec<String>,
    /// The next so many recipients get 451.
    pub busy_next: u32,
    /// The next so many mails are stored, but the connection breaks instead of a reply.
    pub lose_reply_next: u32,
    pub hang: Option<SmtpStage>,
}

/// A mail as the server got it.
#[derive(Clone, Debug, Deserialize)]
pub struct ReceivedMail {
    pub from: String,
    pub to: Vec<String>,
    /// Decoded, in their order.
    pub headers: Vec<(String, String)>,
    /// Decoded, with line feeds.
    pub text: String,
    pub html: Option<String>,
    pub encrypted: bool,
    /// Who had signed in.
    pub user: Option<String>,
    /// Tells connections apart.
    pub peer_port: u16,
    #[serde(skip)]
    pub raw: Vec<u8>,
}

impl ReceivedMail {
    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(given, _)| given.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// A running server; it stops when this is dropped.
pub struct SmtpServer {
    pub addr: SocketAddr,
    options: SmtpOptions,
    directory: tempfile::TempDir,
    process: Option<Process>,
}

struct Process {
    child: Child,
    input: Mutex<ChildStdin>,
    answers: Mutex<mpsc::Receiver<serde_json::Value>>,
}

impl SmtpServer {
    /// Starts on a free port.
    pub async fn start(options: SmtpOptions) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("mails")).unwrap();
        std::fs::write(directory.path().join("smtp_server.py"), SCRIPT).unwrap();
        if options.security != SmtpSecurity::Plain {
            make_certificates(directory.path());
        }
        let (process, addr) = Process::start(directory.path(), &options, 0);
        Self {
            addr,
            options,
            directory,
            process: Some(process),
        }
    }

    pub fn port(&self) -> u16 {
        self.addr.port()
    }

    /// The certificate of the CA that signed the server's; it names `localhost` and `127.0.0.1`.
    pub fn ca_file(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    /// All mails so far, oldest first.
    pub fn mails(&self) -> Vec<ReceivedMail> {
        let mut records: Vec<PathBuf> = std::fs::read_dir(self.directory.path().join("mails"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|e| e == "json"))
            .collect();
        records.sort();
        records.iter().map(|path| read_mail(path)).collect()
    }

    /// Waits until there are at least `count` mails.
    ///
    /// # Panics
    /// When there are fewer after `deadline`.
    pub async fn wait_for(&self, count: usize, deadline: Duration) -> Vec<ReceivedMail> {
        let start = Instant::now();
        loop {
            let mails = self.mails();
            if mails.len() >= count {
                return mails;
            }
            assert!(
                start.elapsed() < deadline,
                "{} mails instead of {count} after {deadline:?}",
                mails.len()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Replaces the fault; in force when this returns.
    pub fn set_fault(&self, fault: SmtpFault) {
        self.tell(&serde_json::json!({ "fault": fault }));
    }

    /// Breaks all connections.
    pub fn cut_connections(&self) {
        self.tell(&serde_json::json!({ "cut": true }));
    }

    /// Stops the server; its port refuses connections then. The mails stay.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// Starts again on the same port, after [`SmtpServer::stop`] or instead of it.
    pub async fn restart(&mut self) {
        self.process = None;
        let (process, addr) = Process::start(self.directory.path(), &self.options, self.port());
        assert_eq!(addr, self.addr);
        self.process = Some(process);
    }

    fn tell(&self, command: &serde_json::Value) {
        let process = self.process.as_ref().expect("the server is stopped");
        process.tell(command);
    }
}

impl Process {
    fn start(directory: &Path, options: &SmtpOptions, port: u16) -> (Self, SocketAddr) {
        let auth = options.auth.as_ref();
        let arguments = serde_json::json!({
            "port": port,
            "directory": directory.join("mails"),
            "security": options.security,
            "certificate": directory.join("server.pem"),
            "key": directory.join("server.key"),
            "user": auth.map(|(user, _)| user),
            "password": auth.map(|(_, password)| password),
        });
        // Debian's own interpreter: another one in the path does not see python3-aiosmtpd.
        let mut child = Command::new("/usr/bin/python3")
            .arg(directory.join("smtp_server.py"))
            .arg(arguments.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 runs");
        let input = Mutex::new(child.stdin.take().unwrap());
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, answers) = mpsc::channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let answer = serde_json::from_str(&line).unwrap_or_default();
                if sender.send(answer).is_err() {
                    break;
                }
            }
        });
        let process = Self {
            child,
            input,
            answers: Mutex::new(answers),
        };
        let ready = process.answer();
        let port = ready["port"].as_u64().and_then(|port| port.try_into().ok());
        let addr = SocketAddr::from(([127, 0, 0, 1], port.expect("a port")));
        (process, addr)
    }

    fn tell(&self, command: &serde_json::Value) {
        writeln!(self.input.lock().unwrap(), "{command}").unwrap();
        self.answer();
    }

    fn answer(&self) -> serde_json::Value {
        let answers = self.answers.lock().unwrap();
        answers
            .recv_timeout(PATIENCE)
            .expect("the SMTP server answers (is python3-aiosmtpd installed?)")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_mail(record: &Path) -> ReceivedMail {
    let mut mail: ReceivedMail = serde_json::from_slice(&std::fs::read(record).unwrap()).unwrap();
    mail.raw = std::fs::read(record.with_extension("eml")).unwrap();
    mail
}

/// A CA (`ca.pem`) and a server certificate signed by it (`server.pem`, `server.key`).
pub fn make_certificates(directory: &Path) {
    std::fs::write(
        directory.join("server.ext"),
        "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=critical,CA:false\n\
         extendedKeyUsage=serverAuth\n",
    )
    .unwrap();
    let new_key = [
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
    ];
    let ca = [
        "req",
        "-x509",
        "-subj",
        "/CN=Test CA",
        "-days",
        "2",
        "-keyout",
        "ca.key",
    ];
    openssl(
        directory,
        &[&ca[..], &new_key, &["-out", "ca.pem"]].concat(),
    );
    let request = [
        "req",
        "-new",
        "-subj",
        "/CN=localhost",
        "-keyout",
        "server.key",
    ];
    openssl(
        directory,
        &[&request[..], &new_key, &["-out", "server.csr"]].concat(),
    );
    openssl(
        directory,
        &[
            "x509",
            "-req",
            "-in",
            "server.csr",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-days",
            "2",
            "-set_serial",
            "2",
            "-extfile",
            "server.ext",
            "-out",
            "server.pem",
        ],
    );
}

fn openssl(directory: &Path, arguments: &[&str]) {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(directory)
        .output()
        .expect("openssl runs");
    assert!(
        output.status.success(),
        "openssl {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
