//! The desk in the browser: three static files. They hold no data; the script asks for the token and calls the API.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;

pub(super) async fn html() -> impl IntoResponse {
    file("text/html; charset=utf-8", include_str!("desk.html"))
}

pub(super) async fn script() -> impl IntoResponse {
    file("text/javascript; charset=utf-8", include_str!("desk.js"))
}

pub(super) async fn style() -> impl IntoResponse {
    file("text/css; charset=utf-8", include_str!("desk.css"))
}

fn file(kind: &'static str, text: &'static str) -> impl IntoResponse {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache")], text)
}

/// Paths that anybody may ask for.
pub(super) const PATHS: [&str; 3] = ["/", "/desk.js", "/desk.css"];
