//! What accounts spend on: services and usage types under the names Cost Explorer gives them.

use super::places::usage_prefix;
use super::roster::Purpose;

/// How a usage type names its Region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Naming {
    /// `EUC1-BoxUsage:…`, and nothing before it in us-east-1 (the old services).
    Classic,
    /// `USE1-…` in us-east-1 too.
    Coded,
    /// `eu-central-1-KMS-Requests`.
    Named,
    /// No Region: the service is global.
    Global,
}

/// One thing that is billed every day.
#[derive(Debug)]
pub(crate) struct Tariff {
    /// `SERVICE`.
    pub(crate) service: &'static str,
    usage: &'static str,
    pub(crate) naming: Naming,
    /// Share of an account's bill, in parts.
    pub(crate) parts: f64,
    /// A weekend day's cost against a weekday's.
    pub(crate) weekend: f64,
    /// Deviation of the daily noise.
    pub(crate) noise: f64,
    /// US dollars per unit of usage.
    pub(crate) price: f64,
    /// Whether a Savings Plan or reservation may cover it.
    pub(crate) cover: Cover,
}

/// Which commitment may cover a tariff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cover {
    None,
    SavingsPlan,
    Reservation,
}

impl Tariff {
    /// The usage type in a Region.
    pub(crate) fn usage_type(&self, region: &str) -> String {
        match self.naming {
            Naming::Global => self.usage.to_owned(),
            Naming::Classic if region == "us-east-1" => self.usage.to_owned(),
            Naming::Named => format!("{region}-{}", self.usage),
            Naming::Classic | Naming::Coded => format!("{}-{}", usage_prefix(region), self.usage),
        }
    }
}

macro_rules! tariff {
    ($service:literal, $usage:literal, $naming:ident, $parts:literal parts, weekend $weekend:literal, noise $noise:literal, at $price:literal) => {
        tariff!($service, $usage, $naming, $parts parts, weekend $weekend, noise $noise, at $price, None)
    };
    ($service:literal, $usage:literal, $naming:ident, $parts:literal parts, weekend $weekend:literal, noise $noise:literal, at $price:literal, $cover:ident) => {
        Tariff { service: $service, usage: $usage, naming: Naming::$naming, parts: $parts, weekend: $weekend, noise: $noise, price: $price, cover: Cover::$cover }
    };
}

/// The NAT gateway's traffic, which one of the stories is about.
pub(crate) const NAT_BYTES: Tariff =
    tariff!("EC2 - Other", "NatGateway-Bytes", Classic, 5.0 parts, weekend 0.82, noise 0.05, at 0.052);

/// What every account has.
const EVERYWHERE: [Tariff; 8] = [
    tariff!("AmazonCloudWatch", "CW:MetricMonitorUsage", Classic, 3.0 parts, weekend 0.98, noise 0.02, at 0.01),
    tariff!("Amazon Simple Storage Service", "TimedStorage-ByteHrs", Classic, 5.0 parts, weekend 1.0, noise 0.004, at 0.00082),
    tariff!("AWS CloudTrail", "PaidEventsRecorded", Coded, 0.8 parts, weekend 0.8, noise 0.05, at 0.00002),
    tariff!("AWS Config", "ConfigurationItemRecorded", Coded, 1.6 parts, weekend 0.75, noise 0.06, at 0.003),
    tariff!("AWS Key Management Service", "KMS-Requests", Named, 0.5 parts, weekend 0.9, noise 0.03, at 0.000003),
    tariff!("Amazon GuardDuty", "PaidEventsAnalyzed", Coded, 1.4 parts, weekend 0.85, noise 0.04, at 0.000004),
    tariff!("EC2 - Other", "EBS:VolumeUsage.gp3", Classic, 5.0 parts, weekend 1.0, noise 0.006, at 0.0031),
    tariff!("Amazon Virtual Private Cloud", "PublicIPv4:InUseAddress", Coded, 0.7 parts, weekend 1.0, noise 0.004, at 0.005),
];

