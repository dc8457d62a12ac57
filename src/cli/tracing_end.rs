//! The end of a traced run: nothing stays in the queue, and people are told what to look at.

use std::time::Duration;

use cordboard_observability::traces::{Drained, TraceId, Tracer};

/// A collector that takes longer keeps its spans.
const PATIENCE: Duration = Duration::from_secs(10);

/// Flushes and names example traces, with a link when it is known where people look at traces.
pub(super) async fn flush(tracer: &Tracer, examples: &[TraceId], jaeger: Option<&str>) {
    if !tracer.enabled() {
        return;
    }
    if tracer.shutdown(PATIENCE).await == Drained::TimedOut {
        eprintln!(
            "the collector did not take every span within {} s",
            PATIENCE.as_secs()
        );
    }
    if tracer.dropped() > 0 {
        eprintln!("{} spans could not be exported", tracer.dropped());
    }
    for trace in examples {
        match jaeger {
            Some(url) => eprintln!("trace {trace}  {}/trace/{trace}", url.trim_end_matches('/')),
            None => eprintln!("trace {trace}"),
        }
    }
}
