//! The HTTP server: STS, Organizations, CloudTrail and Cost Explorer on 127.0.0.1, as AWS speaks and enforces them.
//!
//! What is enforced: the SigV4 credential scope (key, region, service), session tokens and their expiry, trust policies
//! and ExternalIds, role policy ∩ session policy, service control policies, and every request rule of the four actions
//! the product uses. What is not: the signature itself (any secret goes with a known access key) and the 15 minutes of
//! allowed clock skew, because the simulated present may be pinned while the caller's clock runs on.
//!
//! What can be wrong with a connection is switched on with [`ServeOptions::troubles`] or [`SimServer::set_troubles`]; what
//! goes wrong with single requests, by a seeded plan, with [`ServeOptions::faults`] or [`SimServer::set_faults`].

mod answer;
mod assumed;
mod auth;
mod authorize;
mod caller;
mod cloud;
mod cloudtrail;
mod cost_explorer;
mod fault;
mod faults;
mod form;
mod fuse;
mod history;
mod http;
mod installer;
mod key;
mod organizations;
mod policy;
mod sessions;
mod sts;
mod throttle;
mod token;
mod trouble;
mod trust;

pub use assumed::AssumedRole;
pub use faults::{FaultError, FaultKind, FaultPlan, FaultRule, Place, When};
pub use installer::Installer;
pub use key::{SimKey, SimKeyKind};
pub use trouble::{Action, OTHER_EXTERNAL_ID, Service, Trouble, TroubleAt, TroubleError};

use super::world::World;
use crate::domain::Clock;
use cloud::Cloud;
use serde::Serialize;
use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::Arc,
    thread::JoinHandle,
};
use tokio::{runtime, signal::unix, sync::oneshot};

/// How to serve a world.
#[derive(Debug, Clone, Default)]
pub struct ServeOptions {
    /// TCP port on 127.0.0.1; 0 takes any free one.
    pub port: u16,
    /// Whether `LookupEvents` is limited to two requests a second per account and region, as AWS does.
    pub throttle: bool,
    /// What is wrong from the start.
    pub troubles: Vec<TroubleAt>,
    /// What strikes single requests from the start.
    pub faults: Option<FaultPlan>,
    /// Access keys that are known beside the agency's.
    pub keys: Vec<SimKey>,
}

/// How many requests were answered, by service and outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct SimCounts {
    /// STS requests.
    pub sts: u64,
    /// Organizations requests.
    pub organizations: u64,
    /// CloudTrail requests.
    pub cloudtrail: u64,
    /// Cost Explorer requests.
    pub ce: u64,
    /// Of all these, refused as one too many.
    pub throttled: u64,
    /// Of all these, answered with `AccessDenied` or `AccessDeniedException`.
    pub denied: u64,
}

/// Why the simulator could not start.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The port is taken or not allowed.
    #[error("the simulator cannot listen on 127.0.0.1:{port} ({source}): choose another port, or 0 for any free one")]
    Bind {
        /// The port that was asked for.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// The system refused a thread or an event queue.
    #[error(
        "the simulator cannot start its server ({0}): close other programs or raise the limits (ulimit -u, ulimit -n)"
    )]
    Start(#[source] io::Error),
}

/// A running server; it stops when this is dropped.
#[derive(Debug)]
pub struct SimServer {
    address: SocketAddr,
    cloud: Arc<Cloud>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl SimServer {
    /// Serves `world` from an own thread. Expiry, "today" and the 90 days of event history follow `clock`.
    ///
    /// # Errors
    /// [`SimError`] if the port is taken or the system refuses a thread.
    pub fn start(world: Arc<World>, clock: Arc<dyn Clock>, options: ServeOptions) -> Result<Self, SimError> {
        let port = options.port;
        let bind = |source| SimError::Bind { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(bind)?;
        listener.set_nonblocking(true).map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        let cloud = Arc::new(Cloud::new(world, clock, options));
        let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(SimError::Start)?;
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&cloud);
        let thread = std::thread::Builder::new()
            .name("simulator".to_owned())
            .spawn(move || runtime.block_on(http::serve(listener, served, stopped)))
            .map_err(SimError::Start)?;
        Ok(Self { address, cloud, stop: Some(stop), thread: Some(thread) })
    }

    /// `http://127.0.0.1:PORT`, the endpoint URL for all four services.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Requests answered so far.
    pub fn counts(&self) -> SimCounts {
        self.cloud.counts.read()
    }

    /// The most connections that were open at once.
    pub fn most_connections(&self) -> u64 {
        self.cloud.connections.most()
    }

    /// From now on these troubles and no others; requests that are already being answered are not changed.
    pub fn set_troubles(&self, troubles: Vec<TroubleAt>) {
        self.cloud.troubles.set(troubles);
    }

    /// From now on this plan of faults and no other.
    pub fn set_faults(&self, plan: FaultPlan) {
        self.cloud.faults.set(Some(plan));
    }

    /// From now on no faults. Sessions that one of them ended live again.
    pub fn clear_faults(&self) {
        self.cloud.faults.set(None);
    }

    /// Makes roles anew while the server runs.
    pub fn installer(&self) -> Installer {
        Installer(Arc::clone(&self.cloud))
    }

    /// The well-formed `AssumeRole` requests so far, granted or not, oldest first; the last 4,000 are kept.
    pub fn assumed(&self) -> Vec<AssumedRole> {
        self.cloud.assumed.read()
    }

    /// The secret keys and session tokens handed out so far, for whoever wants to be sure that none was kept.
    pub fn secrets(&self) -> Vec<String> {
        self.cloud.sessions.secrets()
    }

    /// Blocks until SIGINT or SIGTERM, then stops the server.
    pub fn wait(self) {
        let listening = runtime::Builder::new_current_thread().enable_all().build().and_then(|runtime| {
            runtime.block_on(async {
                let mut interrupt = unix::signal(unix::SignalKind::interrupt())?;
                let mut terminate = unix::signal(unix::SignalKind::terminate())?;
                tokio::select! { _ = interrupt.recv() => (), _ = terminate.recv() => () }
                Ok(())
            })
        });
        if let Err(error) = listening {
            // Without handlers the signals keep their default effect, which also ends the program.
            tracing::warn!(%error, "the simulator cannot watch for signals and runs until it is killed");
            let mut server = self;
            if let Some(thread) = server.thread.take() {
                let _ = thread.join();
            }
        }
    }
}

impl Drop for SimServer {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
