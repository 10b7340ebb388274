//! `user` and `token`.

use std::process::ExitCode;

use clap::ArgMatches;
use domain::word::AccountRole;
use engine::account::{create_token, secret};
use engine::configuration::user::{NewPassword, NewUser, create_user, set_password};

use super::{context, open};
use crate::failure::Failure;
use crate::output;
use crate::setting::Settings;

fn text(matches: &ArgMatches, name: &str) -> String {
    matches.get_one::<String>(name).cloned().unwrap_or_default()
}

fn role(matches: &ArgMatches) -> Result<AccountRole, Failure> {
    let word = text(matches, "role");
    word.parse()
        .map_err(|error: domain::word::UnknownWord| Failure::usage(error.to_string()))
}

/// The password given, or one made up, and whether it was.
fn password(matches: &ArgMatches) -> Result<(String, bool), Failure> {
    if !matches.get_flag("password-stdin") {
        return Ok((secret::integration_key(), true));
    }
    let mut line = String::new();
    std::io::stdin()
        .read_line(&mut line)
        .map_err(|error| Failure::new(format!("the password cannot be read: {error}")))?;
    Ok((line.trim_end_matches(['\r', '\n']).to_owned(), false))
}

/// `quarterdeck user create|password`.
pub async fn user(settings: &Settings, matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let Some((name, matches)) = matches.subcommand() else {
        return Err(Failure::usage("`user` needs `create` or `password`"));
    };
    let email = text(matches, "email");
    let (password, made_up) = password(matches)?;
    let store = open(settings)?;
    let said = if name == "create" {
        let new = NewUser {
            name: text(matches, "name"),
            email: email.clone(),
            role: role(matches)?,
            zone: text(matches, "zone"),
            password: Some(password.clone()),
            phone: None,
            email_verified: matches.get_flag("verified"),
        };
        create_user(&store, &context(), new).await?;
        format!("created {email}")
    } else {
        let directory = store.directory();
        let user = directory.user_by_email(email.trim()).ok_or_else(|| {
            Failure::new(format!("there is no account with the address {email}"))
                .next("`quarterdeck user create` makes one.")
        })?;
        let new = NewPassword {
            current: None,
            password: password.clone(),
            keep_session: None,
        };
        set_password(&store, &context(), user.id, new).await?;
        format!("set the password of {email}")
    };
    output::line(&said)?;
    if made_up {
        output::line(&format!("password: {password}"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// `quarterdeck token create`.
pub async fn token(settings: &Settings, matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let Some((_, matches)) = matches.subcommand() else {
        return Err(Failure::usage("`token` needs `create`"));
    };
    let store = open(settings)?;
    let (name, role) = (text(matches, "name"), role(matches)?);
    let new = create_token(&store, &context(), &name, role).await?;
    output::line(&new.token)?;
    Ok(ExitCode::SUCCESS)
}
