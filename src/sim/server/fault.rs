//! An error as AWS sends it.

use serde::Serialize;

/// One error answer: HTTP status, code, AWS's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// HTTP status.
    pub status: u16,
    /// `__type` of the JSON protocols, `Code` of the query protocol.
    pub code: &'static str,
    /// AWS's message.
    pub message: String,
    /// `Reason` of Organizations' `InvalidInputException`.
    pub reason: Option<&'static str>,
}

impl Fault {
    /// Any error.
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), reason: None }
    }

    /// An error of a JSON service, which AWS answers with status 400.
    pub fn json(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(400, code, message)
    }

    /// The body of a JSON service. Organizations and Cost Explorer model the member as `Message`, CloudTrail sends
    /// `message`; clients read both, so both are sent.
    pub fn json_body(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Body<'a> {
            #[serde(rename = "__type")]
            kind: &'a str,
            message: &'a str,
            #[serde(rename = "Message")]
            modelled: &'a str,
            #[serde(rename = "Reason", skip_serializing_if = "Option::is_none")]
            reason: Option<&'a str>,
        }
        let body = Body { kind: self.code, message: &self.message, modelled: &self.message, reason: self.reason };
        serde_json::to_vec(&body).unwrap_or_default()
    }

    /// The body of STS.
    pub fn query_body(&self, request_id: &str) -> String {
        let side = if self.status < 500 { "Sender" } else { "Receiver" };
        format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <Error>\n    <Type>{side}</Type>\n    \
             <Code>{}</Code>\n    <Message>{}</Message>\n  </Error>\n  <RequestId>{request_id}</RequestId>\n</ErrorResponse>\n",
            self.code,
            xml_text(&self.message)
        )
    }
}

/// A text as XML content: markup escaped, characters that XML 1.0 cannot carry replaced.
pub(super) fn xml_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' => out.push(c),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_inside_its_element() {
        let fault = Fault::new(400, "ValidationError", "Value '</Message>&\u{0}\u{1b}' is bad");
        let body = fault.query_body("id-1");
        assert!(body.contains("<Message>Value '&lt;/Message&gt;&amp;\u{fffd}\u{fffd}' is bad</Message>"), "{body}");
        assert!(body.contains("<Code>ValidationError</Code>") && body.contains("<RequestId>id-1</RequestId>"));
    }

    #[test]
    fn the_json_form_names_type_message_and_reason() {
        let fault = Fault { reason: Some("INVALID_NEXT_TOKEN"), ..Fault::json("InvalidInputException", "no \"good\"") };
        let body: serde_json::Value = serde_json::from_slice(&fault.json_body()).unwrap();
        assert_eq!(
            body,
            serde_json::json!({"__type": "InvalidInputException", "message": "no \"good\"", "Message": "no \"good\"",
                "Reason": "INVALID_NEXT_TOKEN"})
        );
    }
}
