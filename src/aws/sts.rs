//! STS: `AssumeRole` and `GetCallerIdentity`, always at a regional endpoint.

use super::{Api, Assume, AssumeRequest, AwsError, Identity, KeyPair, SdkCloud, SdkSession, SessionCredentials};
use crate::domain::{Partition, ProfileName, Region, Timestamp};
use aws_config::SdkConfig;
use secrecy::SecretString;

impl Assume for SdkCloud {
    type Session = SdkSession;

    async fn assume(&self, request: &AssumeRequest<'_>) -> Result<SdkSession, AwsError> {
        let answer = self
            .sts(request.region)
            .assume_role()
            .role_arn(request.role.to_string())
            .role_session_name(request.session_name)
            .policy(request.policy)
            .duration_seconds(request.duration)
            .set_external_id(request.external_id.map(|id| id.reveal().to_owned()))
            .send()
            .await
            .map_err(|e| AwsError::from_sdk(Api::AssumeRole, e))?;
        let credentials = answer
            .credentials
            .ok_or_else(|| AwsError::unusable(Api::AssumeRole, "the answer holds no credentials".into()))?;
        let credentials = SessionCredentials::new(
            credentials.access_key_id,
            SecretString::from(credentials.secret_access_key),
            SecretString::from(credentials.session_token),
            Timestamp::from_second(credentials.expiration.secs()),
        );
        Ok(self.session(&credentials, request.role.partition()))
    }

    async fn identity(&self, session: &SdkSession, region: &Region) -> Result<Identity, AwsError> {
        caller_identity(&session.in_region(region)).await
    }

    fn profile(&self, name: &ProfileName, partition: Partition) -> SdkSession {
        self.standing(self.profile_provider(name), partition)
    }

    fn access_key(&self, key: &KeyPair, partition: Partition) -> SdkSession {
        self.standing(key.provider(), partition)
    }

    async fn caller(&self) -> Result<Identity, AwsError> {
        let config = match self.base.region() {
            Some(_) => self.base.clone(),
            None => self.base.to_builder().region(aws_config::Region::from_static("us-east-1")).build(),
        };
        caller_identity(&config).await
    }
}

async fn caller_identity(config: &SdkConfig) -> Result<Identity, AwsError> {
    let api = Api::GetCallerIdentity;
    let answer =
        aws_sdk_sts::Client::new(config).get_caller_identity().send().await.map_err(|e| AwsError::from_sdk(api, e))?;
    let account = answer
        .account()
        .unwrap_or_default()
        .parse()
        .map_err(|e| AwsError::unusable(api, format!("the account of the caller is unreadable: {e}")))?;
    Ok(Identity { account, arn: answer.arn().unwrap_or_default().into() })
}
