//! Who calls the API.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::{Method, header};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use engine::access::{self, Right};
use engine::{OpContext, account};
use domain::word::Origin;

use crate::error::WebError;
use crate::session;
use crate::state::AppState;

/// Somebody with a token. To read, a signed-in browser will do.
pub struct Caller {
    pub ctx: OpContext,
}

impl Caller {
    /// # Errors
    /// 403 when the role does not allow it.
    pub fn require(&self, right: Right) -> Result<(), WebError> {
        Ok(access::require(&self.ctx, right)?)
    }
}

impl FromRequest for Caller {
    type Error = WebError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, WebError>>>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move {
            let state = req
                .app_data::<Data<AppState>>()
                .ok_or_else(|| WebError::Internal("a handler without state".into()))?;
            let now = state.now();
            let Some(header) = req.headers().get(header::AUTHORIZATION) else {
                // A browser would send its cookie with a forged post, too.
                if matches!(*req.method(), Method::GET | Method::HEAD)
                    && let Some(session) = session::current(&req).await?
                {
                    return Ok(Caller { ctx: session.context(now) });
                }
                return Err(WebError::NoToken);
            };
            let presented = header
                .to_str()
                .ok()
                .and_then(|value| value.split_once(' '))
                .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
                .map(|(_, token)| token.trim())
                .ok_or(WebError::NoToken)?;
            let token = account::authenticate(state.store(), presented, now).await?;
            match token {
                Some(token) => {
                    Ok(Caller { ctx: OpContext::token(token.role, Origin::Api, now) })
                }
                None => Err(engine::Error::Unauthenticated(
                    "this API token is not known, or was revoked".into(),
                )
                .into()),
            }
        })
    }
}
