//! Our conferences against the carrier's live ones, both ways.

use std::collections::HashMap;

use cordboard_core::command::ConferenceAction;
use cordboard_core::command::conference::End;
use cordboard_core::outcome::ConferenceView;
use cordboard_core::{Address, Command, ConferenceId, Finding, Handle};
use tokio::time::Instant;

use super::{Difference, Reconciler, asking};

impl Reconciler {
    /// `None` when the carrier did not answer.
    pub(super) async fn compare_conferences(&mut self) -> Option<Difference> {
        let ours = self.house.registry.conferences();
        let theirs = asking::live_conferences(&self.house).await?;
        let missing: HashMap<ConferenceId, Address> = {
            let live: std::collections::HashSet<&ConferenceId> = theirs.iter().map(|view| &view.id).collect();
            ours.into_iter().filter(|(id, _)| !live.contains(id)).collect()
        };
        tokio::task::yield_now().await;
        let again = self
            .gone_conferences
            .look(missing.keys().cloned(), Instant::now());
        let findings = again.into_iter().filter_map(|(conference, _)| {
            let room = missing.get(&conference)?.clone();
            Some((room, Finding::ConferenceGone { conference }))
        });
        self.report("conference_gone", findings.collect()).await;
        let unknown = self.unknown_conferences(theirs).await;
        Some(Difference {
            missing: missing.len(),
            unknown,
        })
    }

    /// Live conferences of our applications that no room claims. The list is of the whole account: what does not say
    /// that it is ours is somebody else's.
    async fn unknown_conferences(&mut self, theirs: Vec<ConferenceView>) -> usize {
        let ours = |view: &ConferenceView| {
            let connection = view.connection.as_ref();
            connection.is_some_and(|connection| self.connections.contains(connection))
        };
        let unclaimed = |view: &ConferenceView| {
            let handle = Handle::Conference(view.id.clone());
            self.house.registry.owner(&handle).is_none()
        };
        let unknown: HashMap<ConferenceId, ConferenceView> = theirs
            .into_iter()
            .filter(|view| view.live && ours(view) && unclaimed(view))
            .map(|view| (view.id.clone(), view))
            .collect();
        let again = self
            .stray_conferences
            .look(unknown.keys().cloned(), Instant::now());
        let mut strays = Vec::new();
        for (conference, _) in again {
            let Some(view) = unknown.get(&conference) else {
                continue;
            };
            let room = Address::Conference(view.name.clone());
            if self.is_recorded(&room).await {
                strays.push((room, Finding::ConferenceAlive { conference }));
            } else {
                self.judge_conference(conference).await;
            }
        }
        self.report("conference_alive", strays).await;
        unknown.len()
    }

    /// A conference whose room never existed here.
    async fn judge_conference(&mut self, conference: ConferenceId) {
        let first_time = self.stray_conferences.tell(&conference);
        if first_time {
            self.house.metrics.reconciler.findings.inc(["unknown_conference"]);
        }
        if self.alone {
            let about = conference.clone();
            let action = ConferenceAction::End(End::default());
            let command = Command::Conference { conference, action };
            let taken = asking::order(&self.house, command, about.as_str()).await;
            self.house.metrics.reconciler.findings.inc(["conference_ended"]);
            tracing::warn!(conference = %about, taken, "a live conference that no room owns is ended");
        } else if first_time {
            tracing::warn!(%conference, "a live conference that no room owns is left alone");
        }
    }
}
