//! From method and path to a `Route`. Path segments are decoded, so `:` may come encoded or not.

use percent_encoding::percent_decode_str;

use crate::carrier::request::Route;

/// Why there is no route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoRoute {
    /// No such path.
    Path,
    /// The path exists, not for this method.
    Method,
}

/// Finds the route of a path below `/v2`.
pub(crate) fn route(method: &str, path: &str) -> Result<Route, NoRoute> {
    let decoded: Option<Vec<String>> = path
        .trim_matches('/')
        .split('/')
        .map(|segment| {
            percent_decode_str(segment)
                .decode_utf8()
                .ok()
                .map(std::borrow::Cow::into_owned)
        })
        .collect();
    let segments = decoded.ok_or(NoRoute::Path)?;
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    match parts.split_first() {
        Some((&"calls", rest)) => calls(method, rest),
        Some((&"conferences", rest)) => conferences(method, rest),
        Some((&"messages", [])) => only(method, &["POST"], Route::MessageSend),
        Some((&"messages", [id])) => only(method, &["GET"], Route::MessageGet((*id).to_owned())),
        Some((&"recordings", rest)) => recordings(method, rest),
        Some((&"queues", rest)) => queues(method, rest),
        Some((&"connections", [connection, "active_calls"])) => {
            only(method, &["GET"], Route::ActiveCalls((*connection).to_owned()))
        }
        _ => Err(NoRoute::Path),
    }
}

fn only(method: &str, allowed: &[&str], route: Route) -> Result<Route, NoRoute> {
    if allowed.contains(&method) {
        Ok(route)
    } else {
        Err(NoRoute::Method)
    }
}

fn calls(method: &str, rest: &[&str]) -> Result<Route, NoRoute> {
    match rest {
        [] => only(method, &["POST"], Route::Dial),
        [id] => only(method, &["GET"], Route::CallGet((*id).to_owned())),
        [id, "actions", "client_state_update"] => only(
            method,
            &["PUT"],
            Route::LegAction((*id).to_owned(), "client_state_update".to_owned()),
        ),
        [id, "actions", verb] => only(
            method,
            &["POST"],
            Route::LegAction((*id).to_owned(), (*verb).to_owned()),
        ),
        _ => Err(NoRoute::Path),
    }
}

fn conferences(method: &str, rest: &[&str]) -> Result<Route, NoRoute> {
    match (method, rest) {
        ("POST", []) => Ok(Route::ConferenceCreate),
        ("GET", []) => Ok(Route::ConferenceList),
        ("GET", [id]) => Ok(Route::ConferenceGet((*id).to_owned())),
        ("POST", [id, "actions", verb]) => Ok(Route::ConferenceAction((*id).to_owned(), (*verb).to_owned())),
        ("GET", [id, "participants"]) => Ok(Route::ParticipantList((*id).to_owned())),
        ("GET", [id, "participants", who]) => Ok(Route::ParticipantGet((*id).to_owned(), (*who).to_owned())),
        ("PATCH", [id, "participants", who]) => {
            Ok(Route::ParticipantPatch((*id).to_owned(), (*who).to_owned()))
        }
        (_, [] | [_] | [_, "actions", _] | [_, "participants"] | [_, "participants", _]) => {
            Err(NoRoute::Method)
        }
        _ => Err(NoRoute::Path),
    }
}

fn recordings(method: &str, rest: &[&str]) -> Result<Route, NoRoute> {
    match (method, rest) {
        ("GET", []) => Ok(Route::RecordingList),
        ("GET", [id]) => Ok(Route::RecordingGet((*id).to_owned())),
        ("DELETE", [id]) => Ok(Route::RecordingDelete((*id).to_owned())),
        (_, [] | [_]) => Err(NoRoute::Method),
        _ => Err(NoRoute::Path),
    }
}

fn queues(method: &str, rest: &[&str]) -> Result<Route, NoRoute> {
    match (method, rest) {
        ("POST", []) => Ok(Route::QueueCreate),
        ("GET", []) => Ok(Route::QueueList),
        ("GET", [name]) => Ok(Route::QueueGet((*name).to_owned())),
        ("POST", [name]) => Ok(Route::QueueUpdate((*name).to_owned())),
        ("DELETE", [name]) => Ok(Route::QueueDelete((*name).to_owned())),
        ("GET", [name, "calls"]) => Ok(Route::QueueCalls((*name).to_owned())),
        ("GET", [name, "calls", id]) => Ok(Route::QueueCallGet((*name).to_owned(), (*id).to_owned())),
        ("PATCH", [name, "calls", id]) => Ok(Route::QueueCallPatch((*name).to_owned(), (*id).to_owned())),
        ("DELETE", [name, "calls", id]) => Ok(Route::QueueCallDelete((*name).to_owned(), (*id).to_owned())),
        (_, [] | [_] | [_, "calls"] | [_, "calls", _]) => Err(NoRoute::Method),
        _ => Err(NoRoute::Path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_encoded_or_not() {
        let wanted = Ok(Route::LegAction("v3:a_b-c".to_owned(), "answer".to_owned()));
        assert_eq!(route("POST", "/calls/v3:a_b-c/actions/answer"), wanted);
        assert_eq!(route("POST", "/calls/v3%3Aa_b-c/actions/answer"), wanted);
    }

    #[test]
    fn unknown_paths_and_methods_are_told_apart() {
        assert_eq!(route("GET", "/nothing"), Err(NoRoute::Path));
        assert_eq!(route("GET", "/calls"), Err(NoRoute::Method));
        assert_eq!(route("DELETE", "/conferences/x"), Err(NoRoute::Method));
        assert_eq!(
            route("POST", "/calls/x/actions/client_state_update"),
            Err(NoRoute::Method)
        );
    }
}
