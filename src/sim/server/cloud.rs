//! The simulated cloud behind the wire: its state, and the way of a request to its action.

use super::{
    ServeOptions, SimCounts, SimKey,
    answer::{Answer, Format},
    assumed::AssumedRoles,
    auth::{AuthError, Signed},
    cloudtrail, cost_explorer,
    fault::Fault,
    faults::Faults,
    form::Form,
    history::History,
    installer::Installed,
    organizations,
    sessions::Sessions,
    sts,
    throttle::Throttle,
    token::Tokens,
    trouble::{Reach, Service, Switches, Trouble},
};
use crate::{
    domain::{Clock, Region},
    sim::world::World,
};
use hyper::{HeaderMap, Method};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Everything the actions need.
#[derive(Debug)]
pub(super) struct Cloud {
    /// The world, which never changes.
    pub world: Arc<World>,
    /// The present.
    pub clock: Arc<dyn Clock>,
    /// Sessions of assumed roles.
    pub sessions: Sessions,
    /// Paging tokens.
    pub tokens: Tokens,
    /// The event history, by account and region.
    pub history: History,
    /// The limit of `LookupEvents`, if it is on.
    pub throttle: Option<Throttle>,
    /// What is wrong at the moment.
    pub troubles: Switches,
    /// What strikes single requests at the moment.
    pub faults: Faults,
    /// Roles that were made anew.
    pub installed: Installed,
    /// Access key id → whose it is, beside the agency's.
    pub keys: HashMap<String, Arc<SimKey>>,
    /// What was asked of `AssumeRole`.
    pub assumed: AssumedRoles,
    /// Requests answered.
    pub counts: Counts,
    /// Connections that are open, and were at once at most.
    pub connections: Connections,
    /// Role ARN → index of the account, index of the role.
    roles: HashMap<String, (usize, usize)>,
    requests: AtomicU64,
}

/// Atomic [`SimCounts`].
#[derive(Debug, Default)]
pub(super) struct Counts {
    sts: AtomicU64,
    organizations: AtomicU64,
    cloudtrail: AtomicU64,
    ce: AtomicU64,
    throttled: AtomicU64,
    denied: AtomicU64,
}

/// Open connections.
#[derive(Debug, Default)]
pub(super) struct Connections {
    open: AtomicU64,
    most: AtomicU64,
}

/// One open connection.
pub(super) struct Connected(Arc<Cloud>);

impl Connected {
    /// From now on until this is dropped.
    pub fn to(cloud: &Arc<Cloud>) -> Self {
        let open = cloud.connections.open.fetch_add(1, Ordering::Relaxed) + 1;
        cloud.connections.most.fetch_max(open, Ordering::Relaxed);
        Self(Arc::clone(cloud))
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.connections.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Connections {
    /// The most that were open at once.
    pub fn most(&self) -> u64 {
        self.most.load(Ordering::Relaxed)
    }
}

impl Counts {
    /// The present numbers.
    pub fn read(&self) -> SimCounts {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        SimCounts {
            sts: read(&self.sts),
            organizations: read(&self.organizations),
            cloudtrail: read(&self.cloudtrail),
            ce: read(&self.ce),
            throttled: read(&self.throttled),
            denied: read(&self.denied),
        }
    }
}

/// The regions enabled in every account (AWS Account Management guide); all others are opt-in and not simulated.
const ENABLED_REGIONS: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// Whether a region is enabled in every account.
pub(super) fn is_enabled(region: &str) -> bool {
    ENABLED_REGIONS.contains(&region)
}

/// The input of a JSON action; an empty body is `{}`.
pub(super) fn input<T: DeserializeOwned>(body: &[u8]) -> Result<T, Fault> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|_| Fault::json("SerializationException", "The request body is not valid."))
}

impl Cloud {
    /// A cloud for one world.
    pub fn new(world: Arc<World>, clock: Arc<dyn Clock>, options: ServeOptions) -> Self {
        let accounts = world.accounts.iter().enumerate();
        let roles = accounts.flat_map(|(index, account)| {
            let arn = |resource: &str| format!("arn:aws:iam::{}:role/{resource}", account.id);
            account.roles.iter().enumerate().map(move |(role, r)| (arn(&r.resource), (index, role)))
        });
        let faults = Faults::default();
        faults.set(options.faults);
        Self {
            roles: roles.collect(),
            faults,
            history: History::new(&world),
            sessions: Sessions::new(world.config.seed),
            tokens: Tokens::new(world.config.seed),
            throttle: options.throttle.then(Throttle::default),
            troubles: Switches::new(options.troubles),
            installed: Installed::default(),
            keys: options.keys.into_iter().map(|key| (key.access_key.clone(), Arc::new(key))).collect(),
            assumed: AssumedRoles::default(),
            counts: Counts::default(),
            connections: Connections::default(),
            requests: AtomicU64::new(0),
            world,
            clock,
        }
    }

