//! `cordboard openapi`: the OpenAPI document of the operator API, as a running program serves it.

use std::process::ExitCode;

use super::printing::print;

pub(super) fn run() -> anyhow::Result<ExitCode> {
    print(&crate::api::document().to_pretty_json()?)
}
