//! Lines about a call name it twice: by its id, and by the id of its trace, so that either leads from one to the other.
//!
//! Used by [`super::subscriber`]. Whoever logs names the entity in the field `address`; nothing is looked up here.

use std::fmt::{self, Write};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::traces::ids::trace_of_call;

/// How a call's address begins.
const CALL: &str = "call:";

/// Writes what the format within writes, and the ids behind it.
pub(super) struct Called<F> {
    pub(super) within: F,
    /// Whether a line is a JSON object.
    pub(super) json: bool,
}

impl<S, N, F> FormatEvent<S, N> for Called<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut about = About::default();
        event.record(&mut about);
        let Some(call) = about.call else {
            return self.within.format_event(context, writer, event);
        };
        let trace = trace_of_call(&call);
        // An id is the carrier's own text: what is no plain character is not copied into a line.
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:~".contains(c);
        let call: String = call.chars().map(|c| if plain(c) { c } else { '?' }).collect();
        let mut line = String::new();
        self.within.format_event(context, Writer::new(&mut line), event)?;
        let line = line.trim_end();
        match line.strip_suffix('}').filter(|_| self.json) {
            Some(open) => writeln!(writer, "{open},\"call\":\"{call}\",\"trace_id\":\"{trace}\"}}"),
            None => writeln!(writer, "{line} trace_id={trace}"),
        }
    }
}

/// Which call an event is about.
#[derive(Default)]
struct About {
    call: Option<String>,
}

impl Visit for About {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "address" {
            let mut shown = String::new();
            let _ = write!(shown, "{value:?}");
            self.note(&shown);
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "address" {
            self.note(value);
        }
    }
}

impl About {
    fn note(&mut self, address: &str) {
        self.call = address.strip_prefix(CALL).map(str::to_owned);
    }
}
