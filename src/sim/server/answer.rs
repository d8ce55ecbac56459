//! What goes back to a caller, before it is HTTP.

use super::fault::Fault;

/// The two wire formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// JSON 1.1: Organizations, CloudTrail, Cost Explorer.
    Json,
    /// The query protocol's XML: STS.
    Xml,
    /// A page of a proxy that knows nothing of either.
    Html,
}

impl Format {
    /// The `content-type` of answers.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/x-amz-json-1.1",
            Self::Xml => "text/xml",
            Self::Html => "text/html",
        }
    }
}

/// One answer. The request id is only known to the connection, so bodies that carry it are written last.
#[derive(Debug)]
pub(super) struct Answer {
    /// HTTP status.
    pub status: u16,
    /// How the body is written.
    pub format: Format,
    content: Result<Content, Fault>,
}

/// A successful body.
#[derive(Debug)]
enum Content {
    /// All of it.
    Whole(Vec<u8>),
    /// Action and the XML inside its `…Result` element.
    Query(&'static str, String),
}

impl Answer {
    /// The outcome of a JSON action.
    pub fn json(outcome: Result<Vec<u8>, Fault>) -> Self {
        let status = outcome.as_ref().err().map_or(200, |fault| fault.status);
        Self { status, format: Format::Json, content: outcome.map(Content::Whole) }
    }

    /// The outcome of an STS action: its name and the XML inside its `…Result` element.
    pub fn query(outcome: Result<(&'static str, String), Fault>) -> Self {
        let status = outcome.as_ref().err().map_or(200, |fault| fault.status);
        Self { status, format: Format::Xml, content: outcome.map(|(action, xml)| Content::Query(action, xml)) }
    }

    /// What a proxy answers for a service it cannot reach.
    pub fn html(status: u16) -> Self {
        let page = format!(
            "<html>\r\n<head><title>{status}</title></head>\r\n<body>\r\n<center><h1>{status}</h1></center>\r\n</body>\r\n</html>\r\n"
        );
        Self { status, format: Format::Html, content: Ok(Content::Whole(page.into_bytes())) }
    }

    /// The body of a JSON action that succeeded.
    pub fn json_mut(&mut self) -> Option<&mut Vec<u8>> {
        match (&mut self.content, self.format) {
            (Ok(Content::Whole(body)), Format::Json) => Some(body),
            _ => None,
        }
    }

    /// An error in the query protocol's form.
    pub fn query_fault(fault: &Fault) -> Self {
        Self::query(Err(fault.clone()))
    }

    /// The error code, if it is an error.
    pub fn error_type(&self) -> Option<&'static str> {
        self.content.as_ref().err().map(|fault| fault.code)
    }

    /// The bytes to send.
    pub fn into_body(self, request_id: &str) -> Vec<u8> {
        match (self.content, self.format) {
            (Ok(Content::Whole(body)), _) => body,
            (Ok(Content::Query(action, xml)), _) => format!(
                "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <{action}Result>\n{xml}  \
                 </{action}Result>\n  <ResponseMetadata>\n    <RequestId>{request_id}</RequestId>\n  \
                 </ResponseMetadata>\n</{action}Response>\n"
            )
            .into_bytes(),
            (Err(fault), Format::Json) => fault.json_body(),
            (Err(fault), Format::Xml | Format::Html) => fault.query_body(request_id).into_bytes(),
        }
    }
}
