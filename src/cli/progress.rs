//! One line that tells how a run is going: in place on a terminal, now and then elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use cordboard_simulator::{Simulator, Snapshot};
use indicatif::{ProgressBar, ProgressStyle};
use tokio_util::sync::CancellationToken;

/// Lines on something that is no terminal come this far apart.
const QUIET: Duration = Duration::from_secs(5);

/// Shows snapshots.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    silent: bool,
    total: u64,
    last_line: Instant,
    last: (Instant, u64, u64),
}

impl Progress {
    /// For `total` calls; nothing is shown when `silent`.
    pub(super) fn new(total: u64, silent: bool) -> Self {
        let terminal = std::io::stderr().is_terminal() && !silent;
        let bar = terminal.then(|| {
            let bar = ProgressBar::new(total);
            let style = ProgressStyle::with_template("{bar:30.cyan/blue} {pos}/{len}  {msg}")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            bar.set_style(style);
            bar
        });
        let now = Instant::now();
        Self {
            bar,
            silent,
            total,
            last_line: now,
            last: (now, 0, 0),
        }
    }

    pub(super) fn show(&mut self, seen: &Snapshot) {
        let (since, webhooks, commands) = self.last;
        let elapsed = since.elapsed().as_secs_f64().max(0.001);
        let rate = |now: u64, before: u64| now.saturating_sub(before) as f64 / elapsed;
        let text = format!(
            "ringing {} · waiting {} · talking {} · conferences {} · {:.0} webhooks/s · {:.0} commands/s{}",
            seen.ringing,
            seen.waiting,
            seen.talking,
            seen.conferences_live,
            rate(seen.webhooks_sent, webhooks),
            rate(seen.commands, commands),
            if seen.faults > 0 {
                format!(" · {} faults", seen.faults)
            } else {
                String::new()
            },
        );
        self.last = (Instant::now(), seen.webhooks_sent, seen.commands);
        let done = seen.completed + seen.failed + seen.lost;
        if let Some(bar) = &self.bar {
            bar.set_position(done);
            bar.set_message(text);
        } else if !self.silent && self.last_line.elapsed() >= QUIET {
            self.last_line = Instant::now();
            eprintln!("{done}/{} done · {text}", self.total);
        }
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// From one look at the figures to the next.
const LOOK: Duration = Duration::from_millis(200);

/// Shows how callers get on until they are done; Ctrl-C makes everybody hang up. Tells whether that happened.
pub(super) async fn watch(
    simulator: &Simulator,
    callers: impl Future<Output = ()>,
    cancel: &CancellationToken,
    progress: &mut Progress,
    mut look: impl FnMut(&Snapshot),
) -> bool {
    let mut callers = std::pin::pin!(callers);
    let mut looks = tokio::time::interval(LOOK);
    let mut interrupted = false;
    loop {
        tokio::select! {
            () = &mut callers => return interrupted,
            _ = looks.tick() => {
                let seen = simulator.snapshot();
                look(&seen);
                progress.show(&seen);
            }
            _ = tokio::signal::ctrl_c(), if !interrupted => {
                interrupted = true;
                eprintln!("\nending: everybody hangs up");
                cancel.cancel();
            }
        }
    }
}
