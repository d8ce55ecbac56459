//! What was asked of `AssumeRole`, for tests of what a client of ours sends.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

/// Requests kept; the oldest is forgotten first.
const KEPT: usize = 4_000;
/// Characters of a `User-Agent` that are kept.
const USER_AGENT: usize = 1_024;

/// One well-formed `AssumeRole` request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssumedRole {
    /// The role's ARN.
    pub role: String,
    /// `RoleSessionName`.
    pub session_name: String,
    /// The inline session policy, if one was sent.
    pub policy: Option<String>,
    /// Whether an ExternalId was sent.
    pub external_id_given: bool,
    /// `x-amz-user-agent`, or `user-agent` without it; the app name stands in it as `app/NAME`.
    pub user_agent: String,
    /// Whether a session was given.
    pub granted: bool,
}

/// The requests of one server, oldest first.
#[derive(Debug, Default)]
pub(super) struct AssumedRoles(Mutex<VecDeque<AssumedRole>>);

impl AssumedRoles {
    /// Notes one request.
    pub fn note(&self, mut request: AssumedRole) {
        if let Some((end, _)) = request.user_agent.char_indices().nth(USER_AGENT) {
            request.user_agent.truncate(end);
        }
        let mut requests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if requests.len() >= KEPT {
            requests.pop_front();
        }
        requests.push_back(request);
    }

    /// All that are kept, oldest first.
    pub fn read(&self) -> Vec<AssumedRole> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_request_is_forgotten_first_and_a_long_agent_is_cut() {
        let requests = AssumedRoles::default();
        for n in 0..=KEPT {
            requests.note(AssumedRole {
                role: n.to_string(),
                session_name: String::new(),
                policy: None,
                external_id_given: false,
                user_agent: "é".repeat(USER_AGENT + 1),
                granted: true,
            });
        }
        let kept = requests.read();
        assert_eq!((kept.len(), kept[0].role.as_str(), kept[KEPT - 1].role.as_str()), (KEPT, "1", "4000"));
        assert_eq!(kept[0].user_agent.chars().count(), USER_AGENT);
    }
}
