//! `check`: would it work?

use std::net::SocketAddr;
use std::process::ExitCode;

use domain::escalation;
use store::{Conn, DatabaseUrl, migrate as migrations};
use web::smtp::TlsFiles;

use super::context;
use crate::failure::Failure;
use crate::setting::Settings;
use crate::{channel, output};

/// What one look found.
enum Found {
    Good(String),
    /// Works, but somebody should know.
    Doubtful(String),
    Bad(String),
}

/// `quarterdeck check`: settings (which were read to come here), database, configuration and
/// providers. Exit code 1 when anything is bad.
pub async fn check(settings: &Settings) -> Result<ExitCode, Failure> {
    let mut bad = false;
    let mut say = |what: &str, found: Found| {
        let (sign, text) = match found {
            Found::Good(text) => ("ok  ", text),
            Found::Doubtful(text) => ("note", text),
            Found::Bad(text) => {
                bad = true;
                ("FAIL", text)
            }
        };
        output::line(&format!("{sign}  {what}: {text}"))
    };
    say("listen", listen(settings.listen))?;
    if let Some(mail) = &settings.mail {
        say("mail", listen(mail.listen))?;
        say("mail certificate", certificate(mail.tls.as_ref()))?;
    }
    say("public URL", public_url(settings))?;
    for (what, found) in database(settings) {
        say(what, found)?;
    }
    let channels = channel::all(settings)?;
    for kind in domain::word::ContactKind::ALL {
        let channel = channels.get(*kind);
        let found = match channel.check().await {
            Ok(line) if channels.is_configured(*kind) => Found::Good(line),
            Ok(line) => Found::Doubtful(line),
            Err(line) => Found::Bad(line),
        };
        say(kind.as_str(), found)?;
    }
    Ok(if bad {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn listen(address: SocketAddr) -> Found {
    match std::net::TcpListener::bind(address) {
        Ok(_) => Found::Good(format!("{address} is free")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => Found::Doubtful(format!(
            "{address} is in use, perhaps by the running server"
        )),
        Err(error) => Found::Bad(format!("{address} cannot be listened on: {error}")),
    }
}

fn certificate(files: Option<&TlsFiles>) -> Found {
    let Some(files) = files else {
        return Found::Doubtful("there is none: mails come unencrypted".into());
    };
    match files.read() {
        Ok(_) => Found::Good(format!("{} can be used", files.certificate.display())),
        Err(error) => Found::Bad(error.to_string()),
    }
}

fn public_url(settings: &Settings) -> Found {
    let url = &settings.public_url;
    let local = url.contains("//127.") || url.contains("//localhost") || url.contains("//[::1]");
    if local {
        let text =
            format!("{url} is reachable from this machine only: links in messages lead there");
        Found::Doubtful(text)
    } else {
        Found::Good(url.clone())
    }
}

fn database(settings: &Settings) -> Vec<(&'static str, Found)> {
    let shown = &settings.database;
    if let DatabaseUrl::Sqlite(path) = shown
        && !path.exists()
    {
        // Opening would make it, and a check changes nothing.
        let text = format!("{shown} does not exist yet; `serve` makes it");
        return vec![("database", Found::Doubtful(text))];
    }
    let mut conn = match Conn::open(shown) {
        Ok(conn) => conn,
        Err(error) => return vec![("database", Found::Bad(error.to_string()))],
    };
    match migrations::pending(&mut conn) {
        Ok(pending) if pending.is_empty() => {}
        Ok(pending) => {
            let text = format!(
                "{shown} lacks {} migrations; `serve` applies them",
                pending.len()
            );
            return vec![("database", Found::Doubtful(text))];
        }
        Err(error) => return vec![("database", Found::Bad(error.to_string()))],
    }
    let mut found = vec![match writes(&mut conn) {
        Ok(()) => (
            "database",
            Found::Good(format!("{shown} can be read and written")),
        ),
        Err(error) => ("database", Found::Bad(error.to_string())),
    }];
    match store::directory::load(&mut conn) {
        Ok(directory) => found.extend(configuration(&directory)),
        Err(error) => found.push(("configuration", Found::Bad(error.to_string()))),
    }
    found
}

/// A real write, taken back.
fn writes(conn: &mut Conn) -> Result<(), store::Error> {
    const UNDO: &str = "undone on purpose";
    let result = conn.transaction(|conn| {
        conn.execute("UPDATE sequence SET next_value = next_value WHERE name = 'generation'")?;
        Err::<(), _>(store::Error::Refused(UNDO.into()))
    });
    match result {
        Err(store::Error::Refused(text)) if text == UNDO => Ok(()),
        other => other,
    }
}

fn configuration(directory: &domain::directory::Directory) -> Vec<(&'static str, Found)> {
    let now = context().now;
    if directory.users.is_empty() {
        let text = "there is nobody yet: the first visit sets up the administrator";
        return vec![("configuration", Found::Doubtful(text.into()))];
    }
    let mut found = vec![];
    for policy in directory.policies.values() {
        for warning in escalation::warnings(&policy.current.config, directory, now) {
            if warning.needs_confirmation() {
                let text = format!("{}: {}", policy.name, warning.text);
                found.push(("policy", Found::Doubtful(text)));
            }
        }
    }
    let unmanned = directory
        .services
        .values()
        .filter(|one| one.policy_id.is_none());
    for service in unmanned {
        let text = format!("{} has no policy: the last resort is paged", service.name);
        found.push(("service", Found::Doubtful(text)));
    }
    if found.is_empty() {
        let text = format!(
            "{} people, {} schedules, {} policies, {} services",
            directory.users.len(),
            directory.schedules.len(),
            directory.policies.len(),
            directory.services.len(),
        );
        found.push(("configuration", Found::Good(text)));
    }
    found
}
