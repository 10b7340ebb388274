//! API tokens. A token is known by itself: its name may change.

use domain::TokenId;
use store::account::Token;

use super::{Work, put};
use crate::account::{secret, token};
use crate::configuration::check::Checks;
use crate::manifest::document::TokenEntry;
use crate::manifest::value::Place;
use crate::manifest::write::Write;

impl Work<'_> {
    pub(super) fn token(&mut self, entry: &TokenEntry) {
        let at = entry.name.at;
        let mut checks = Checks::default();
        let name = checks.name("name", &entry.name);
        self.problems(at, checks.into_problems());
        let Some((hash, hint, place)) = self.token_digest(entry) else {
            return;
        };
        if !self.first("token", &secret::to_hex(&hash), place) {
            return;
        }
        let existing = self.current.tokens.iter().find(|(_, known)| *known == hash);
        let Some((existing, _)) = existing else {
            let new = Token {
                id: self.id(TokenId),
                name: name.clone(),
                hint,
                role: entry.role,
                created_by: None,
                created_at: self.now,
                last_used_at: None,
                revoked_at: None,
            };
            self.writes.push(Write::InsertToken { token: new, hash });
            return self.change("token", name, true, vec![]);
        };
        if existing.revoked_at.is_some() {
            return self.fault(
                place,
                "this token was revoked, which is for good: make another",
            );
        }
        let mut edited = existing.clone();
        let mut fields = vec![];
        put(&mut edited.name, name.clone(), "name", &mut fields);
        put(&mut edited.role, entry.role, "role", &mut fields);
        if !fields.is_empty() {
            self.writes.push(Write::UpdateToken(edited));
        }
        self.change("token", name, false, fields);
    }

    fn token_digest(&mut self, entry: &TokenEntry) -> Option<([u8; 32], String, Place)> {
        match (&entry.token, &entry.token_sha256) {
            (Some(literal), None) => {
                let text = literal.value.reveal();
                let well_formed = text.starts_with(token::PREFIX)
                    && text.len() >= token::LENGTH_MIN
                    && text
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
                if !well_formed {
                    let (prefix, least) = (token::PREFIX, token::LENGTH_MIN);
                    let message = format!(
                        "token: begin with {prefix} and use at least {least} letters, digits, \
                         hyphens and underscores"
                    );
                    self.fault(literal.at, message);
                }
                Some((secret::digest(text), secret::hint(text), literal.at))
            }
            (None, Some(hash)) => {
                let Some(digest) = secret::from_hex(hash) else {
                    self.fault(hash.at, "token_sha256: 64 hexadecimal digits are needed");
                    return None;
                };
                let hint = entry.token_hint.clone().unwrap_or_default();
                Some((digest, hint.chars().take(4).collect(), hash.at))
            }
            (None, None) | (Some(_), Some(_)) => {
                let message = "a token needs either `token` or `token_sha256`";
                self.fault(entry.name.at, message);
                None
            }
        }
    }
}
