//! The OpenAPI 3.1 document: made of the handlers' own descriptions, served by the API and printed by
//! `cordboard openapi`.

use std::sync::LazyLock;

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Components, InfoBuilder, OpenApi, SecurityRequirement};

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Desk, pages};

static TEXT: LazyLock<String> = LazyLock::new(|| {
    document()
        .to_pretty_json()
        .unwrap_or_else(|error| format!("{{\"error\": \"{error}\"}}"))
});

/// The document of every page.
pub fn document() -> OpenApi {
    let mut document = pages().into_openapi();
    document.info = InfoBuilder::new()
        .title("Cordboard operator API")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "What an operator can see and do. 202 means that a record contains the request. Every POST may carry an \
             `Idempotency-Key`: sent again within ten minutes it gets its first answer and has no second effect.",
        ))
        .build();
    let components = document.components.get_or_insert_with(Components::new);
    components.add_security_scheme("token", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    let none: [&str; 0] = [];
    document.security = Some(vec![
        SecurityRequirement::default(),
        SecurityRequirement::new("token", none),
    ]);
    document
}

/// The page of this document.
pub(super) fn page() -> OpenApiRouter<Desk> {
    OpenApiRouter::new().routes(routes!(openapi))
}

/// This document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "program", responses(
    (status = 200, description = "OpenAPI 3.1", body = serde_json::Value),
))]
async fn openapi() -> Response {
    ([(CONTENT_TYPE, "application/json")], TEXT.as_str()).into_response()
}
