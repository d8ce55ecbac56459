//! What the three services say through a connection: each is asked once, in a session that may do that one job.

use super::{
    Opener, Secrets,
    gate::{Log, Subject},
};
use crate::{
    aws::{
        Api, Assume, AwsError, CostQuery, Costs, Granularity, Grouping, Job, LookupFilter, LookupQuery, Organization,
        Trail, home_region, session_policy,
    },
    domain::{ConnectionKind, Failure, FailureKind, Partition, Probe, Region, RequestCounts, TimeRange, Timestamp},
};
use std::cell::Cell;

/// Seconds of a session that asks one question.
const SHORT: i32 = 900;

pub(super) struct Services<'a, C> {
    pub(super) opener: &'a Opener<'a, C>,
    pub(super) subject: &'a Subject<'a>,
    pub(super) log: &'a Log<'a>,
    pub(super) now: Timestamp,
    /// Whether the client pays for a page of Cost Explorer.
    pub(super) paid: Cell<bool>,
}

/// How one service took it.
enum Heard {
    Answered,
    /// A known state, or not asked.
    Fine,
    Failed(Failure),
}

impl<C: Assume> Services<'_, C> {
    /// Asks what the connection is for. The kind it turned out to be; and a failure if nothing at all can be read.
    pub(super) async fn ask(&self) -> (ConnectionKind, Option<Failure>) {
        let given = self.subject.kind;
        let (kind, accounts) = match given {
            Some(ConnectionKind::Member) => {
                self.log.skipped(Probe::Accounts, "a member account need not list its organization");
                (given, Heard::Fine)
            }
            _ => self.accounts().await,
        };
        let (kind, costs) = match kind {
            Some(ConnectionKind::Member) => {
                self.log.skipped(Probe::Costs, "a member's costs come with its payer's");
                (ConnectionKind::Member, Heard::Fine)
            }
            kind => self.costs(kind).await,
        };
        let events = self.events().await;
        let heard = [accounts, costs, events];
        let any = heard.iter().any(|h| matches!(h, Heard::Answered));
        let failure = heard.into_iter().find_map(|h| match h {
            Heard::Failed(failure) => Some(failure),
            _ => None,
        });
        (kind, failure.filter(|_| !any))
    }

    /// `None` where the answer does not tell what kind of account it is.
    async fn accounts(&self) -> (Option<ConnectionKind>, Heard) {
        let (given, probe) = (self.subject.kind, Probe::Accounts);
        let answer = self
            .request(Job::Accounts, &[], Api::ListAccounts, None, async |s| {
                s.accounts_page(None).await.map(|p| (p.accounts.len(), p.next.is_some()))
            })
            .await;
        match answer {
            Ok((count, more)) => {
                self.log.passed(probe, format!("{count}{} accounts", if more { "+" } else { "" }));
                (given.or(Some(ConnectionKind::Payer)), Heard::Answered)
            }
            Err(error) => {
                let failure = error.failure();
                let alone = given == Some(ConnectionKind::Standalone) || given == Some(ConnectionKind::Own);
                match (error.kind, given) {
                    (FailureKind::NotInOrganization, Some(ConnectionKind::Payer)) => {
                        self.log.failed(probe, &failure);
                        (given, Heard::Failed(failure))
                    }
                    (FailureKind::NotInOrganization, _) => {
                        self.log.state(probe, failure);
                        (given.or(Some(ConnectionKind::Standalone)), Heard::Fine)
                    }
                    (FailureKind::NotManagementAccount, _) if alone || given.is_none() => {
                        self.log.state(probe, failure);
                        (given.or(Some(ConnectionKind::Member)), Heard::Fine)
                    }
                    (FailureKind::ActionMissing, _) if alone => {
                        self.log.state(probe, failure);
                        (given, Heard::Fine)
                    }
                    // The member template has this action neither; costs will tell.
                    (FailureKind::ActionMissing, None) => (None, self.fail(probe, failure)),
                    _ => (given, self.fail(probe, failure)),
                }
            }
        }
    }

    async fn costs(&self, kind: Option<ConnectionKind>) -> (ConnectionKind, Heard) {
        let probe = Probe::Costs;
        if matches!(self.subject.access.partition(), Partition::AwsUsGov | Partition::AwsEusc) {
            self.log.skipped(probe, "Cost Explorer has no endpoint in this partition");
            return (kind.unwrap_or(ConnectionKind::Standalone), Heard::Fine);
        }
        let query = CostQuery {
            start: self.now.day().month().first(),
            end: self.now.day().plus(1),
            granularity: Granularity::Monthly,
            grouping: Grouping::None,
        };
        let answer = self
            .request(Job::Costs, &[], Api::GetCostAndUsage, None, async |s| s.cost_page(&query, None).await.map(drop))
            .await;
        match answer {
            Ok(()) => {
                self.log.passed(probe, "this month, for US$0.01");
                (kind.unwrap_or(ConnectionKind::Payer), Heard::Answered)
            }
            Err(error) => {
                let failure = error.failure();
                let found = kind.unwrap_or(match error.kind {
                    FailureKind::ActionMissing => ConnectionKind::Member,
                    _ => ConnectionKind::Payer,
                });
                match error.kind {
                    FailureKind::CostExplorerNeverEnabled
                    | FailureKind::CostExplorerNoData
                    | FailureKind::CostExplorerBlocked => {
                        self.log.state(probe, failure);
                        (found, Heard::Fine)
                    }
                    _ => (found, self.fail(probe, failure)),
                }
            }
        }
    }

    async fn events(&self) -> Heard {
        let probe = Probe::Events;
        let region = home_region(self.subject.access.partition());
        let range = TimeRange::new(self.now.plus(-3_600), self.now);
        let query = LookupQuery { region: region.clone(), range, filter: LookupFilter::Writes };
        let regions = std::slice::from_ref(&region);
        let answer = self
            .request(Job::Events, regions, Api::LookupEvents, Some(&region), async |s| {
                s.lookup_page(&query, None).await.map(drop)
            })
            .await;
        match answer {
            Ok(()) => {
                self.log.passed(probe, format!("in {region}"));
                Heard::Answered
            }
            Err(error) => self.fail(probe, error.failure()),
        }
    }

    fn fail(&self, probe: Probe, failure: Failure) -> Heard {
        self.log.failed(probe, &failure);
        Heard::Failed(failure)
    }

    /// One request in a session of its own.
    async fn request<T>(
        &self,
        job: Job,
        regions: &[Region],
        api: Api,
        region: Option<&Region>,
        request: impl AsyncFn(&C::Session) -> Result<T, AwsError>,
    ) -> Result<T, AwsError> {
        let (opener, access) = (self.opener, self.subject.access);
        let secrets = Secrets { external_id: Some(self.subject.external_id), key: self.subject.key };
        let session = opener.open(access, secrets, &session_policy(job, regions), SHORT).await?;
        let (answer, attempts) = opener.pacer.call(api, access.account(), region, || request(&session)).await;
        let mut spent: RequestCounts = opener.spent.get();
        spent += attempts.counts(api);
        opener.spent.set(spent);
        if api == Api::GetCostAndUsage {
            self.paid.set(AwsError::was_paid(&answer));
        }
        answer
    }
}
