//! One session policy per job: even an over-privileged role can then do no more than the job needs.

use crate::domain::{Partition, Region};
use std::fmt::Write;

/// What a session is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Job {
    /// The gate: nothing but `GetCallerIdentity`, which needs no permission.
    Gate,
    /// `organizations:ListAccounts`.
    Accounts,
    /// `ce:GetCostAndUsage`.
    Costs,
    /// `cloudtrail:LookupEvents`.
    Events,
}

/// The inline policy for a job; for events narrowed to the regions that will be read.
///
/// STS takes at most 2,048 characters of it; with all 40-odd regions of a partition it stays below 1,000.
pub fn session_policy(job: Job, regions: &[Region]) -> String {
    let (effect, action) = match job {
        Job::Gate => ("Deny", "*"),
        Job::Accounts => ("Allow", "organizations:ListAccounts"),
        Job::Costs => ("Allow", "ce:GetCostAndUsage"),
        Job::Events => ("Allow", "cloudtrail:LookupEvents"),
    };
    let mut policy =
        format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{effect}","Action":"{action}","Resource":"*""#);
    if job == Job::Events && !regions.is_empty() {
        policy.push_str(r#","Condition":{"StringEquals":{"aws:RequestedRegion":["#);
        for (i, region) in regions.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            let _ = write!(policy, "{comma}\"{region}\"");
        }
        policy.push_str("]}}");
    }
    policy.push_str("}]}");
    policy
}

/// Characters that STS takes of a session policy (STS API reference, `AssumeRole`, `Policy`).
pub const POLICY_LIMIT: usize = 2_048;

/// Characters of the longest policy that a job can have: events in as many regions as a partition may ever have. The
/// largest, `aws`, has fewer than 40 by 2026, with names of up to 14 characters.
pub fn longest_session_policy(partition: Partition) -> usize {
    let regions = vec![
        Region::known(match partition {
            Partition::Aws => "ap-southeast-1",
            Partition::AwsCn => "cn-northwest-1",
            Partition::AwsUsGov => "us-gov-west-1",
            Partition::AwsEusc => "eusc-de-east-1",
        });
        MOST_REGIONS
    ];
    [Job::Gate, Job::Accounts, Job::Costs, Job::Events]
        .into_iter()
        .map(|job| session_policy(job, &regions).chars().count())
        .max()
        .unwrap_or_default()
}

/// Regions in one session policy at most.
pub const MOST_REGIONS: usize = 60;

/// The region in which the global services of a partition answer: Organizations, Cost Explorer, and STS by default.
/// (botocore `endpoints.json`; Cost Explorer has no endpoint in GovCloud or the European Sovereign Cloud.)
pub fn home_region(partition: Partition) -> Region {
    Region::known(match partition {
        Partition::Aws => "us-east-1",
        Partition::AwsCn => "cn-northwest-1",
        Partition::AwsUsGov => "us-gov-west-1",
        Partition::AwsEusc => "eusc-de-east-1",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_job_allows_its_one_action_and_fits() {
        let regions: Vec<Region> = (1..=45).map(|n| format!("ap-southeast-{n}").parse().unwrap()).collect();
        let policy = session_policy(Job::Events, &regions);
        assert!(policy.len() < longest_session_policy(Partition::Aws), "{}", policy.len());
        assert!(longest_session_policy(Partition::Aws) < POLICY_LIMIT);
        let json: serde_json::Value = serde_json::from_str(&policy).unwrap();
        assert_eq!(json["Statement"][0]["Action"], "cloudtrail:LookupEvents");
        assert_eq!(
            json["Statement"][0]["Condition"]["StringEquals"]["aws:RequestedRegion"].as_array().unwrap().len(),
            45
        );
        for (job, action, effect) in [
            (Job::Accounts, "organizations:ListAccounts", "Allow"),
            (Job::Costs, "ce:GetCostAndUsage", "Allow"),
            (Job::Gate, "*", "Deny"),
        ] {
            let json: serde_json::Value = serde_json::from_str(&session_policy(job, &[])).unwrap();
            assert_eq!(
                (&json["Statement"][0]["Action"], &json["Statement"][0]["Effect"]),
                (&action.into(), &effect.into())
            );
        }
    }
}
