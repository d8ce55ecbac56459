//! Who acts in an account: pipelines, people, vendors, services and this tool itself. The same callers with the same
//! addresses and agents come back over the whole window, so that "first seen" means something.

use super::rng::{Rng, fnv};
use super::roster::Plan;
use super::{Agency, SimClient};
use crate::domain::AccountId;
use crate::sim::events::{Call, Caller, Identity};
use std::sync::Arc;

pub(crate) const TERRAFORM: &str = "APN/1.0 HashiCorp/1.0 Terraform/1.9.8 (+https://www.terraform.io) terraform-provider-aws/5.76.0 aws-sdk-go-v2/1.32.4 ua/2.1 os/linux lang/go#1.23.3 md/GOOS#linux md/GOARCH#amd64";
pub(crate) const CLI: &str = "aws-cli/2.22.4 md/awscrt#0.23.4 ua/2.0 os/macos#24.1.0 md/arch#arm64 lang/python#3.12.6 md/pyimpl#CPython cfg/retry-mode#standard md/installer#exe md/prompt#off";
pub(crate) const BROWSER: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";
pub(crate) const BOTO: &str = "Boto3/1.35.63 md/Botocore#1.35.63 ua/2.0 os/linux#6.8.0 md/arch#x86_64 lang/python#3.12.7 md/pyimpl#CPython cfg/retry-mode#legacy";
/// The session names of this tool: the vault, the run (filled in per event) and the operator.
pub(crate) const OUR_SESSION: &str = "bailiwick-4c1d9e07-~w08-sre";
const OUR_ADDRESS: &str = "198.18.250.7";
const OURS: &str = "aws-sdk-rust/1.3.3 os/linux lang/rust/1.95.0 app/bailiwick";

/// The provider that IAM Identity Center creates in every account.
pub(crate) const SAML_PROVIDER: &str = "AWSSSO_1f3d5b7a9c2e4d6f_DO_NOT_DELETE";

const PEOPLE: [&str; 18] = [
    "maren.holt",
    "tomas.reyer",
    "ines.calder",
    "joaquin.brandt",
    "priya.nandal",
    "elsa.vik",
    "noah.finch",
    "yuki.tanabe",
    "rosa.imber",
    "kwame.ansel",
    "lena.froh",
    "dario.mezz",
    "anouk.terlin",
    "hugo.paard",
    "sana.qadir",
    "piet.oord",
    "mila.grost",
    "abel.tench",
];

/// A third party that assumes a role in clients' accounts.
#[derive(Debug)]
pub(crate) struct Vendor {
    /// Its account.
    pub(crate) account: u64,
    /// The role it assumes, with its path.
    pub(crate) role: &'static str,
    /// The session's name.
    pub(crate) session: &'static str,
    /// Seconds between two uses.
    pub(crate) every: i64,
    /// The last two numbers of its address.
    address: &'static str,
}

/// Vendors in ordinary use: every few hours, daily, and weekly.
pub(crate) const VENDORS: [Vendor; 3] = [
    Vendor {
        account: 464_100_220_719,
        role: "vendor/TracewellIntegration",
        session: "tracewell",
        every: 4 * 3_600,
        address: "200.11",
    },
    Vendor {
        account: 711_803_940_266,
        role: "vendor/KeepsafeBackup",
        session: "keepsafe-nightly",
        every: 86_400,
        address: "201.23",
    },
    Vendor {
        account: 350_917_604_882,
        role: "vendor/LedgerlineCostReview",
        session: "ledgerline-weekly",
        every: 7 * 86_400,
        address: "202.40",
    },
];

impl Vendor {
    /// The vendor calling `AssumeRole`.
    pub(crate) fn caller(&self, home: AccountId) -> Caller {
        let account = super::roster::account_id(self.account);
        let principal = format!("{}:{}", crate::sim::events::unique("AROA", account, self.role), self.session);
        Caller::new(Identity::Account { account, principal }, home, &format!("198.18.{}", self.address), BOTO)
    }
}

/// The callers of one account.
pub(crate) struct Cast<'a> {
    plan: &'a Plan,
    home: AccountId,
    tag: &'a str,
}

impl<'a> Cast<'a> {
    /// Of this account.
    pub(crate) fn new(plan: &'a Plan) -> Self {
        Self { plan, home: plan.account.id, tag: plan.spec().tag }
    }

    /// The engineers of the client who work in this account, as e-mail addresses.
    pub(crate) fn people(&self) -> Vec<String> {
        let mut rng = Rng::stream(fnv(self.tag.as_bytes()), self.home.number(), "people");
        let count = 3 + rng.below(3) as usize;
        let first = self.plan.client * 3;
        PEOPLE.iter().cycle().skip(first).take(count).map(|p| format!("{p}@{}.example", self.tag)).collect()
    }

    /// The role of a permission set.
    pub(crate) fn sso_role(&self, set: &str) -> String {
        let suffix = Rng::stream(fnv(set.as_bytes()), self.home.number(), "permission set").hex(16);
        format!("aws-reserved/sso.amazonaws.com/{}/AWSReservedSSO_{set}_{suffix}", self.plan.spec().home)
    }

    /// An address of the client's office.
    pub(crate) fn office(&self) -> String {
        format!("198.18.{}.10", self.plan.client)
    }

    /// A person in a session of a permission set: in the console from the office, or on the command line through the VPN.
    pub(crate) fn person(&self, email: &str, console: bool) -> Caller {
        let identity =
            Identity::Role { role: self.sso_role("PlatformEngineer"), session: email.to_owned(), invoked_by: None };
        if console {
            Caller::new(identity, self.home, &self.office(), BROWSER).in_console()
        } else {
            Caller::new(identity, self.home, &format!("198.18.{}.11", self.plan.client), CLI)
        }
    }

