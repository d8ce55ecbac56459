//! IAM changes that pipelines make. IAM is global and recorded in us-east-1.

use super::Site;
use crate::sim::events::Call;
use serde_json::json;

/// Narrow, ordinary changes of roles and policies.
pub(crate) fn pipeline_iam(site: Site<'_>) -> Vec<Call> {
    let Site { account, work, env, .. } = site;
    let role = format!("{work}-{env}-lambda");
    let role_arn = format!("arn:aws:iam::{account}:role/{role}");
    let policy_arn = format!("arn:aws:iam::{account}:policy/{work}-{env}-read");
    let bucket = site.bucket("assets");
    let document = json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": format!("arn:aws:s3:::{bucket}/*")}],
    })
    .to_string();
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    })
    .to_string();
    vec![
        Call::write("iam", "TagRole")
            .asks(json!({"roleName": role, "tags": [{"key": "team", "value": work}, {"key": "build", "value": "~b06"}]}))
            .on("AWS::IAM::Role", &role),
        Call::write("iam", "PutRolePolicy")
            .asks(json!({"roleName": role, "policyName": format!("{work}-inline"), "policyDocument": document}))
            .on("AWS::IAM::Role", &role),
        Call::write("iam", "CreatePolicyVersion")
            .asks(json!({"policyArn": policy_arn, "policyDocument": document, "setAsDefault": true}))
            .answers(json!({"policyVersion": {"versionId": "v4", "isDefaultVersion": true, "createDate": "~T00"}}))
            .on("AWS::IAM::Policy", &policy_arn),
        Call::write("iam", "CreateRole")
            .asks(json!({
                "roleName": format!("{work}-{env}-job-~k04"), "assumeRolePolicyDocument": trust, "maxSessionDuration": 3600,
                "tags": [{"key": "team", "value": work}],
            }))
            .answers(json!({"role": {
                "path": "/",
                "roleName": format!("{work}-{env}-job-~k04"),
                "roleId": "AROA~R16",
                "arn": format!("arn:aws:iam::{account}:role/{work}-{env}-job-~k04"),
                "createDate": "~T00",
                "assumeRolePolicyDocument": trust.replace('"', "%22").replace('{', "%7B").replace('}', "%7D"),
            }}))
            .on("AWS::IAM::Role", &role_arn),
        Call::write("iam", "AttachRolePolicy")
            .asks(json!({
                "roleName": format!("{work}-{env}-job-~k04"),
                "policyArn": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
            }))
            .on("AWS::IAM::Policy", "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"),
        Call::write("iam", "UpdateRoleDescription").asks(json!({"roleName": role, "description": format!("{work} functions")})),
        Call::write("iam", "TagPolicy").asks(json!({"policyArn": policy_arn, "tags": [{"key": "build", "value": "~b06"}]})),
    ]
}
