//! AWS behind four narrow traits: [`Assume`] (STS), [`Costs`] (Cost Explorer), [`Trail`] (CloudTrail) and
//! [`Organization`]. Nothing here writes to a client's account, and nothing here stores a credential.

mod answer;
mod api;
mod classify;
mod cost_explorer;
mod cost_page;
mod credentials;
mod error;
mod fair;
mod lookup;
mod organization;
mod pacing;
mod policy;
mod sdk;
mod sts;
mod valve;
mod words;

pub use api::{
    AccountsPage, Assume, AssumeRequest, CostPage, CostPeriod, CostQuery, CostRow, Costs, Granularity, Grouping,
    Identity, LookupFilter, LookupPage, LookupQuery, Organization, RawEvent, Session, Trail, UsageQuery,
};
pub use credentials::{KeyPair, SessionCredentials};
pub use error::{Api, AwsError};
pub use pacing::{Pace, Pacer, RetryPolicy};
pub use policy::{Job, MOST_REGIONS, POLICY_LIMIT, home_region, longest_session_policy, session_policy};
pub use sdk::{BaseCredentials, SdkCloud, SdkSession};
pub use valve::{Flow, Stopped, Valve};