    /// Index of the account and index of the role with this ARN.
    pub fn role(&self, arn: &str) -> Option<(usize, usize)> {
        self.roles.get(arn).copied()
    }

    /// A fresh request id in the shape of a UUID.
    pub fn request_id(&self) -> String {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let seed = self.world.config.seed;
        let digest: [u8; 32] = Sha256::digest([seed.to_be_bytes(), number.to_be_bytes()].concat()).into();
        let bits = digest.first_chunk().map_or(0, |bytes| u128::from_be_bytes(*bytes));
        format!(
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            bits >> 96,
            (bits >> 80) & 0xffff,
            (bits >> 64) & 0xfff,
            (bits >> 48) & 0xfff,
            bits & 0xffff_ffff_ffff
        )
    }

    /// Answers one request: `X-Amz-Target` names the action of a JSON service, without it the request is for STS.
    pub fn answer(&self, method: &Method, headers: &HeaderMap, body: &[u8]) -> Answer {
        let answer = match headers.get("x-amz-target") {
            _ if method != Method::POST => {
                let message = format!("The {method} method is not supported: send the action as POST.");
                Answer::query_fault(&Fault::new(405, "MethodNotAllowed", message))
            }
            Some(target) => Answer::json(self.json_action(target.to_str().unwrap_or_default(), headers, body)),
            None => {
                self.count(&self.counts.sts);
                Answer::query(sts::answer(self, headers, body))
            }
        };
        self.tally(&answer);
        answer
    }

    /// Counts an answer that no action gave.
    pub fn counted(&self, service: Service, answer: Answer) -> Answer {
        self.count(match service {
            Service::Sts => &self.counts.sts,
            Service::Organizations => &self.counts.organizations,
            Service::CloudTrail => &self.counts.cloudtrail,
            Service::CostExplorer => &self.counts.ce,
        });
        self.tally(&answer);
        answer
    }

    /// Counts refusals.
    fn tally(&self, answer: &Answer) {
        match answer.error_type() {
            Some("ThrottlingException" | "Throttling" | "LimitExceededException" | "TooManyRequestsException") => {
                self.count(&self.counts.throttled);
            }
            Some("AccessDenied" | "AccessDeniedException") => self.count(&self.counts.denied),
            _ => (),
        }
    }

    /// The prefix of a target differs between SDKs; the name after its last dot is the action.
    fn json_action(&self, target: &str, headers: &HeaderMap, body: &[u8]) -> Result<Vec<u8>, Fault> {
        match target.rsplit('.').next().unwrap_or_default() {
            "ListAccounts" => {
                self.count(&self.counts.organizations);
                let signed = self.authenticate_json(headers, "organizations", Some("us-east-1"))?;
                organizations::list_accounts(self, &signed, body)
            }
            "LookupEvents" => {
                self.count(&self.counts.cloudtrail);
                let signed = self.authenticate_json(headers, "cloudtrail", None)?;
                match signed.region.parse() {
                    Ok(region) if self.has_region(&signed, &region) => {
                        cloudtrail::lookup_events(self, &signed, &region, body)
                    }
                    // The credentials are not known where the account has not opted in.
                    _ => Err(AuthError::UnknownKey.fault(Format::Json)),
                }
            }
            "GetCostAndUsage" => {
                self.count(&self.counts.ce);
                let signed = self.authenticate_json(headers, "ce", Some("us-east-1"))?;
                cost_explorer::get_cost_and_usage(self, &signed, body)
            }
            name => {
                let name: String = name.chars().take(80).collect();
                Err(Fault::json("UnknownOperationException", format!("The operation {name} is not simulated.")))
            }
        }
    }

    /// Whether nothing gets through, or nothing that concerns the account this request is about.
    pub fn is_offline(&self, headers: &HeaderMap, body: &[u8]) -> bool {
        match self.troubles.anywhere(&Trouble::Offline) {
            None => false,
            Some(Reach::Everywhere) => true,
            Some(Reach::Named) => self
                .sender(headers)
                .is_some_and(|caller| self.troubles.on(&Trouble::Offline, self.subject(&caller, &Form::parse(body)))),
        }
    }

    /// Whether the caller's account has a region enabled.
    fn has_region(&self, signed: &Signed, region: &Region) -> bool {
        is_enabled(region.as_str())
            && !self.troubles.on(&Trouble::RegionDisabled(region.clone()), self.account_of(&signed.caller))
    }

    fn count(&self, count: &AtomicU64) {
        count.fetch_add(1, Ordering::Relaxed);
    }
}
