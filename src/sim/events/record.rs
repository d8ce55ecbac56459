//! The record of an event as CloudTrail writes it, version 1.11.

use super::call::filled;
use super::{Caller, EventKind, Identity, SimEvent};
use crate::domain::AccountId;
use crate::sim::world::rng::{Rng, fnv};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// The fields in the order in which CloudTrail writes them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    event_version: &'static str,
    user_identity: Value,
    event_time: String,
    event_source: &'a str,
    event_name: &'a str,
    aws_region: &'a str,
    #[serde(rename = "sourceIPAddress")]
    source_ip_address: &'a str,
    user_agent: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<String>,
    request_parameters: Option<Box<RawValue>>,
    response_elements: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_event_data: Option<Box<RawValue>>,
    #[serde(rename = "requestID", skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(rename = "eventID")]
    event_id: &'a str,
    read_only: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resources: Vec<Value>,
    event_type: &'static str,
    management_event: bool,
    recipient_account_id: String,
    #[serde(rename = "sharedEventID", skip_serializing_if = "Option::is_none")]
    shared_event_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_event_details: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vpc_endpoint_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vpc_endpoint_account_id: Option<String>,
    event_category: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_details: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_credential_from_console: Option<&'static str>,
}

pub(super) fn render(event: &SimEvent, account: AccountId) -> String {
    let (caller, call) = (&*event.caller, &*event.call);
    let mut rng = Rng::stream(fnv(event.id.as_bytes()), account.number(), "record");
    let fill = |text: &str| filled(text, &event.id, event.time);
    let raw = |text: &Option<Box<str>>| text.as_deref().and_then(|t| RawValue::from_string(fill(t)).ok());
    let sign_in = call.kind == EventKind::SignIn;
    let recipient = account.to_string();
    let record = Record {
        event_version: "1.11",
        user_identity: caller.user_identity(event.time, event.access_key.as_deref(), sign_in),
        event_time: event.time.to_string(),
        event_source: &event.source,
        event_name: &event.name,
        aws_region: event.region.as_str(),
        source_ip_address: &caller.ip,
        user_agent: &caller.agent,
        error_code: call.error.as_ref().map(|(code, _)| *code).filter(|code| !code.is_empty()),
        error_message: call.error.as_ref().map(|(_, message)| fill(message)),
        request_parameters: raw(&call.request),
        response_elements: raw(&call.response),
        additional_event_data: raw(&call.additional),
        request_id: (!sign_in).then(|| rng.uuid()),
        event_id: &event.id,
        read_only: event.read_only,
        resources: call
            .resources
            .iter()
            .map(|(arn, kind)| json!({"accountId": recipient, "type": kind, "ARN": fill(arn)}))
            .collect(),
        event_type: match call.kind {
            EventKind::ApiCall => "AwsApiCall",
            EventKind::ServiceEvent => "AwsServiceEvent",
            EventKind::SignIn => "AwsConsoleSignIn",
        },
        management_event: true,
        recipient_account_id: recipient.clone(),
        shared_event_id: call.shared.then(|| rng.uuid()),
        service_event_details: raw(&call.details),
        vpc_endpoint_id: caller.vpc_endpoint.as_deref(),
        vpc_endpoint_account_id: caller.vpc_endpoint.as_ref().map(|_| recipient.clone()),
        event_category: "Management",
        tls_details: tls(event, caller),
        session_credential_from_console: (caller.console && call.kind == EventKind::ApiCall).then_some("true"),
    };
    serde_json::to_string(&record).unwrap_or_default()
}

