//! A request on its way through the faults.

use super::{FaultKind, Service, pages::changed, request::Asked};
use crate::sim::server::{
    answer::{Answer, Format},
    auth::{AuthError, BEHIND},
    cloud::Cloud,
    fault::Fault,
};
use hyper::{HeaderMap, Method};
use std::time::Duration;

/// An answer, and what happens to it on the way back.
#[derive(Debug)]
pub(in crate::sim::server) struct Dealt {
    pub answer: Answer,
    pub wait: Duration,
    pub cut: Option<Cut>,
}

/// Where a connection ends before its time; the random bits choose the byte.
#[derive(Debug, Clone, Copy)]
pub(in crate::sim::server) enum Cut {
    /// Anywhere in the answer.
    Anywhere(u64),
    /// In the body.
    InBody(u64),
}

impl From<Answer> for Dealt {
    fn from(answer: Answer) -> Self {
        Self { answer, wait: Duration::ZERO, cut: None }
    }
}

impl Cloud {
    /// Answers one request, with whatever fault strikes it.
    pub fn deal(&self, method: &Method, headers: &HeaderMap, body: &[u8]) -> Dealt {
        let running = self.faults.running().filter(|_| method == Method::POST);
        let Some((running, (asked, inner))) = running.and_then(|running| Some((running, self.asked(headers, body)?)))
        else {
            return self.answer(method, headers, body).into();
        };
        let struck = running.strike(&asked);
        let answer = || self.answer(method, headers, inner.as_deref().unwrap_or(body));
        let (kind, bits) = match struck {
            Some((kind, bits)) => (Some(kind), bits),
            None => (None, 0),
        };
        if let Some(kind) = kind {
            if let Some(refused) = self.refused(kind, bits, &asked, headers) {
                return self.counted(asked.service, refused).into();
            }
            match kind {
                FaultKind::Expired => {
                    // The action refuses it from now on, and this request first.
                    asked.session.clone().into_iter().for_each(|key| running.end(key));
                    return answer().into();
                }
                FaultKind::Slow(seconds) => {
                    return Dealt { wait: Duration::from_secs(u64::from(seconds)), ..answer().into() };
                }
                FaultKind::Half => return Dealt { cut: Some(Cut::InBody(bits)), ..answer().into() },
                FaultKind::Reset => return Dealt { cut: Some(Cut::Anywhere(bits)), ..answer().into() },
                _ => (),
            }
        }
        let mut answer = answer();
        if asked.has_pages()
            && (kind.is_some() || running.notes_answers())
            && let Some(page) = answer.json_mut()
            && let Some(instead) = changed(page, &asked, kind, bits, &running)
        {
            *page = instead;
        }
        answer.into()
    }

    /// The refusal or failure that a fault is, if it is one.
    fn refused(&self, kind: FaultKind, bits: u64, asked: &Asked, headers: &HeaderMap) -> Option<Answer> {
        let sts = asked.service == Service::Sts;
        let fault = match kind {
            FaultKind::Html => return Some(Answer::html(if bits.is_multiple_of(2) { 500 } else { 502 })),
            FaultKind::Throttle => throttled(asked.service),
            FaultKind::Unavailable if bits.is_multiple_of(2) => {
                Fault::new(500, "InternalFailure", "The request processing has failed because of an unknown error.")
            }
            FaultKind::Unavailable => {
                Fault::new(503, "ServiceUnavailable", "The service is temporarily unable to handle the request.")
            }
            FaultKind::Skew => {
                let signed = self.signed_at(headers);
                let error = AuthError::Skewed { signed, now: signed.plus(BEHIND) };
                error.fault(if sts { Format::Xml } else { Format::Json })
            }
            FaultKind::Denied => {
                let message =
                    "User is not authorized to perform this action because no identity-based policy allows it";
                if sts {
                    Fault::new(403, "AccessDenied", message)
                } else {
                    Fault::json("AccessDeniedException", message)
                }
            }
            FaultKind::RegionDisabled => AuthError::UnknownKey.fault(Format::Json),
            FaultKind::TokenRefused if asked.service == Service::Organizations => Fault {
                reason: Some("INVALID_NEXT_TOKEN"),
                ..Fault::json("InvalidInputException", "You provided a value for NextToken that is not valid.")
            },
            FaultKind::TokenRefused => Fault::json("InvalidNextTokenException", "The pagination token is invalid."),
            _ => return None,
        };
        Some(if sts { Answer::query_fault(&fault) } else { Answer::json(Err(fault)) })
    }
}

/// One request too many, as each service says it.
fn throttled(service: Service) -> Fault {
    match service {
        Service::Sts => Fault::new(400, "Throttling", "Rate exceeded"),
        Service::CloudTrail => Fault::json("ThrottlingException", "Rate exceeded"),
        Service::CostExplorer => Fault::json("LimitExceededException", "Rate limit exceeded"),
        Service::Organizations => Fault::json(
            "TooManyRequestsException",
            "You have sent too many requests in too short a period of time. Try again later.",
        ),
    }
}
