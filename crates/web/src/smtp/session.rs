//! One connection: commands in, answers out (RFC 5321, with the enhanced codes of RFC 3463).

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{Bytes, Data};
use smtp_proto::{Error, MAIL_BODY_BINARYMIME, MAIL_REQUIRETLS, MailFrom, Request};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;

use super::deliver::{self, Delivered, Envelope, Recipient};
use super::door::{Seats, SmtpConfig};
use super::tls::Tls;
use super::wire::{Line, Mail, Wire};
use crate::state::AppState;

/// Commands that cannot be obeyed, before the peer is let go.
const FAULTS_MAX: usize = 20;
/// Commands between two mails, other than those that name recipients.
const IDLE_MAX: usize = 200;
/// Recipients that are named between two mails, taken or not: ten times as many as RFC 5321
/// §4.5.3.1.8 lets a sender name in one. Whoever hears that there are too many sends to the rest
/// afterwards, and must be let.
const RECIPIENTS_NAMED_MAX: usize = 1_000;
/// Longest time of a connection, and of one mail on it.
const SESSION: Duration = Duration::from_secs(3_600);
const DATA: Duration = Duration::from_secs(600);
/// Longest time for shaking hands.
const HANDSHAKE: Duration = Duration::from_secs(30);

/// What all connections share.
pub(super) struct Hall {
    pub(super) state: Data<AppState>,
    pub(super) config: SmtpConfig,
    pub(super) tls: Option<Tls>,
    pub(super) seats: Arc<Seats>,
}

/// How a conversation ended.
enum End {
    Closed,
    /// It goes on encrypted.
    StartTls,
}

/// What the next command is.
enum Heard {
    Line(Line),
    TooSlow,
    /// The server stops.
    Stop,
}

/// A mail in the making.
#[derive(Default)]
struct Transaction {
    from: Option<String>,
    to: Vec<Recipient>,
}

struct Session<'h, S> {
    hall: &'h Hall,
    wire: Wire<S>,
    peer: IpAddr,
    encrypted: bool,
    /// How the peer calls itself.
    helo: Option<String>,
    mail: Transaction,
    faults: usize,
    /// Commands since the last mail, and recipients that were named.
    idle: usize,
    named: usize,
    ends_at: Instant,
}

/// Talks to a peer until one of them has enough.
pub(super) async fn run<S>(
    hall: &Hall,
    stream: S,
    peer: IpAddr,
    mut stop: watch::Receiver<bool>,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let mut session = Session::new(hall, stream, peer, Instant::now() + SESSION);
    session.say(&format!("220 {} ESMTP Quarterdeck", hall.config.domain));
    if matches!(session.converse(&mut stop).await?, End::Closed) {
        return Ok(());
    }
    let Some(tls) = &hall.tls else {
        return Ok(());
    };
    let (faults, ends_at) = (session.faults, session.ends_at);
    let acceptor = TlsAcceptor::from(tls.config());
    let stream = timeout(HANDSHAKE, acceptor.accept(session.wire.into_inner())).await??;
    // Whatever was said before may have been said by another (RFC 3207 §4.2).
    let mut session = Session {
        encrypted: true,
        faults,
        ..Session::new(hall, stream, peer, ends_at)
    };
    session.converse(&mut stop).await?;
    Ok(())
}

impl<'h, S: AsyncRead + AsyncWrite + Unpin + Send> Session<'h, S> {
    fn new(hall: &'h Hall, stream: S, peer: IpAddr, ends_at: Instant) -> Self {
        Session {
            hall,
            wire: Wire::new(stream),
            peer,
            encrypted: false,
            helo: None,
            mail: Transaction::default(),
            faults: 0,
            idle: 0,
            named: 0,
            ends_at,
        }
    }

    fn say(&mut self, answer: &str) {
        self.wire.answer(answer);
    }

    /// Says what is wrong; a peer that only makes faults is let go.
    fn refuse(&mut self, answer: &str) {
        self.faults += 1;
        self.say(answer);
    }