/// What accounts that run something have, the usual first.
const WORKLOADS: [Tariff; 16] = [
    tariff!("Amazon Elastic Compute Cloud - Compute", "BoxUsage:m6i.large", Classic, 24.0 parts, weekend 0.86, noise 0.03, at 0.107, SavingsPlan),
    NAT_BYTES,
    tariff!("Amazon Relational Database Service", "InstanceUsage:db.r6g.large", Classic, 15.0 parts, weekend 0.99, noise 0.01, at 0.258, Reservation),
    tariff!("AWS Lambda", "Lambda-GB-Second", Classic, 2.6 parts, weekend 0.62, noise 0.05, at 0.0000166667),
    tariff!("Amazon Elastic Load Balancing", "LCUUsage", Classic, 2.2 parts, weekend 0.8, noise 0.03, at 0.008),
    tariff!("Amazon Elastic Container Service", "Fargate-vCPU-Hours:perCPU", Coded, 8.0 parts, weekend 0.84, noise 0.03, at 0.0447),
    tariff!("Amazon DynamoDB", "ReadRequestUnits", Classic, 3.0 parts, weekend 0.7, noise 0.05, at 0.00000025),
    tariff!("Amazon CloudFront", "EU-DataTransfer-Out-Bytes", Global, 4.0 parts, weekend 1.12, noise 0.05, at 0.085),
    tariff!("AWS Secrets Manager", "AWSSecretsManager-Secrets", Coded, 0.3 parts, weekend 1.0, noise 0.003, at 0.0132),
    tariff!("Amazon Simple Queue Service", "Requests-Tier1", Classic, 0.4 parts, weekend 0.7, noise 0.05, at 0.0000004),
    tariff!("Amazon ElastiCache", "NodeUsage:cache.r6g.large", Classic, 5.0 parts, weekend 1.0, noise 0.005, at 0.226),
    tariff!("Amazon Route 53", "DNS-Queries", Global, 0.2 parts, weekend 0.85, noise 0.03, at 0.0000004),
    tariff!("Amazon OpenSearch Service", "ESInstance:r6g.large", Classic, 6.0 parts, weekend 1.0, noise 0.006, at 0.186),
    tariff!("Amazon EC2 Container Registry (ECR)", "TimedStorage-ByteHrs", Coded, 0.4 parts, weekend 1.0, noise 0.01, at 0.0033),
    tariff!("AWS WAF", "WebACLV2", Coded, 0.6 parts, weekend 1.0, noise 0.002, at 0.0067),
    tariff!("AWS Backup", "WarmStorage-ByteHrs-EBS", Classic, 1.5 parts, weekend 1.0, noise 0.006, at 0.0017),
];

/// Monthly bill before noise, in US dollars, as the ends of a range.
pub(crate) fn monthly_range(purpose: Purpose) -> (f64, f64) {
    match purpose {
        Purpose::Management => (180.0, 900.0),
        Purpose::Prod => (2_400.0, 21_000.0),
        Purpose::Staging => (700.0, 4_200.0),
        Purpose::Dev => (350.0, 3_800.0),
        Purpose::Shared => (900.0, 4_500.0),
        Purpose::Security => (300.0, 1_700.0),
        Purpose::Sandbox => (18.0, 260.0),
        Purpose::Standalone => (900.0, 6_500.0),
    }
}

/// The tariffs an account of this purpose uses; `rich` adds the less usual ones.
pub(crate) fn tariffs(purpose: Purpose, rich: usize) -> impl Iterator<Item = &'static Tariff> {
    let workloads = match purpose {
        Purpose::Prod | Purpose::Standalone => 4 + rich,
        Purpose::Staging => 3 + rich / 2,
        Purpose::Dev => 2 + rich / 2,
        Purpose::Shared => 2 + rich / 4,
        Purpose::Management | Purpose::Security | Purpose::Sandbox => usize::from(rich > 6),
    };
    EVERYWHERE.iter().chain(WORKLOADS.iter().take(workloads))
}
