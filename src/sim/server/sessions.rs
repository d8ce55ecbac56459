//! Sessions of assumed roles: temporary credentials and who holds them.

use super::{policy::Policy, token::hex};
use crate::domain::Timestamp;
use sha2::{Digest, Sha256};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

/// Sessions kept; the oldest is forgotten first, and its key is then unknown instead of expired.
const KEPT: usize = 50_000;

/// One session of an assumed role.
#[derive(Debug)]
pub(super) struct Session {
    /// Index of the account in the world.
    pub account: usize,
    /// Index of the role in its account.
    pub role: usize,
    /// `arn:aws:sts::<account>:assumed-role/<role name>/<session name>`; a role's path is not part of it.
    pub arn: String,
    /// `AROA…:<session name>`.
    pub id: String,
    /// The inline session policy; the session may do what role and policy both allow.
    pub policy: Option<Policy>,
    /// When it ends.
    pub expires: Timestamp,
    /// `AWS_ACCESS_KEY_ID`, `ASIA…`.
    pub access_key: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_key: String,
    /// `AWS_SESSION_TOKEN`.
    pub token: String,
}

/// All sessions of one server.
#[derive(Debug)]
pub(super) struct Sessions {
    seed: u64,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    issued: u64,
    by_key: HashMap<String, Arc<Session>>,
    order: VecDeque<String>,
}

impl Sessions {
    /// None yet.
    pub fn new(seed: u64) -> Self {
        Self { seed, open: Mutex::default() }
    }

    /// Opens a session: gives it fresh credentials by way of `make` and remembers it.
    pub fn open(&self, make: impl FnOnce(Credentials) -> Session) -> Arc<Session> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.issued += 1;
        let session = Arc::new(make(Credentials::derive(self.seed, open.issued)));
        open.by_key.insert(session.access_key.clone(), Arc::clone(&session));
        open.order.push_back(session.access_key.clone());
        if open.order.len() > KEPT
            && let Some(oldest) = open.order.pop_front()
        {
            open.by_key.remove(&oldest);
        }
        session
    }

    /// The secrets of every session that is remembered: key and token of each.
    pub fn secrets(&self) -> Vec<String> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.by_key.values().flat_map(|session| [session.secret_key.clone(), session.token.clone()]).collect()
    }

    /// The session with this access key.
    pub fn find(&self, access_key: &str) -> Option<Arc<Session>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).by_key.get(access_key).cloned()
    }
}

/// Fresh temporary credentials. They guard nothing real, so they follow from the seed and tests repeat exactly.
#[derive(Debug)]
pub(super) struct Credentials {
    /// `ASIA…`, 20 characters.
    pub access_key: String,
    /// 40 characters.
    pub secret_key: String,
    /// A long opaque text with the characters of base64, as AWS sends it.
    pub token: String,
}

impl Credentials {
    fn derive(seed: u64, number: u64) -> Self {
        let part = |name: &str| -> [u8; 32] {
            Sha256::digest([name.as_bytes(), &seed.to_be_bytes(), &number.to_be_bytes()].concat()).into()
        };
        Self {
            access_key: format!("ASIA{}", unique_id(&part("access key"))),
            secret_key: hex(&part("secret key")).chars().take(40).collect(),
            token: format!("IQoJb3JpZ2luX2Vj//{}+/{}==", hex(&part("token")), hex(&part("more token"))),
        }
    }
}

/// The 16 characters `[A-Z2-7]` that follow the four-letter prefix of IAM's unique ids.
pub(super) fn unique_id(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let letters = bytes.iter().take(16).filter_map(|b| ALPHABET.get(usize::from(b % 32)));
    letters.map(|&letter| char::from(letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(credentials: Credentials) -> Session {
        Session {
            account: 0,
            role: 0,
            arn: String::new(),
            id: String::new(),
            policy: None,
            expires: Timestamp::default(),
            access_key: credentials.access_key,
            secret_key: credentials.secret_key,
            token: credentials.token,
        }
    }

    #[test]
    fn credentials_have_the_shape_of_aws_and_are_never_given_twice() {
        let sessions = Sessions::new(1);
        let (a, b) = (sessions.open(session), sessions.open(session));
        assert_ne!((&a.access_key, &a.secret_key, &a.token), (&b.access_key, &b.secret_key, &b.token));
        assert!(a.access_key.starts_with("ASIA") && a.access_key.len() == 20 && a.secret_key.len() == 40);
        assert_eq!(sessions.find(&a.access_key).unwrap().token, a.token);
        assert!(sessions.find("ASIAUNKNOWN").is_none());
    }

    #[test]
    fn the_oldest_session_is_forgotten_first() {
        let sessions = Sessions::new(1);
        let first = sessions.open(session).access_key.clone();
        let second = sessions.open(session).access_key.clone();
        for _ in 1..KEPT {
            sessions.open(session);
        }
        assert!(sessions.find(&first).is_none() && sessions.find(&second).is_some());
    }
}
