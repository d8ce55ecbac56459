//! Who exists: the agency's clients, their organizations, accounts and the roles in them.

use super::places::regions;
use super::rng::Rng;
use super::{Agency, SimAccount, SimClient, SimOrganization, SimRole, WorldConfig};
use crate::domain::{AccountId, AccountState, JoinedMethod, Region, Timestamp};
use crate::sim::costs::SimCosts;
use std::collections::BTreeSet;

/// Above this many accounts the fleet is a young one: members joined within the last year.
pub(crate) const LARGE_FLEET: usize = 250;

/// What sort of account it is; decides what it costs and what happens in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Purpose {
    Management,
    Prod,
    Staging,
    Dev,
    Shared,
    Security,
    Sandbox,
    Standalone,
}

impl Purpose {
    /// The short word used in resource names.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Management => "mgmt",
            Self::Prod | Self::Standalone => "prod",
            Self::Staging => "stg",
            Self::Dev => "dev",
            Self::Shared => "shared",
            Self::Security => "sec",
            Self::Sandbox => "sbx",
        }
    }

    /// The organizational unit it lies in; the management account lies in the root.
    fn unit(self) -> Option<&'static str> {
        match self {
            Self::Prod => Some("prod"),
            Self::Staging | Self::Dev => Some("dev"),
            Self::Shared => Some("shared"),
            Self::Security => Some("security"),
            Self::Sandbox => Some("sandbox"),
            Self::Management | Self::Standalone => None,
        }
    }
}

/// What is known of a client before anything is generated.
#[derive(Debug)]
pub(crate) struct ClientSpec {
    /// The slug.
    pub(crate) slug: &'static str,
    name: &'static str,
    /// The word in the names of its resources and in its domain.
    pub(crate) tag: &'static str,
    /// The Region most of its work is in.
    pub(crate) home: &'static str,
    /// Its other Regions.
    also: &'static [&'static str],
    /// Hours its office is ahead of UTC.
    pub(crate) utc: i64,
    /// Share of the accounts in an organization; 0 for standalone accounts.
    weight: usize,
    /// Standalone accounts.
    standalone: usize,
}

macro_rules! client {
    ($slug:literal, $name:literal, $tag:literal, $home:literal $also:expr, utc $utc:literal, $weight:literal + $alone:literal) => {
        ClientSpec {
            slug: $slug,
            name: $name,
            tag: $tag,
            home: $home,
            also: &$also,
            utc: $utc,
            weight: $weight,
            standalone: $alone,
        }
    };
}

/// The twelve clients, largest first.
pub(crate) const CLIENTS: [ClientSpec; 12] = [
    client!("halden-outfitters", "Halden Outfitters", "halden", "eu-central-1" ["eu-west-1", "eu-west-3", "us-west-2", "ap-northeast-1"], utc 1, 14 + 0),
    client!("brightwater-clinics", "Brightwater Clinics", "brightwater", "us-east-1" ["us-west-2", "us-east-2", "us-west-1", "ca-central-1"], utc -5, 11 + 0),
    client!("kestrel-freight", "Kestrel & Moor Freight", "kestrel", "eu-west-2" ["eu-west-1", "eu-central-1", "ap-southeast-1", "us-east-2"], utc 0, 9 + 0),
    client!("lumenvale-retail", "Lumenvale Retail Group", "lumenvale", "us-west-2" ["us-east-2", "us-west-1", "ap-southeast-1", "eu-west-1"], utc -8, 7 + 0),
    client!("orbitane-games", "Orbitane Games", "orbitane", "ap-northeast-1" ["ap-northeast-2", "us-west-2", "eu-central-1", "ap-southeast-1"], utc 9, 6 + 0),
    client!("ventrybay-robotics", "Ventrybay Robotics", "ventrybay", "us-east-2" ["us-west-2", "eu-central-1", "us-west-1", "ca-central-1"], utc -5, 5 + 0),
    client!("tessaro-bank", "Tessaro Bank plc", "tessaro", "eu-west-1" ["eu-west-2", "eu-central-1", "eu-west-3", "eu-north-1"], utc 0, 4 + 0),
    client!("quillmark-media", "Quillmark Media", "quillmark", "ap-southeast-2" ["ap-southeast-1", "us-west-2", "ap-northeast-1", "eu-west-2"], utc 10, 3 + 0),
    client!("fennmark-energy", "Fennmark Energy", "fennmark", "eu-north-1" ["eu-central-1", "eu-west-1", "eu-west-3", "eu-west-2"], utc 1, 0 + 2),
    client!("saltmarsh-foods", "Saltmarsh Foods", "saltmarsh", "sa-east-1" ["us-east-2", "us-west-2", "eu-west-1", "ca-central-1"], utc -3, 0 + 1),
    client!("parcelwise", "Parcelwise", "parcelwise", "ap-south-1" ["ap-southeast-1", "eu-west-1", "us-west-2", "eu-central-1"], utc 5, 0 + 1),
    client!("coppermill-studio", "Coppermill Studio", "coppermill", "ca-central-1" ["us-west-2", "us-east-2", "eu-west-1", "us-west-1"], utc -5, 0 + 1),
];