/// Calls over the network carry TLS details; those that AWS makes inside do not.
fn tls(event: &SimEvent, caller: &Caller) -> Option<Value> {
    let inside = match &caller.identity {
        Identity::Service(_) | Identity::Nobody(_) => true,
        Identity::Role { invoked_by, .. } => invoked_by.is_some(),
        _ => false,
    };
    if inside || event.call.kind == EventKind::ServiceEvent {
        return None;
    }
    let service = event.source.trim_end_matches(".amazonaws.com");
    let region = event.region.as_str();
    let host = match service {
        "iam" | "organizations" => format!("{service}.amazonaws.com"),
        "signin" => format!("{region}.signin.aws.amazon.com"),
        _ => format!("{service}.{region}.amazonaws.com"),
    };
    Some(json!({
        "tlsVersion": "TLSv1.3",
        "cipherSuite": "TLS_AES_128_GCM_SHA256",
        "clientProvidedHostHeader": host,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::events::Call;
    use std::sync::Arc;

    fn rendered(caller: Caller, call: Call) -> Value {
        let account: AccountId = "123456789012".parse().unwrap();
        let time = "2026-11-20T09:30:00Z".parse().unwrap();
        let key = caller.access_key(time);
        let id = "10e1548f-893e-46f6-852a-25a9f8cf93e1".to_owned();
        let event = SimEvent::new(id, time, "eu-west-1".parse().unwrap(), Arc::new(caller), Arc::new(call), key);
        serde_json::from_str(&event.record(account)).unwrap()
    }

    fn home() -> AccountId {
        "123456789012".parse().unwrap()
    }

    #[test]
    fn a_vendor_assuming_a_role_reads_as_another_account() {
        let vendor =
            Identity::Account { account: "222222222222".parse().unwrap(), principal: "AROAEXAMPLE:scan".into() };
        let call = Call::assume_role(home(), "vendor/Scanner", "scan", Some("ext-1"));
        let r = rendered(Caller::new(vendor, home(), "198.18.0.9", "Boto3/1.34"), call);
        assert_eq!(r["userIdentity"]["type"], "AWSAccount");
        assert_eq!(r["userIdentity"]["accountId"], "222222222222");
        assert!(r["userIdentity"].get("arn").is_none() && r["userIdentity"].get("accessKeyId").is_none());
        assert_eq!(r["requestParameters"]["externalId"], "ext-1");
        assert_eq!(
            r["responseElements"]["assumedRoleUser"]["arn"],
            "arn:aws:sts::123456789012:assumed-role/Scanner/scan"
        );
        assert!(r["responseElements"]["credentials"]["accessKeyId"].as_str().unwrap().starts_with("ASIA"));
        assert_eq!(r["resources"][0]["ARN"], "arn:aws:iam::123456789012:role/vendor/Scanner");
        assert_eq!((r["readOnly"].as_bool(), r["sharedEventID"].is_string()), (Some(true), true));
    }

    #[test]
    fn a_root_sign_in_has_no_key_and_no_session() {
        let r = rendered(
            Caller::new(Identity::Root { mfa: false }, home(), "198.18.0.1", "Mozilla/5.0"),
            Call::console_login("eu-west-1", false, true),
        );
        assert_eq!(r["userIdentity"]["type"], "Root");
        assert_eq!(r["userIdentity"]["arn"], "arn:aws:iam::123456789012:root");
        assert!(r["userIdentity"].get("accessKeyId").is_none() && r["userIdentity"].get("sessionContext").is_none());
        assert_eq!((r["eventType"].as_str(), r["readOnly"].as_bool()), (Some("AwsConsoleSignIn"), Some(false)));
        assert_eq!(r["additionalEventData"]["MFAUsed"], "No");
        assert_eq!(r["responseElements"]["ConsoleLogin"], "Success");
        assert!(r["requestParameters"].is_null());
    }

    #[test]
    fn a_session_names_its_role_and_a_service_role_its_service() {
        let identity = Identity::Role {
            role: "aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling".into(),
            session: "AutoScaling".into(),
            invoked_by: Some("autoscaling.amazonaws.com"),
        };
        let host = "autoscaling.amazonaws.com";
        let r = rendered(Caller::new(identity, home(), host, host), Call::write("ec2", "TerminateInstances"));
        let who = &r["userIdentity"];
        assert_eq!(who["arn"], "arn:aws:sts::123456789012:assumed-role/AWSServiceRoleForAutoScaling/AutoScaling");
        assert_eq!(
            who["sessionContext"]["sessionIssuer"]["arn"],
            "arn:aws:iam::123456789012:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
        );
        assert_eq!(who["sessionContext"]["attributes"]["mfaAuthenticated"], "false");
        assert_eq!((who["invokedBy"].as_str(), r.get("tlsDetails")), (Some(host), None));
    }

    #[test]
    fn an_event_of_aws_itself_has_no_identity_type() {
        let call = Call::service_event("kms", "RotateKey", json!({"keyId": "~k08"}));
        let r = rendered(
            Caller::new(Identity::Nobody("kms.amazonaws.com"), home(), "kms.amazonaws.com", "kms.amazonaws.com"),
            call,
        );
        assert!(r["userIdentity"].get("type").is_none());
        assert_eq!(r["eventType"], "AwsServiceEvent");
        assert_eq!(r["serviceEventDetails"]["keyId"].as_str().unwrap().len(), 8);
    }
}