    /// A person's browser at the moment Identity Center opens the session.
    pub(crate) fn saml(&self, email: &str) -> Caller {
        let identity = Identity::Saml { provider: SAML_PROVIDER.to_owned(), user: email.to_owned() };
        Caller::new(identity, self.home, &self.office(), BROWSER)
    }

    /// The name and path of the role pipelines deploy with.
    pub(crate) fn deploy_role(&self) -> String {
        format!("{}-deploy", self.plan.workload.replace(' ', "-"))
    }

    /// The session name of the pipeline's role.
    pub(crate) fn deploy_session(&self) -> String {
        "GitHubActions".to_owned()
    }

    /// Whether pipelines here still use the access key of an IAM user.
    pub(crate) fn pipeline_has_key(&self) -> bool {
        self.plan.spec().slug == "kestrel-freight"
    }

    /// The pipeline while it deploys.
    pub(crate) fn pipeline(&self) -> Caller {
        let runner = format!("198.19.{}.{}", self.plan.client, 16 + self.home.number() % 4);
        let identity = if self.pipeline_has_key() {
            Identity::User { name: "ci-deploy".to_owned(), mfa: None }
        } else {
            Identity::Role { role: self.deploy_role(), session: self.deploy_session(), invoked_by: None }
        };
        Caller::new(identity, self.home, &runner, TERRAFORM)
    }

    /// The subject of the pipeline's OIDC token.
    pub(crate) fn repository(&self) -> String {
        format!("repo:{}/{}:ref:refs/heads/main", self.tag, self.plan.workload.replace(' ', "-"))
    }

    /// The pipeline when it exchanges its token.
    pub(crate) fn web_identity(&self) -> Caller {
        let provider = "token.actions.githubusercontent.com".to_owned();
        let identity = Identity::Web { provider, subject: self.repository() };
        let runner = format!("198.19.{}.{}", self.plan.client, 16 + self.home.number() % 4);
        Caller::new(
            identity,
            self.home,
            &runner,
            "aws-sdk-js/3.691.0 ua/2.1 os/linux#6.8.0 lang/js md/nodejs#20.18.1 api/sts#3.691.0",
        )
    }

    /// A function's role, calling from inside the VPC.
    pub(crate) fn function(&self, region: &str) -> Caller {
        let role = format!("{}-lambda", self.plan.workload.replace(' ', "-"));
        let identity = Identity::Role { session: format!("{}-api", self.plan.workload), role, invoked_by: None };
        let endpoint = format!("vpce-0{:016x}", super::rng::mix(fnv(region.as_bytes()) ^ self.home.number()));
        let agent = "Boto3/1.35.63 md/Botocore#1.35.63 ua/2.0 os/linux#5.10.0 md/arch#aarch64 lang/python#3.13.0 exec-env/AWS_Lambda_python3.13";
        Caller::new(identity, self.home, "10.20.14.8", agent).through(endpoint)
    }

    /// A role that an AWS service uses on the account's behalf.
    pub(crate) fn service_role(&self, host: &'static str, role: &str, session: &str) -> Caller {
        let identity = Identity::Role { role: role.to_owned(), session: session.to_owned(), invoked_by: Some(host) };
        Caller::new(identity, self.home, host, host)
    }

    /// The monitoring vendor inside the account.
    pub(crate) fn monitoring(&self) -> Caller {
        let identity = Identity::Role {
            role: VENDORS[0].role.to_owned(),
            session: VENDORS[0].session.to_owned(),
            invoked_by: None,
        };
        Caller::new(identity, self.home, "198.18.200.11", BOTO)
    }

    /// This tool within a session of its role.
    pub(crate) fn our_session(&self) -> Caller {
        let role = self.plan.account.roles.first().map_or_else(String::new, |r| r.resource.clone());
        let identity = Identity::Role { role, session: OUR_SESSION.replace("~w08", "7a52b3f8"), invoked_by: None };
        Caller::new(identity, self.home, OUR_ADDRESS, OURS)
    }

    /// This tool, opening a session of its role.
    pub(crate) fn ours(&self, agency: &Agency) -> Caller {
        let principal = crate::sim::events::unique("AIDA", agency.account, "bailiwick-sre");
        Caller::new(Identity::Account { account: agency.account, principal }, self.home, OUR_ADDRESS, OURS)
    }
}

/// A caller and the calls it makes.
#[derive(Debug, Clone)]
pub(crate) struct Act {
    pub(crate) caller: Arc<Caller>,
    pub(crate) calls: Vec<Arc<Call>>,
}

impl Act {
    /// A caller with its calls.
    pub(crate) fn new(caller: Caller, calls: impl IntoIterator<Item = Call>) -> Self {
        Self { caller: Arc::new(caller), calls: calls.into_iter().map(Arc::new).collect() }
    }

    /// Callers who all make the same calls.
    pub(crate) fn sharing(
        callers: impl IntoIterator<Item = Caller>,
        calls: impl IntoIterator<Item = Call>,
    ) -> Vec<Self> {
        let calls: Vec<Arc<Call>> = calls.into_iter().map(Arc::new).collect();
        callers.into_iter().map(|caller| Self { caller: Arc::new(caller), calls: calls.clone() }).collect()
    }
}

/// The client's word for its ExternalId towards a vendor: not the one this tool uses.
pub(crate) fn vendor_external_id(client: &SimClient, vendor: &Vendor) -> String {
    let id = super::rng::mix(fnv(client.id.as_bytes()) ^ vendor.account);
    format!("{}-{id:016x}", vendor.session)
}