/// The first members of an organization, in the order in which organizations grow.
const FIRST_MEMBERS: [(&str, Purpose); 13] = [
    ("web", Purpose::Prod),
    ("core", Purpose::Dev),
    ("log archive", Purpose::Security),
    ("security tooling", Purpose::Security),
    ("shared services", Purpose::Shared),
    ("sandbox", Purpose::Sandbox),
    ("data", Purpose::Prod),
    ("web", Purpose::Staging),
    ("data", Purpose::Dev),
    ("payments", Purpose::Prod),
    ("network", Purpose::Shared),
    ("payments", Purpose::Dev),
    ("ml", Purpose::Sandbox),
];

const WORKLOADS: [&str; 12] = [
    "orders", "search", "billing", "mobile", "catalog", "identity", "reports", "events", "media", "pricing", "support",
    "edge",
];

/// An account with what the generators know about it beyond what AWS would tell.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Index into [`CLIENTS`].
    pub(crate) client: usize,
    /// What it is for.
    pub(crate) purpose: Purpose,
    /// The word for its workload, `web`.
    pub(crate) workload: String,
    /// The account as AWS tells it, still without events and costs.
    pub(crate) account: SimAccount,
}

impl Plan {
    /// The client's fixed facts.
    pub(crate) fn spec(&self) -> &'static ClientSpec {
        CLIENTS.get(self.client).unwrap_or(&CLIENTS[0])
    }

    /// Whether anything runs in it.
    pub(crate) fn alive(&self) -> bool {
        self.account.state == AccountState::Active
    }
}

/// The agency and its one access key. The key id is the one AWS's documentation uses.
pub(crate) fn agency() -> Agency {
    let account = account_id(999_988_887_777);
    Agency {
        account,
        user_arn: format!("arn:aws:iam::{account}:user/bailiwick-sre"),
        access_key: "AKIAIOSFODNN7EXAMPLE".to_owned(),
    }
}

/// All clients and their accounts, in the order of [`CLIENTS`], management account first.
pub(crate) fn roster(config: &WorldConfig, agency: &Agency) -> (Vec<SimClient>, Vec<Plan>) {
    let mut taken = BTreeSet::from([agency.account]);
    let (mut clients, mut plans) = (Vec::new(), Vec::new());
    for ((index, spec), size) in CLIENTS.iter().enumerate().zip(sizes(config.accounts)) {
        let mut rng = Rng::stream(config.seed, index as u64, "client");
        let external_id = rng.text("abcdefghijkmnpqrstuvwxyz23456789", 40);
        let ids: Vec<AccountId> = (0..size).map(|n| fresh_id(config.seed, index, n, &mut taken)).collect();
        let organization = (spec.weight > 0).then(|| SimOrganization {
            id: format!("o-{}", rng.text("abcdefghijklmnopqrstuvwxyz0123456789", 10)),
            root: format!("r-{}", rng.text("abcdefghijklmnopqrstuvwxyz0123456789", 4)),
            management: ids.first().copied().unwrap_or(agency.account),
        });
        for (n, id) in ids.iter().enumerate() {
            plans.push(plan(config, (index, spec), organization.as_ref(), (n, *id), agency, &external_id));
        }
        let (id, name) = (spec.slug.to_owned(), spec.name.to_owned());
        let pro_forma = spec.slug == "quillmark-media";
        clients.push(SimClient { id, name, external_id, pro_forma, accounts: ids, organization });
    }
    (clients, plans)
}

