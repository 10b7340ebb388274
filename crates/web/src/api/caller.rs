//! Who calls the API.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest};
use domain::word::Origin;
use engine::access::{self, Right};
use engine::{OpContext, account};

use crate::error::WebError;
use crate::session;
use crate::state::AppState;

/// Somebody with a token. To read, a signed-in browser will do.
#[derive(Clone)]
pub struct Caller {
    pub ctx: OpContext,
    /// The name of the token, unless it is a browser.
    pub token: Option<String>,
}

impl Caller {
    /// # Errors
    /// 403 when the role does not allow it.
    pub fn require(&self, right: Right) -> Result<(), WebError> {
        Ok(access::require(&self.ctx, right)?)
    }
}

/// Lets nobody in without a token: strangers are not even told whether their request makes sense.
pub(crate) async fn admit<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match identify(req.request()).await {
        Ok(caller) => {
            req.extensions_mut().insert(caller);
            next.call(req)
                .await
                .map(ServiceResponse::map_into_boxed_body)
        }
        Err(error) => Ok(req.error_response(error).map_into_boxed_body()),
    }
}

async fn identify(req: &HttpRequest) -> Result<Caller, WebError> {
    let state = req
        .app_data::<Data<AppState>>()
        .ok_or_else(|| WebError::Internal("a handler without state".into()))?;
    let now = state.now();
    let Some(header) = req.headers().get(header::AUTHORIZATION) else {
        // A browser would send its cookie with a forged post, too.
        if matches!(*req.method(), Method::GET | Method::HEAD)
            && let Some(session) = session::current(req).await?
        {
            return Ok(Caller {
                ctx: session.context(now),
                token: None,
            });
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
    match account::authenticate(state.store(), presented, now).await? {
        Some(token) => Ok(Caller {
            ctx: OpContext::token(token.role, Origin::Api, now),
            token: Some(token.name),
        }),
        None => {
            let message = "this API token is not known, or was revoked";
            Err(engine::Error::Unauthenticated(message.into()).into())
        }
    }
}

impl FromRequest for Caller {
    type Error = WebError;
    type Future = std::future::Ready<Result<Self, WebError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = req.extensions().get::<Caller>().cloned();
        std::future::ready(caller.ok_or(WebError::NoToken))
    }
}
