//! What a session can do when the role behind it can do everything: that one job's action, in the regions of that job.

mod support;

use bailiwick::{
    aws::{
        Api, Assume, AssumeRequest, AwsError, BaseCredentials, CostQuery, Costs, Granularity, Grouping, Job,
        LookupFilter, LookupQuery, Organization, SdkCloud, SdkSession, Trail, session_policy,
    },
    domain::{FailureKind, Region, RoleArn, TimeRange, Timestamp},
    sim::{
        server::{ServeOptions, SimServer, Trouble},
        world::{World, WorldConfig},
    },
};
use std::sync::Arc;

const HOME: &str = "us-east-1";
const READ: &str = "eu-west-1";
const OTHER: &str = "us-west-2";

/// Everything a session could be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    ListAccounts,
    GetCosts,
    Lookup(&'static str),
}

const ACTS: [Act; 5] = [Act::ListAccounts, Act::GetCosts, Act::Lookup(HOME), Act::Lookup(READ), Act::Lookup(OTHER)];

async fn act(session: &SdkSession, act: Act, now: Timestamp) -> Result<(), AwsError> {
    match act {
        Act::ListAccounts => session.accounts_page(None).await.map(drop),
        Act::GetCosts => {
            let (start, end) = (now.day().month().first(), now.day().plus(1));
            let query = CostQuery { start, end, granularity: Granularity::Monthly, grouping: Grouping::None };
            session.cost_page(&query, None).await.map(drop)
        }
        Act::Lookup(region) => {
            let range = TimeRange::new(now.plus(-3_600), now);
            let query = LookupQuery { region: region.parse().unwrap(), range, filter: LookupFilter::Writes };
            session.lookup_page(&query, None).await.map(drop)
        }
    }
}

#[test]
fn with_an_administrators_role_each_jobs_session_does_that_job_and_nothing_else() {
    let now: Timestamp = support::NOW.parse().unwrap();
    let clock = Arc::new(bailiwick::domain::FixedClock(now));
    let world = Arc::new(World::generate(WorldConfig { seed: 1, now, accounts: 24, events: 1_000 }));
    let troubles = vec![Trouble::AnyAccountAdmin.everywhere()];
    let options = ServeOptions { troubles, ..ServeOptions::default() };
    let server = SimServer::start(world.clone(), clock.clone(), options).unwrap();
    let client = world.clients.iter().find(|c| c.organization.is_some()).unwrap();
    let payer = world.accounts.iter().find(|a| a.id == client.accounts[0]).unwrap();
    let role: RoleArn = format!("arn:aws:iam::{}:role/{}", payer.id, payer.roles[0].resource).parse().unwrap();
    let external_id = client.external_id.parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let cloud = SdkCloud::connect(BaseCredentials::Simulator { url: server.url() }, clock).await;
        let region: Region = HOME.parse().unwrap();
        let open = async |policy: &str| {
            let request = AssumeRequest {
                role: &role,
                external_id: Some(&external_id),
                session_name: "bailiwick-test",
                policy,
                duration: 900,
                region: &region,
            };
            cloud.assume(&request).await.unwrap()
        };
        // The role itself can do it all: without a session policy nothing here would hold.
        let admin =
            open(r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#).await;
        for doing in ACTS {
            act(&admin, doing, now).await.unwrap_or_else(|e| panic!("{doing:?}: {e}"));
        }
        let regions: [Region; 2] = [HOME.parse().unwrap(), READ.parse().unwrap()];
        let jobs: [(Job, &[Region], &[Act]); 4] = [
            (Job::Gate, &[], &[]),
            (Job::Accounts, &[], &[Act::ListAccounts]),
            (Job::Costs, &[], &[Act::GetCosts]),
            (Job::Events, &regions, &[Act::Lookup(HOME), Act::Lookup(READ)]),
        ];
        for (job, regions, allowed) in jobs {
            let session = open(&session_policy(job, regions)).await;
            for doing in ACTS {
                let done = act(&session, doing, now).await;
                match allowed.contains(&doing) {
                    true => done.unwrap_or_else(|e| panic!("{job:?} {doing:?}: {e}")),
                    false => {
                        let error = done.expect_err(&format!("{job:?} can do {doing:?}"));
                        assert_eq!(error.kind, FailureKind::ActionMissing, "{job:?} {doing:?}: {error}");
                        assert_ne!(error.api, Api::AssumeRole);
                    }
                }
            }
        }
    });
}