/// Accounts per client: standalone clients are fixed, organizations share the rest by weight, at least two each.
fn sizes(accounts: usize) -> Vec<usize> {
    let alone: usize = CLIENTS.iter().map(|c| c.standalone).sum();
    let weight: usize = CLIENTS.iter().map(|c| c.weight).sum();
    let organizations = CLIENTS.iter().filter(|c| c.weight > 0).count();
    let shared = accounts.max(24) - alone - 2 * organizations;
    let full = weight - 2 * organizations;
    let mut before = 0;
    CLIENTS
        .iter()
        .map(|c| {
            if c.weight == 0 {
                return c.standalone;
            }
            let start = before * shared / full;
            before += c.weight - 2;
            2 + before * shared / full - start
        })
        .collect()
}

fn fresh_id(seed: u64, client: usize, n: usize, taken: &mut BTreeSet<AccountId>) -> AccountId {
    let mut rng = Rng::stream(seed, (client * 100_000 + n) as u64, "account id");
    loop {
        let id = account_id(100_000_000_000 + rng.below(899_999_999_999));
        if taken.insert(id) {
            return id;
        }
    }
}

/// An account id from a number that is known to have twelve digits.
pub(crate) fn account_id(number: u64) -> AccountId {
    match AccountId::from_number(number) {
        Ok(id) => id,
        Err(e) => unreachable!("{e}"),
    }
}

