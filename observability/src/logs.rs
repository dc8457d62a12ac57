//! Sets up logging: readable on a terminal, one JSON object per line otherwise, always on standard error.
//!
//! Called once by the program and by any test that wants to see logs. Spans are not made here: their ids are
//! derived from calls (see [`crate::traces`]). A line names its entity in the field `address`; one about a call gets the
//! call's id and its trace's besides.
//!
//! Lines are written by a thread of their own: whoever logs never waits for whoever reads. When nobody reads, lines
//! are dropped; a call is worth more than a line about it.

mod called;

use std::io::{self, IsTerminal};
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::{EnvFilter, ParseError};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::{JsonFields, format};
use tracing_subscriber::layer::{Layer, SubscriberExt};

use called::Called;

/// Filter of [`LogSettings::default`].
pub const DEFAULT_FILTER: &str = "info";

/// ractor opens one span per actor for that actor's whole life; nobody reads them and every log line would carry one.
const ALWAYS_UNLESS_ASKED: &str = "ractor=off";

/// Lines that wait for a reader, about 3 MB; further ones are dropped.
const LINES_WAITING: usize = 8_192;

/// The writing thread, while there is one.
static WRITER: Mutex<Option<WorkerGuard>> = Mutex::new(None);

/// Shape of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Pretty when standard error is a terminal, JSON otherwise.
    #[default]
    Auto,
    /// One readable line per event.
    Pretty,
    /// One JSON object per event, fields at the top level.
    Json,
}

impl FromStr for LogFormat {
    type Err = LogError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "pretty" => Ok(Self::Pretty),
            "json" => Ok(Self::Json),
            unknown => Err(LogError::Format(crate::redact::escape(unknown, 40))),
        }
    }
}

/// How the program logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// Shape of a line.
    pub format: LogFormat,
    /// Directives as `RUST_LOG` has them, such as `info,cordboard=debug`.
    pub filter: String,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            format: LogFormat::Auto,
            filter: DEFAULT_FILTER.to_owned(),
        }
    }
}

/// What is wrong with the log settings.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The format is none of the three.
    #[error("log format `{0}` is unknown: use auto, pretty or json")]
    Format(String),
    /// The filter cannot be read.
    #[error("log filter `{filter}` cannot be read: use directives such as `info` or `info,cordboard=debug`")]
    Filter {
        /// The filter as given, escaped.
        filter: String,
        /// Where it went wrong.
        source: ParseError,
    },
}

/// Whether [`init`] installed its subscriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogStart {
    /// This call installed it.
    Installed,
    /// The process had one already; it stays as it was.
    AlreadyInstalled,
}

/// Installs logging for the whole process. Calling it again changes nothing.
///
/// # Errors
/// When the filter cannot be read; nothing is installed then.
pub fn init(settings: &LogSettings) -> Result<LogStart, LogError> {
    let (lines, writer) = writer_thread(io::stderr());
    let subscriber = subscriber(settings, lines)?;
    match tracing::subscriber::set_global_default(subscriber) {
        Ok(()) => {
            *WRITER.lock().unwrap_or_else(PoisonError::into_inner) = Some(writer);
            Ok(LogStart::Installed)
        }
        Err(_) => Ok(LogStart::AlreadyInstalled),
    }
}

/// A thread that writes to `writer`, and the way to it that never waits.
fn writer_thread<W: io::Write + Send + 'static>(writer: W) -> (NonBlocking, WorkerGuard) {
    NonBlockingBuilder::default()
        .buffered_lines_limit(LINES_WAITING)
        .thread_name("logs")
        .finish(writer)
}

/// Writes what waits, for a second at the most, and drops what is logged afterwards. The last thing before an exit.
pub fn close() {
    let writer = WRITER.lock().unwrap_or_else(PoisonError::into_inner).take();
    drop(writer);
}

/// The subscriber that [`init`] installs, writing to `writer`: for tests that look at what was logged.
///
/// # Errors
/// When the filter cannot be read.
pub fn subscriber<W>(
    settings: &LogSettings,
    writer: W,
) -> Result<impl tracing::Subscriber + Send + Sync, LogError>
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let terminal = io::stderr().is_terminal();
    let json = match settings.format {
        LogFormat::Auto => !terminal,
        LogFormat::Pretty => false,
        LogFormat::Json => true,
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    let lines: Box<dyn Layer<_> + Send + Sync> = if json {
        // Spans are left out: ours are made elsewhere, and those of libraries would repeat on every line.
        let within = format()
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false);
        let format = Called { within, json };
        Box::new(lines.fmt_fields(JsonFields::new()).event_format(format))
    } else {
        let colours = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let within = format().compact().with_ansi(colours);
        Box::new(lines.with_ansi(colours).event_format(Called { within, json }))
    };
    Ok(tracing_subscriber::registry()
        .with(filter(&settings.filter)?)
        .with(lines))
}

