//! The calls that ordinary work makes, with the parameters and answers AWS records for them.

mod build;
mod compute;
mod iam;
mod people;
mod services;

pub(crate) use build::{oidc_session, pipeline};
pub(crate) use compute::{run_instances, scaling};
pub(crate) use iam::pipeline_iam;
pub(crate) use people::{console_work, saml_session};
pub(crate) use services::{assumed_by_services, backups, functions, monitoring_reads, own_events};

use crate::domain::AccountId;
use crate::sim::world::rng::{fnv, mix};

/// Where calls are made: an account and a Region, with the names of what stands there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Site<'a> {
    /// The account.
    pub(crate) account: AccountId,
    /// The Region's code.
    pub(crate) region: &'a str,
    /// The client's word, `halden`.
    pub(crate) tag: &'a str,
    /// The environment's word, `prod`.
    pub(crate) env: &'a str,
    /// The workload's word, `web`.
    pub(crate) work: &'a str,
}

impl Site<'_> {
    /// An id that stays the same for the same thing here: `sg-0a1b…`.
    pub(crate) fn id(&self, prefix: &str, thing: &str) -> String {
        let seed = fnv(format!("{}/{}/{prefix}/{thing}", self.account, self.region).as_bytes());
        format!("{prefix}-0{:016x}", mix(seed))
    }

    /// A bucket's name.
    pub(crate) fn bucket(&self, what: &str) -> String {
        format!("{}-{}-{}-{what}-{}", self.tag, self.work, self.env, self.region)
    }

    /// An ARN in this account and Region.
    pub(crate) fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.region, self.account)
    }

    /// A KMS key's id, a UUID.
    pub(crate) fn key(&self, what: &str) -> String {
        let seed = mix(fnv(format!("{}/{}/{what}", self.account, self.region).as_bytes()));
        let tail = mix(seed);
        format!(
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            seed >> 32,
            seed & 0xffff,
            tail >> 52,
            tail & 0xfff,
            tail >> 16
        )
    }
}
