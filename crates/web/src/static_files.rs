//! The embedded files of the front end, kept by browsers for ever: their names change with their
//! content.

use actix_web::http::header;
use actix_web::web::{self, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use crate::assets;
use crate::compress;
use crate::error::WebError;

pub(crate) fn configure(config: &mut ServiceConfig) {
    config.service(
        web::resource("/static/{name}")
            .route(web::get().to(file))
            .route(web::head().to(file)),
    );
    config
        .route("/robots.txt", web::get().to(robots))
        .route("/favicon.ico", web::get().to(icon));
}

async fn file(req: HttpRequest, name: Path<String>) -> Result<HttpResponse, WebError> {
    let asset = assets::find(&name).ok_or(WebError::not_found("file"))?;
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::CONTENT_TYPE, asset.content_type))
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((header::ETAG, asset.etag))
        .insert_header((header::VARY, "Accept-Encoding"));
    let known = req
        .headers()
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    if known.is_some_and(|known| known.split(',').any(|tag| tag.trim() == asset.etag)) {
        response.status(actix_web::http::StatusCode::NOT_MODIFIED);
        return Ok(response.finish());
    }
    let (bytes, coding) = if compress::takes(req.headers(), "br") {
        (asset.br, Some("br"))
    } else if compress::takes(req.headers(), "gzip") {
        (asset.gz, Some("gzip"))
    } else {
        (asset.bytes, None)
    };
    let mut response = response.body(web::Bytes::from_static(bytes));
    if let Some(coding) = coding {
        compress::packed(&mut response, coding);
    }
    Ok(response)
}

async fn robots() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain")
        .body("User-agent: *\nDisallow: /\n")
}

/// Asked for by browsers wherever no page names another.
async fn icon() -> HttpResponse {
    HttpResponse::Found()
        .insert_header((header::LOCATION, assets::url("favicon.svg")))
        .finish()
}