    async fn converse(&mut self, stop: &mut watch::Receiver<bool>) -> io::Result<End> {
        loop {
            let line = match self.hear(stop).await? {
                Heard::Line(Line::Closed) => return Ok(End::Closed),
                Heard::Line(line) => line,
                Heard::TooSlow => return self.part("421 4.4.2 Too slow; goodbye").await,
                Heard::Stop => {
                    return self
                        .part("421 4.3.2 The server stops; try again in a moment")
                        .await;
                }
            };
            self.idle += 1;
            match line {
                Line::Whole(line) => match Request::parse(&mut line.iter()) {
                    Ok(Request::Quit) => return self.part("221 2.0.0 Goodbye").await,
                    Ok(Request::StartTls) if self.hall.tls.is_some() && !self.encrypted => {
                        if self.wire.has_more() {
                            // Somebody between us has put commands behind it.
                            return self.part("554 5.5.0 Nothing may follow STARTTLS").await;
                        }
                        self.say("220 2.0.0 Ready to start TLS");
                        self.wire.flush().await?;
                        return Ok(End::StartTls);
                    }
                    Ok(Request::Data) => {
                        if !self.data().await? {
                            return Ok(End::Closed);
                        }
                    }
                    Ok(request) => self.obey(&request),
                    Err(error) => self.complain(&error),
                },
                Line::TooLong => self.refuse("500 5.5.2 The line is too long"),
                Line::BareLf => self.refuse("500 5.5.2 Lines end with CR LF"),
                Line::Closed => return Ok(End::Closed),
            }
            if self.faults > FAULTS_MAX || self.idle > IDLE_MAX || self.named > RECIPIENTS_NAMED_MAX
            {
                return self
                    .part("421 4.7.0 Too many commands without a mail; goodbye")
                    .await;
            }
        }
    }

    async fn hear(&mut self, stop: &mut watch::Receiver<bool>) -> io::Result<Heard> {
        let late = (Instant::now() + self.hall.config.patience).min(self.ends_at);
        if *stop.borrow() {
            return Ok(Heard::Stop);
        }
        tokio::select! {
            biased;
            line = timeout_at(late, self.wire.line()) => match line {
                Ok(line) => line.map(Heard::Line),
                Err(_) => Ok(Heard::TooSlow),
            },
            _ = stop.changed() => Ok(Heard::Stop),
        }
    }

    async fn part(&mut self, answer: &str) -> io::Result<End> {
        self.say(answer);
        self.wire.flush().await?;
        Ok(End::Closed)
    }

    fn obey<T: AsRef<str>>(&mut self, request: &Request<T>) {
        let domain = &self.hall.config.domain;
        match request {
            Request::Ehlo { host } => {
                let offers_tls = self.hall.tls.is_some() && !self.encrypted;
                let mut answer = format!(
                    "250-{domain} at your service\r\n250-PIPELINING\r\n250-SIZE {}\r\n\
                     250-8BITMIME\r\n250-SMTPUTF8\r\n",
                    self.hall.config.size_limit
                );
                if offers_tls {
                    answer.push_str("250-STARTTLS\r\n");
                }
                answer.push_str("250 ENHANCEDSTATUSCODES");
                self.begin(host.as_ref());
                self.say(&answer);
            }
            Request::Helo { host } => {
                let answer = format!("250 {domain} at your service");
                self.begin(host.as_ref());
                self.say(&answer);
            }
            Request::Mail { from } => self.from(from),
            Request::Rcpt { to } => self.to(to.address.as_ref()),
            Request::Rset => {
                self.mail = Transaction::default();
                self.say("250 2.0.0 Forgotten");
            }
            Request::Noop { .. } => self.say("250 2.0.0 Still here"),
            Request::Help { .. } => {
                self.say("214 2.0.0 Send mails for integrations, and answers to pages, here")
            }
            Request::Vrfy { .. } => self.say("252 2.1.5 Send a mail and see"),
            Request::StartTls if self.encrypted => self.refuse("503 5.5.1 TLS is on already"),
            _ => self.refuse("502 5.5.1 This command is not known here"),
        }
    }

    fn begin(&mut self, host: &str) {
        self.mail = Transaction::default();
        self.helo = Some(host.chars().filter(|c| !c.is_control()).take(255).collect());
    }

    fn from<T: AsRef<str>>(&mut self, from: &MailFrom<T>) {
        let limit = self.hall.config.size_limit;
        if self.helo.is_none() {
            self.refuse("503 5.5.1 Say EHLO first");
        } else if self.mail.from.is_some() {
            self.refuse("503 5.5.1 There is a sender already");
        } else if from.flags & (MAIL_BODY_BINARYMIME | MAIL_REQUIRETLS) != 0 {
            self.refuse("555 5.5.4 This parameter is not known here");
        } else if from.size > limit {
            self.refuse(&format!(
                "552 5.3.4 Mails of at most {limit} bytes are taken"
            ));
        } else {
            self.mail.from = Some(from.address.as_ref().to_owned());
            self.say("250 2.1.0 Sender taken");
        }
    }

