//! The style sheet, the script and the icon: in the binary, under a name that contains their digest, so that
//! browsers may keep them for good.

use std::io::Write as _;
use std::sync::LazyLock;

use actix_web::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, HeaderMap, HeaderValue, VARY,
};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::{BASE, Page, PageError};
use crate::domain::digest::Digest;

/// One file as browsers get it.
pub struct Asset {
    /// Its address.
    pub path: String,
    name: String,
    content_type: &'static str,
    plain: Bytes,
    /// The same, compressed with gzip.
    pub compressed: Bytes,
}

/// Digits of the digest in a file's name.
const DIGEST_CHARS: usize = 16;

impl Asset {
    fn new(stem: &str, ending: &str, content_type: &'static str, content: &'static str) -> Self {
        let digest = Digest::of(content.as_bytes()).to_string();
        let digest = digest.trim_start_matches("sha256:");
        let name = format!("{stem}.{}.{ending}", &digest[..DIGEST_CHARS]);
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        let compressed = encoder.write_all(content.as_bytes()).and_then(|()| encoder.finish());
        let compressed = compressed.expect("memory takes every write");
        Self {
            path: format!("{BASE}/assets/{name}"),
            name,
            content_type,
            plain: Bytes::from_static(content.as_bytes()),
            compressed: compressed.into(),
        }
    }
}

/// The style sheet.
pub static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("style", "css", "text/css; charset=utf-8", include_str!("assets/style.css")));

/// The script.
pub static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("app", "js", "text/javascript; charset=utf-8", include_str!("assets/app.js"))
});

/// The sign of a tab.
pub static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon", "svg", "image/svg+xml", include_str!("assets/icon.svg")));

/// `GET /ui/assets/{file}`
pub async fn serve(request: HttpRequest, file: web::Path<String>) -> Page {
    let known: [&Asset; 3] = [&STYLE, &SCRIPT, &ICON];
    let asset = known.into_iter().find(|asset| asset.name == *file).ok_or(PageError::NotFound)?;
    let mut response = HttpResponse::Ok();
    response
        .content_type(asset.content_type)
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")))
        .insert_header((VARY, HeaderValue::from_static("accept-encoding")));
    if takes_gzip(request.headers()) {
        response.insert_header((CONTENT_ENCODING, HeaderValue::from_static("gzip")));
        return Ok(response.body(asset.compressed.clone()));
    }
    Ok(response.body(asset.plain.clone()))
}

/// Whether the caller takes an answer that is compressed with gzip.
pub(super) fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT_ENCODING).filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let is_refused = weight.trim().strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0));
        name.trim().eq_ignore_ascii_case("gzip") && !is_refused
    })
}
