//! The four traits and what goes in and out of them. Pages are explicit: every page is a request that is paced,
//! counted and, for Cost Explorer, paid for by the client.

use super::{AwsError, KeyPair};
use crate::domain::{
    Account, AccountId, Amounts, Currency, Day, EventId, ExternalId, Failure, FailureKind, Partition, ProfileName,
    Region, RoleArn, TimeRange, Timestamp, Untrusted,
};

/// What to assume, and how little of it to ask for.
#[derive(Debug)]
pub struct AssumeRequest<'a> {
    /// The role.
    pub role: &'a RoleArn,
    /// The client's ExternalId; `None` only for the gate's own probe that none is refused.
    pub external_id: Option<&'a ExternalId>,
    /// `RoleSessionName`, visible in the client's CloudTrail.
    pub session_name: &'a str,
    /// The inline session policy: at most this is allowed, whatever the role allows.
    pub policy: &'a str,
    /// Seconds, 900–3600 (role chaining allows no more).
    pub duration: i32,
    /// The region whose STS endpoint is asked; tokens of regional endpoints work in every region.
    pub region: &'a Region,
}

/// Who a session is, as `GetCallerIdentity` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The account.
    pub account: AccountId,
    /// The ARN.
    pub arn: Untrusted,
}

impl Identity {
    /// Refuses a session that is in another account than the one it should be in.
    ///
    /// # Errors
    /// A failure that names both accounts.
    pub fn must_be(&self, account: AccountId) -> Result<(), Failure> {
        if self.account == account {
            return Ok(());
        }
        Err(Failure::new(
            FailureKind::WrongAccount,
            format!("these credentials lead into account {}, not into {account}; nothing was read", self.account),
            "connect the role, profile or key of the right account",
        ))
    }

    /// The partition in the ARN; `aws` if it cannot be read.
    pub fn partition(&self) -> Partition {
        let name = self.arn.raw_for_matching().split(':').nth(1).unwrap_or_default();
        Partition::parse(name).unwrap_or(Partition::Aws)
    }

    /// Whether it is the account's root user, who can do everything and cannot be limited.
    pub fn is_root(&self) -> bool {
        self.arn.raw_for_matching().ends_with(":root")
    }
}

/// STS: turning the operator's credentials into a short-lived session in a client's account.
pub trait Assume {
    /// What an assumed role can be used for.
    type Session: Session;

    /// `AssumeRole`.
    fn assume(&self, request: &AssumeRequest<'_>) -> impl Future<Output = Result<Self::Session, AwsError>>;

    /// What a profile of this machine's AWS configuration can do. Sends nothing yet.
    fn profile(&self, name: &ProfileName, partition: Partition) -> Self::Session;

    /// What a long-lived access key can do. Sends nothing yet.
    fn access_key(&self, key: &KeyPair, partition: Partition) -> Self::Session;

    /// `GetCallerIdentity` of a session; needs no permission, so it proves whose account it is.
    fn identity(&self, session: &Self::Session, region: &Region) -> impl Future<Output = Result<Identity, AwsError>>;

    /// `GetCallerIdentity` of the operator's own credentials.
    fn caller(&self) -> impl Future<Output = Result<Identity, AwsError>>;
}

/// An assumed role: the three services, until it expires.
pub trait Session: Costs + Trail + Organization {
    /// When its credentials stop working.
    fn expires(&self) -> Timestamp;
}

/// By month or by day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Granularity {
    /// `MONTHLY`.
    Monthly,
    /// `DAILY`.
    Daily,
}

/// What the rows of a cost query are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping {
    /// One total per period.
    None,
    /// `LINKED_ACCOUNT` × `SERVICE`.
    AccountService,
    /// `LINKED_ACCOUNT` × `RECORD_TYPE`: usage, credits, refunds, taxes, fees.
    AccountRecordType,
    /// `LINKED_ACCOUNT` × `REGION`.
    AccountRegion,
}

/// One `GetCostAndUsage` question; all four cost metrics come with it for the same price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CostQuery {
    /// First day, inclusive.
    pub start: Day,
    /// Last day, exclusive.
    pub end: Day,
    /// By month or day.
    pub granularity: Granularity,
    /// Rows.
    pub grouping: Grouping,
}

/// One service of one account by usage type and day: the one `GetCostAndUsage` question with a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageQuery {
    /// The linked account.
    pub account: AccountId,
    /// The service, as Cost Explorer names it.
    pub service: Untrusted,
    /// First day, inclusive.
    pub start: Day,
    /// Last day, exclusive.
    pub end: Day,
}

/// One row of a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostRow {
    /// The linked account; `None` for an ungrouped total.
    pub account: Option<AccountId>,
    /// The service, record type or region; `None` for an ungrouped total.
    pub key: Option<Untrusted>,
    /// The amounts.
    pub amounts: Amounts,
    /// Their currency.
    pub currency: Currency,
}

/// One period of a cost answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostPeriod {
    /// Its first day.
    pub start: Day,
    /// Whether AWS still calls it an estimate.
    pub estimated: bool,
    /// The rows.
    pub rows: Vec<CostRow>,
}

/// One page of a cost answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostPage {
    /// Periods, oldest first; a long period continues on the next page.
    pub periods: Vec<CostPeriod>,
    /// Names of linked accounts, free with every grouped answer.
    pub names: Vec<(AccountId, Untrusted)>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// Cost Explorer.
pub trait Costs {
    /// One page of `GetCostAndUsage`: US$0.01 if it succeeds.
    fn cost_page(&self, query: &CostQuery, next: Option<&str>) -> impl Future<Output = Result<CostPage, AwsError>>;

    /// One page of the drill into a service; the rows' key is the usage type. US$0.01 if it succeeds.
    fn usage_page(&self, query: &UsageQuery, next: Option<&str>) -> impl Future<Output = Result<CostPage, AwsError>>;
}

/// The one lookup attribute that CloudTrail allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookupFilter {
    /// No attribute: everything.
    All,
    /// `ReadOnly=false`: all changes.
    Writes,
    /// `EventName=<this>`: `AssumeRole` and its kin are read-only to CloudTrail.
    EventName(&'static str),
}

/// One `LookupEvents` question. The range is frozen before the first page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupQuery {
    /// Which region's history.
    pub region: Region,
    /// Which time.
    pub range: TimeRange,
    /// Which events.
    pub filter: LookupFilter,
}

/// One event as it came; its record is parsed where it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawEvent {
    /// `EventId`, if there is one.
    pub id: Option<EventId>,
    /// `EventTime`, to the second.
    pub time: Timestamp,
    /// `CloudTrailEvent`, a JSON text.
    pub record: String,
}

/// One page of events, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupPage {
    /// At most 50 events.
    pub events: Vec<RawEvent>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// CloudTrail.
pub trait Trail {
    /// One page of `LookupEvents`.
    fn lookup_page(
        &self,
        query: &LookupQuery,
        next: Option<&str>,
    ) -> impl Future<Output = Result<LookupPage, AwsError>>;
}

/// One page of accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountsPage {
    /// At most 20 accounts; a page may be empty and still not be the last.
    pub accounts: Vec<Account>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// Organizations.
pub trait Organization {
    /// One page of `ListAccounts`.
    fn accounts_page(&self, next: Option<&str>) -> impl Future<Output = Result<AccountsPage, AwsError>>;
}