    fn to(&mut self, address: &str) {
        if self.mail.from.is_none() {
            return self.refuse("503 5.5.1 Say MAIL FROM first");
        }
        // Counted by themselves, and none of them is a fault: those that were taken before one that
        // is not must get their mail.
        self.idle = self.idle.saturating_sub(1);
        self.named += 1;
        match self.take_recipient(address) {
            Ok(()) => self.say("250 2.1.5 Recipient taken"),
            Err(answer) => self.say(&answer),
        }
    }

    /// # Errors
    /// What is answered instead.
    fn take_recipient(&mut self, address: &str) -> Result<(), String> {
        let hall = self.hall;
        if self.mail.to.len() >= hall.config.recipients {
            return Err("452 4.5.3 Too many recipients; send to the rest afterwards".to_owned());
        }
        let parts = formats::mail::parts(address);
        if !parts.domain.eq_ignore_ascii_case(&hall.config.domain) {
            return Err(format!(
                "550 5.7.1 Only mails for {} are taken",
                hall.config.domain
            ));
        }
        let recipient = deliver::recipient(&hall.state, address)
            .ok_or_else(|| "550 5.1.1 Nothing here has this address".to_owned())?;
        if !self.mail.to.contains(&recipient) {
            deliver::admit(&hall.state, &recipient).map_err(|seconds| {
                format!("452 4.7.0 Too many mails for this address; try again in {seconds} s")
            })?;
            self.mail.to.push(recipient);
        }
        Ok(())
    }

    /// Takes the mail; `false` when the connection is over.
    async fn data(&mut self) -> io::Result<bool> {
        if self.mail.from.is_none() || self.mail.to.is_empty() {
            self.refuse("503 5.5.1 Say MAIL FROM and RCPT TO first");
            return Ok(true);
        }
        let (limit, patience) = (self.hall.config.size_limit, self.hall.config.patience);
        self.say("354 End with a line that is nothing but a dot");
        let mut room = self.hall.seats.room();
        let coming = self.wire.mail(limit, &mut room, patience);
        let late = (Instant::now() + DATA).min(self.ends_at);
        let mail = match timeout_at(late, coming).await {
            Ok(Err(error)) if error.kind() == io::ErrorKind::TimedOut => None,
            Ok(mail) => Some(mail?),
            Err(_) => None,
        };
        let Some(mail) = mail else {
            self.part("421 4.4.2 The mail came too slowly; goodbye")
                .await?;
            return Ok(false);
        };
        let Transaction { from, to } = std::mem::take(&mut self.mail);
        let envelope = Envelope {
            from: from.unwrap_or_default(),
            client: format!(
                "{} ({}){}",
                self.peer,
                self.helo.as_deref().unwrap_or_default(),
                if self.encrypted { ", encrypted" } else { "" }
            ),
        };
        let raw = match mail {
            Mail::Whole(raw) => raw,
            Mail::Closed => return Ok(false),
            Mail::TooLarge => {
                deliver::remember_too_large(&self.hall.state, to, &envelope, limit).await;
                self.refuse(&format!(
                    "552 5.3.4 Mails of at most {limit} bytes are taken"
                ));
                return Ok(true);
            }
            Mail::NoRoom => {
                self.refuse("452 4.3.1 Too many mails at once; try again in a moment");
                return Ok(true);
            }
        };
        if formats::mail::hops(&raw) > formats::mail::HOPS_MAX {
            self.refuse("554 5.4.6 The mail goes in circles");
            return Ok(true);
        }
        match deliver::deliver(&self.hall.state, to, envelope, Bytes::from(raw)).await {
            Delivered::Stored => {
                self.idle = 0;
                self.faults = 0;
                self.named = 0;
                self.say("250 2.0.0 Stored");
            }
            Delivered::Nobody => self.refuse("550 5.1.1 No integration has this address"),
            Delivered::Later => {
                self.refuse("451 4.3.0 The mail cannot be stored now; try again in a moment");
            }
        }
        Ok(true)
    }

    fn complain(&mut self, error: &Error) {
        let answer = match error {
            Error::InvalidSenderAddress => "553 5.1.7 This is no address of a sender".to_owned(),
            Error::InvalidRecipientAddress => "553 5.1.3 This is no address".to_owned(),
            Error::SyntaxError { syntax } => format!("501 5.5.4 This is not {syntax}"),
            Error::InvalidParameter { param } => format!("501 5.5.4 The value of {param} is wrong"),
            Error::UnsupportedParameter { .. } => {
                "555 5.5.4 This parameter is not known here".to_owned()
            }
            _ => "500 5.5.1 This command is not known here".to_owned(),
        };
        self.refuse(&answer);
    }
}
