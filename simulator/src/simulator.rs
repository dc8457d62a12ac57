//! The running simulator as programs and tests hold it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::callers;
use crate::callers::scenario::{ConferenceScenario, LoadScenario, Plan};
use crate::callers::visitor::Visitor;
use crate::http;
use crate::ledger::report::{Report, Snapshot};
use crate::settings::Settings;
use crate::world::World;

/// Why a simulator did not start, or an address was refused.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is in use or not ours.
    #[error("cannot listen on {address}: choose a free address or port 0")]
    Listen {
        /// What was asked for.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// Webhooks can only go to plain HTTP.
    #[error("webhook address `{0}` is not usable: give an absolute http:// address")]
    WebhookUrl(String),
}

/// A simulated carrier that serves HTTP until it is shut down.
#[derive(Debug)]
pub struct Simulator {
    world: Arc<World>,
    address: SocketAddr,
}

impl Simulator {
    /// Listens and serves. Callers ring only when they are told to.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        for url in settings.webhook_url.iter().chain(&settings.failover_url) {
            check_url(url)?;
        }
        let wanted = settings.listen;
        let listen = |source| StartError::Listen {
            address: wanted,
            source,
        };
        let listener = TcpListener::bind(wanted).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let world = Arc::new(World::new(settings));
        world.tasks.spawn(http::serve(Arc::clone(&world), listener));
        let timed = Arc::clone(&world);
        world.tasks.spawn(async move { timed.clock.run(&timed).await });
        Ok(Self { world, address })
    }

    /// Base URL of the API, ending in `/v2`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v2", self.address)
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Public half of the signing key, as the portal shows it.
    pub fn public_key_base64(&self) -> String {
        self.world.courier.signer.public_key_base64()
    }

    /// Where webhooks go from now on, also those that are being retried.
    pub fn set_webhook_url(&self, url: String) -> Result<(), StartError> {
        check_url(&url)?;
        self.world.set_webhook_url(Some(url));
        Ok(())
    }

    /// Runs a conference scenario until every caller is done. Cancelling makes everybody hang up.
    pub async fn run_conferences(&self, scenario: ConferenceScenario, cancel: CancellationToken) {
        callers::run(&self.world, &Plan::from(&scenario), &cancel).await;
    }

    /// Runs an open-loop load until every caller is done. Cancelling makes everybody hang up.
    pub async fn run_load(&self, scenario: LoadScenario, cancel: CancellationToken) {
        callers::run(&self.world, &Plan::from(&scenario), &cancel).await;
    }

    /// Rings a number for somebody who decides as the call goes; only through the Telnyx face.
    pub fn visit(&self, from: &str, to: &str) -> Option<Visitor> {
        Visitor::ring(&self.world, from, to)
    }

    /// Figures for a progress line; cheap.
    pub fn snapshot(&self) -> Snapshot {
        self.world.snapshot()
    }

    /// Waits until no webhook is on its way and no leg or conference lives; false when the time is over.
    pub async fn quiesce(&self, limit: Duration) -> bool {
        self.world.quiesce(limit).await
    }

    /// The ledger as of now. Callers that still wait count as lost.
    pub fn report(&self) -> Report {
        self.world.report()
    }

    /// Ids of all events that got a 2xx: what the program may never lose.
    pub fn acked_events(&self) -> Vec<Uuid> {
        self.world.book(|ledger| ledger.acked_events())
    }

    /// Stops serving, delivering and calling.
    pub async fn shutdown(self) {
        self.world.stop.cancel();
        self.world.tasks.close();
        self.world.tasks.wait().await;
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // A test that panics must not leave a carrier behind that goes on delivering.
        self.world.stop.cancel();
    }
}

fn check_url(url: &str) -> Result<(), StartError> {
    let good = url::Url::parse(url).is_ok_and(|parsed| parsed.scheme() == "http" && parsed.has_host());
    if good {
        Ok(())
    } else {
        Err(StartError::WebhookUrl(url.to_owned()))
    }
}