fn plan(
    config: &WorldConfig,
    (client, spec): (usize, &'static ClientSpec),
    organization: Option<&SimOrganization>,
    (n, id): (usize, AccountId),
    agency: &Agency,
    external_id: &str,
) -> Plan {
    let mut rng = Rng::stream(config.seed, id.number(), "account");
    let (workload, purpose) = match (organization, n) {
        (None, _) => (if n == 0 { "main".to_owned() } else { format!("site {}", n + 1) }, Purpose::Standalone),
        (Some(_), 0) => ("management".to_owned(), Purpose::Management),
        (Some(_), n) => member(n - 1),
    };
    let state = match (client, n) {
        (0, 13) => AccountState::Suspended,
        (1, 10) => AccountState::PendingClosure,
        _ => AccountState::Active,
    };
    let invited = n == 0 || rng.chance(0.15);
    // Organizations and accounts are between six weeks and nine years old, members younger than their organization.
    let age_days = if n == 0 {
        rng.between(2_000, 3_300)
    } else {
        rng.between(45, if config.accounts > LARGE_FLEET { 250 } else { 1_900 })
    };
    let joined_at = config.now.plus(-86_400 * age_days - rng.between(0, 86_399));
    let account = SimAccount {
        id,
        client,
        name: account_name(client, spec, n, &workload, purpose),
        email: format!("aws+{}-{}@{}.example", workload.replace(' ', "-"), purpose.word(), spec.tag),
        state,
        joined_method: if invited { JoinedMethod::Invited } else { JoinedMethod::Created },
        joined_at,
        ou_path: organization.map_or_else(String::new, |o| ou_path(config.seed, client, o, purpose)),
        regions: account_regions(spec, purpose, &mut rng),
        denied_regions: Vec::new(),
        is_management: purpose == Purpose::Management,
        cost_explorer: matches!(purpose, Purpose::Management | Purpose::Standalone),
        roles: vec![role(purpose, agency, external_id)],
        events: Vec::new(),
        costs: SimCosts::default(),
    };
    Plan { client, purpose, workload, account }
}

fn member(n: usize) -> (String, Purpose) {
    if let Some((workload, purpose)) = FIRST_MEMBERS.get(n) {
        return ((*workload).to_owned(), *purpose);
    }
    let n = n - FIRST_MEMBERS.len();
    let purpose = [Purpose::Prod, Purpose::Dev, Purpose::Staging, Purpose::Prod, Purpose::Sandbox];
    let workload = WORKLOADS.get(n % WORKLOADS.len()).copied().unwrap_or("app");
    let round = n / WORKLOADS.len();
    let name = if round == 0 { workload.to_owned() } else { format!("{workload} {}", round + 1) };
    (name, purpose.get(n % purpose.len()).copied().unwrap_or(Purpose::Dev))
}

/// Three house styles, and two names as an attacker or a careless hand would leave them.
fn account_name(client: usize, spec: &ClientSpec, n: usize, workload: &str, purpose: Purpose) -> String {
    match (client, n) {
        (0, 6) => {
            return "sandbox\u{1b}[2J\u{7} \u{202e}txt.dorp\u{202c} \u{200b}=HYPERLINK(\"http://x.example\")"
                .to_owned();
        }
        (1, 6) => {
            return format!(
                "🧪 サンドボックス 实验 e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301} {}",
                "very-long-".repeat(30)
            );
        }
        _ => {}
    }
    let env = purpose.word();
    match client % 3 {
        0 => format!("{}-{}-{env}", spec.tag, workload.replace(' ', "-")),
        1 => format!("{} {workload} ({env})", spec.name.split(' ').next().unwrap_or(spec.name)),
        _ => format!("{}/{}/{}", spec.tag.to_uppercase(), env.to_uppercase(), workload.replace(' ', "-")),
    }
}

fn ou_path(seed: u64, client: usize, organization: &SimOrganization, purpose: Purpose) -> String {
    let root = &organization.root;
    match purpose.unit() {
        None => format!("{}/{root}/", organization.id),
        Some(unit) => {
            let mut rng = Rng::stream(seed, client as u64, unit);
            let suffix = rng.text("abcdefghijklmnopqrstuvwxyz0123456789", 8);
            format!("{}/{root}/ou-{}-{suffix}/", organization.id, root.trim_start_matches("r-"))
        }
    }
}

/// Four to six Regions: the home Region first, us-east-1 always.
fn account_regions(spec: &ClientSpec, purpose: Purpose, rng: &mut Rng) -> Vec<Region> {
    let count = match purpose {
        Purpose::Prod | Purpose::Security | Purpose::Shared => rng.between(5, 6),
        _ => rng.between(4, 5),
    };
    let mut codes = vec![spec.home];
    if spec.home != "us-east-1" {
        codes.push("us-east-1");
    }
    codes.extend(spec.also.iter().take((count as usize).saturating_sub(codes.len())));
    regions(codes)
}

fn role(purpose: Purpose, agency: &Agency, external_id: &str) -> SimRole {
    let reads_costs = matches!(purpose, Purpose::Management | Purpose::Standalone);
    let allowed: &[&str] = if reads_costs {
        &["ce:GetCostAndUsage", "cloudtrail:LookupEvents", "organizations:ListAccounts"]
    } else {
        &["cloudtrail:LookupEvents"]
    };
    SimRole {
        resource: format!("bailiwick/bailiwick-{}", if reads_costs { "payer" } else { "member" }),
        trusted: vec![format!("arn:aws:iam::{}:root", agency.account)],
        external_id: Some(external_id.to_owned()),
        allowed: allowed.iter().map(|a| (*a).to_owned()).collect(),
        max_session: 3_600,
    }
}

/// When the window of simulated events opens: 14 days before now.
pub(crate) fn window_start(now: Timestamp) -> Timestamp {
    now.plus(-14 * 86_400)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(24)]
    #[case(64)]
    #[case(65)]
    #[case(200)]
    #[case(1_000)]
    fn every_account_asked_for_is_given_to_a_client(#[case] accounts: usize) {
        let sizes = sizes(accounts);
        assert_eq!(sizes.iter().sum::<usize>(), accounts);
        assert!(sizes.iter().zip(&CLIENTS).all(|(n, c)| *n >= if c.weight > 0 { 2 } else { 1 }));
    }
}
