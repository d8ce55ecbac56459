//! What a request asks, as far as faults care.

use super::{Place, Service};
use crate::{
    domain::AccountId,
    sim::{
        server::{caller::Caller, cloud::Cloud, form::Form},
        world::rng::{fnv, mix},
    },
};
use hyper::HeaderMap;
use serde_json::Value;

/// One request.
#[derive(Debug)]
pub(in crate::sim::server) struct Asked {
    pub service: Service,
    pub account: AccountId,
    pub region: String,
    /// The question it belongs to: everything but the page.
    pub question: u64,
    /// The page token, without what an empty page put before it; empty for the first page.
    pub token: Option<String>,
    /// The token as it came.
    pub sent: Option<String>,
    /// The access key of the role's session that signed it.
    pub session: Option<String>,
}

impl Asked {
    /// Whether its service answers in pages.
    pub fn has_pages(&self) -> bool {
        self.service != Service::Sts
    }

    /// Whether it is within `place`.
    pub fn is_in(&self, place: &Place) -> bool {
        place.service.is_none_or(|service| service == self.service)
            && place.account.is_none_or(|account| account == self.account)
            && place.region.as_ref().is_none_or(|region| region.as_str() == self.region)
    }
}

/// The member that holds the page token, and the one that holds the rows.
pub(super) fn members(service: Service) -> (&'static str, &'static str) {
    match service {
        Service::CostExplorer => ("NextPageToken", "ResultsByTime"),
        Service::Organizations => ("NextToken", "Accounts"),
        Service::CloudTrail | Service::Sts => ("NextToken", "Events"),
    }
}

/// What an empty page puts before the token of the page it stands for.
pub(super) const EMPTY_MARK: char = '.';

impl Cloud {
    /// What a request asks, and the body that its action should see. Nothing if it cannot be told: such a request is
    /// refused anyway.
    pub(super) fn asked(&self, headers: &HeaderMap, body: &[u8]) -> Option<(Asked, Option<Vec<u8>>)> {
        let caller = self.sender(headers)?;
        let region = self.signed_region(headers)?;
        let session = match &caller {
            Caller::Session(session) => Some(session.access_key.clone()),
            Caller::User | Caller::Key(_) => None,
        };
        let target = headers.get("x-amz-target").map(|t| t.to_str().unwrap_or_default());
        let service = match target.map(|target| target.rsplit('.').next().unwrap_or_default()) {
            None => Service::Sts,
            Some("ListAccounts") => Service::Organizations,
            Some("LookupEvents") => Service::CloudTrail,
            Some("GetCostAndUsage") => Service::CostExplorer,
            Some(_) => return None,
        };
        let form = Form::parse(if service == Service::Sts { body } else { b"" });
        let account = self.subject(&caller, &form);
        let mut asked = Asked { service, account, region, question: 0, token: None, sent: None, session };
        let mut inner = None;
        let what = if service == Service::Sts {
            // Neither the ExternalId nor the session's name: they may be made by chance.
            [form.get("Action"), form.get("Policy")].map(Option::unwrap_or_default).join("\n")
        } else {
            let mut input: Value = serde_json::from_slice(body).ok()?;
            let (token, _) = members(service);
            let sent = input.as_object_mut().and_then(|fields| fields.remove(token));
            let what = input.to_string();
            asked.sent = sent.as_ref().and_then(Value::as_str).map(str::to_owned);
            asked.token = asked.sent.clone();
            if let Some((_, after)) = asked.sent.as_deref().and_then(|sent| sent.split_once(EMPTY_MARK)) {
                asked.token = Some(after.to_owned()).filter(|after| !after.is_empty());
                if let (Some(fields), Some(after)) = (input.as_object_mut(), &asked.token) {
                    fields.insert(token.to_owned(), after.as_str().into());
                }
                inner = serde_json::to_vec(&input).ok();
            }
            what
        };
        let place = format!("{} {} {}\n{what}", service.name(), asked.account, asked.region);
        asked.question = mix(fnv(place.as_bytes()));
        Some((asked, inner))
    }
}