/// Reads the directives and silences ractor's own spans unless the directives mention ractor.
fn filter(directives: &str) -> Result<EnvFilter, LogError> {
    let directives = if directives.trim().is_empty() {
        DEFAULT_FILTER
    } else {
        directives
    };
    let asked = directives
        .split(',')
        .any(|directive| directive.trim().starts_with("ractor"));
    let complete = if asked {
        directives.to_owned()
    } else {
        format!("{ALWAYS_UNLESS_ASKED},{directives}")
    };
    EnvFilter::try_new(complete).map_err(|source| LogError::Filter {
        filter: crate::redact::escape(directives, 120),
        source,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl Captured {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl io::Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, directives: &str, write: impl FnOnce()) -> String {
        let captured = Captured::default();
        let writer = captured.clone();
        let settings = LogSettings {
            format,
            filter: directives.to_owned(),
        };
        let subscriber = subscriber(&settings, move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, write);
        captured.text()
    }

    #[test]
    fn starting_twice_neither_fails_nor_panics() {
        let settings = LogSettings::default();
        init(&settings).unwrap();
        assert_eq!(init(&settings).unwrap(), LogStart::AlreadyInstalled);
    }

    #[test]
    fn a_json_line_carries_its_fields_at_the_top() {
        let text = logged(LogFormat::Json, "info", || {
            tracing::info!(call = "c-1", seq = 7, "applied");
        });
        let line: serde_json::Value = serde_json::from_str(text.trim()).unwrap();
        assert_eq!(line["call"], "c-1");
        assert_eq!(line["seq"], 7);
        assert_eq!(line["message"], "applied");
        assert_eq!(line["level"], "INFO");
        assert!(line["timestamp"].is_string());
    }

    #[test]
    fn a_line_about_a_call_has_its_id_and_its_trace() {
        const CALL: &str = "428c31b6-7af4-4bcb-b7f5-5013ef9657c1";
        let write = || {
            tracing::warn!(address = %format_args!("call:{CALL}"), seq = 7, "a record was not taken");
            tracing::warn!(address = "conference:demo", "elsewhere");
        };
        let text = logged(LogFormat::Json, "info", write);
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines[0]["call"], CALL);
        assert_eq!(lines[0]["trace_id"], CALL.replace('-', ""));
        assert_eq!(
            (&lines[0]["seq"], &lines[0]["level"]),
            (&7.into(), &"WARN".into())
        );
        assert_eq!(lines[1].get("trace_id"), None);
        let text = logged(LogFormat::Pretty, "info", write);
        assert!(
            text.lines()
                .next()
                .unwrap()
                .ends_with(&format!("trace_id={}", CALL.replace('-', ""))),
            "{text}"
        );
        let text = logged(LogFormat::Json, "info", || {
            tracing::warn!(address = "call:\"x\\ny}", "an id may be anything");
        });
        let line: serde_json::Value = serde_json::from_str(text.trim()).unwrap();
        assert_eq!(line["call"], "?x?ny?");
    }

    #[test]
    fn a_pretty_line_is_one_line() {
        let text = logged(LogFormat::Pretty, "info", || {
            tracing::info!(call = "c-1", "applied");
        });
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(
            text.contains("applied") && text.contains("call=\"c-1\""),
            "{text}"
        );
    }

    /// Takes nothing until the test lets go.
    struct Stuck(Arc<Mutex<()>>);

    impl io::Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _until_released = self.0.lock();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_who_does_not_read_holds_nobody_up() {
        let gate = Arc::new(Mutex::new(()));
        let closed = gate.lock().unwrap();
        let (lines, writer) = writer_thread(Stuck(Arc::clone(&gate)));
        let dropped = lines.error_counter();
        let subscriber = subscriber(&LogSettings::default(), lines).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            for line in 0..LINES_WAITING + 100 {
                tracing::info!(line, "nobody reads this");
            }
        });
        assert!(dropped.dropped_lines() > 0);
        drop(closed);
        drop(writer);
    }

    #[test]
    fn ractor_is_silent_unless_asked_for() {
        let write = || tracing::error!(target: "ractor", "inside an actor");
        assert_eq!(logged(LogFormat::Json, "trace", write), "");
        assert!(logged(LogFormat::Json, "info,ractor=error", write).contains("inside an actor"));
    }

    #[test]
    fn a_filter_that_cannot_be_read_says_so() {
        let settings = LogSettings {
            format: LogFormat::Auto,
            filter: "cordboard=\nloud".to_owned(),
        };
        let message = init(&settings).unwrap_err().to_string();
        assert!(message.contains("cordboard=\\nloud"), "{message}");
        assert!(message.contains("info,cordboard=debug"), "{message}");
    }

    #[test]
    fn formats_are_read_by_name() {
        assert_eq!("json".parse::<LogFormat>().unwrap(), LogFormat::Json);
        assert!(
            "xml"
                .parse::<LogFormat>()
                .unwrap_err()
                .to_string()
                .contains("auto, pretty or json")
        );
    }
}
