//! What no SDK would send: hand-written requests and hostile bytes.

use crate::{client::Sim, world::KEY};
use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

const SIGNATURE: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn connect(sim: &Sim) -> TcpStream {
    let address = sim.server.url();
    let stream = TcpStream::connect(address.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

/// Sends bytes on a new connection and reads until the server closes it.
fn exchange(sim: &Sim, bytes: &[u8]) -> String {
    let mut stream = connect(sim);
    // A server that refuses early may close before everything is written.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn post(headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("POST / HTTP/1.1\r\nhost: sim\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
        .into_bytes()
}

fn signed(key: &str, region: &str, service: &str) -> String {
    format!(
        "authorization: AWS4-HMAC-SHA256 Credential={key}/20261122/{region}/{service}/aws4_request, SignedHeaders=host, Signature={SIGNATURE}\r\n"
    )
}

/// Status line, headers in lower case, body.
fn parts(answer: &str) -> (&str, String, &str) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
    let (status, headers) = head.split_once("\r\n").unwrap();
    (status, headers.to_lowercase(), body)
}

#[test]
fn an_unsigned_request_is_told_so_in_its_own_protocol() {
    let sim = Sim::start();
    let answer = exchange(&sim, &post("", "Action=GetCallerIdentity&Version=2011-06-15"));
    let (status, headers, body) = parts(&answer);
    assert_eq!(status, "HTTP/1.1 403 Forbidden");
    assert!(headers.contains("content-type: text/xml") && headers.contains("x-amzn-requestid: "), "{headers}");
    assert!(body.contains("<Code>MissingAuthenticationToken</Code>"), "{body}");
    assert!(
        body.contains("xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"") && body.contains("<Type>Sender</Type>")
    );
    let id = body.split("<RequestId>").nth(1).unwrap().split('<').next().unwrap();
    assert!(headers.contains(&format!("x-amzn-requestid: {id}")), "the same id in header and body");

    let answer = exchange(&sim, &post("x-amz-target: CloudTrail_20131101.LookupEvents\r\n", "{}"));
    let (status, headers, body) = parts(&answer);
    assert_eq!(status, "HTTP/1.1 400 Bad Request");
    assert!(headers.contains("content-type: application/x-amz-json-1.1"), "{headers}");
    assert!(headers.contains("x-amzn-errortype: missingauthenticationtokenexception"), "{headers}");
    assert!(!headers.contains("content-encoding"), "{headers}");
    assert!(body.contains(r#""__type":"MissingAuthenticationTokenException""#), "{body}");
}

#[test]
fn requests_that_fit_nothing_are_refused() {
    let sim = Sim::start();
    let (sts, trail) = (signed(KEY, "us-east-1", "sts"), signed(KEY, "us-east-1", "cloudtrail"));
    let target = |name: &str| format!("x-amz-target: {name}\r\n");
    let look = target("com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents");
    for (headers, body, code) in [
        (sts.clone(), "Action=DecodeAuthorizationMessage&Version=2011-06-15", "InvalidAction"),
        (sts.clone(), "Action=GetCallerIdentity", "InvalidAction"),
        (sts.clone(), "Action=GetCallerIdentity&Version=1999-01-01", "InvalidAction"),
        (sts.clone(), "", "MissingAction"),
        (sts.clone(), "Action=AssumeRole&Version=2011-06-15", "2 validation errors detected: Value null at 'roleArn'"),
        (format!("{sts}{look}"), "{}", "InvalidSignatureException"),
        (trail.clone(), "Action=GetCallerIdentity&Version=2011-06-15", "SignatureDoesNotMatch"),
        (format!("{}{look}", signed("AKIAOTHER", "us-east-1", "cloudtrail")), "{}", "UnrecognizedClientException"),
        (format!("{trail}{look}"), "{", "SerializationException"),
        (format!("{trail}{look}"), r#"{"MaxResults":"ten"}"#, "SerializationException"),
        (format!("{trail}{look}"), "", "AccessDeniedException"),
        (format!("{trail}{}", target("CloudTrail_20131101.DeleteTrail")), "{}", "UnknownOperationException"),
        (format!("{trail}{}", target("")), "{}", "UnknownOperationException"),
        (format!("authorization: Bearer x\r\n{look}"), "{}", "IncompleteSignatureException"),
    ] {
        let answer = exchange(&sim, &post(&headers, body));
        assert!(parts(&answer).2.contains(code), "{code} is missing in {answer}");
    }
    let answer = exchange(&sim, b"GET /?Action=GetCallerIdentity HTTP/1.1\r\nhost: sim\r\nconnection: close\r\n\r\n");
    assert!(parts(&answer).0.starts_with("HTTP/1.1 405 "), "{answer}");
}

#[test]
fn a_body_above_one_megabyte_is_refused_announced_or_not() {
    let sim = Sim::start();
    let announced = b"POST / HTTP/1.1\r\nhost: sim\r\nconnection: close\r\ncontent-length: 1048577\r\n\r\n".to_vec();
    assert!(parts(&exchange(&sim, &announced)).0.starts_with("HTTP/1.1 413 "));
    let mut stream = connect(&sim);
    stream.write_all(b"POST / HTTP/1.1\r\nhost: sim\r\ntransfer-encoding: chunked\r\n\r\n").unwrap();
    let chunk = format!("{:x}\r\n{}\r\n", 64 * 1024, "x".repeat(64 * 1024));
    // 16 chunks are exactly the limit; nothing is answered before the next one.
    for _ in 0..17 {
        stream.write_all(chunk.as_bytes()).unwrap();
    }
    let mut start = [0; 13];
    stream.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 413 ");
}

#[test]
fn one_connection_carries_many_requests() {
    let sim = Sim::start();
    let mut stream = connect(&sim);
    let body = "Action=GetCallerIdentity&Version=2011-06-15";
    let request = format!(
        "POST / HTTP/1.1\r\nhost: sim\r\ncontent-length: {}\r\n{}\r\n{body}",
        body.len(),
        signed(KEY, "us-east-1", "sts")
    );
    for _ in 0..3 {
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let mut buffer = [0; 4_096];
        while !answer.ends_with(b"</GetCallerIdentityResponse>\n") {
            let count = stream.read(&mut buffer).unwrap();
            assert!(count > 0, "the connection was closed");
            answer.extend_from_slice(&buffer[..count]);
        }
    }
    assert_eq!(sim.server.counts().sts, 3);
}

#[test]
fn hostile_bytes_do_not_stop_the_server() {
    let sim = Sim::start();
    let deep = format!("{}{}", r#"{"Filter":{"Not":"#.repeat(5_000), "}".repeat(10_000));
    let headers = format!("{}x-amz-target: X.GetCostAndUsage\r\n", signed(KEY, "us-east-1", "ce"));
    let cases: Vec<Vec<u8>> = vec![
        vec![0; 5_000],
        (0..=255).cycle().take(70_000).collect(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n".to_vec(),
        b"POST / HTTP/1.1\r\ncontent-length: 10\r\n\r\nshort".to_vec(),
        b"POST / HTTP/9.9\r\n\r\n".to_vec(),
        format!("POST / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(1_000_000)).into_bytes(),
        post("x-amz-target: \u{202e}é\u{7f}\r\n", "{}"),
        post("authorization: \u{ff}\r\n", "%%%=%00&&&=&Action=\u{0}"),
        post(&headers, &deep),
        post(
            &headers,
            r#"{"TimePeriod":{"Start":"9999-12-31","End":"-009999-01-01"},"Metrics":[""],"Granularity":"DAILY"}"#,
        ),
        post(&headers, "\u{0}"),
    ];
    for case in cases {
        exchange(&sim, &case);
    }
    let answer = exchange(&sim, &post(&signed(KEY, "us-east-1", "sts"), "Action=GetCallerIdentity&Version=2011-06-15"));
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[test]
fn a_dropped_server_frees_its_port_and_a_taken_port_is_named() {
    let sim = Sim::start();
    let port: u16 = sim.server.url().rsplit(':').next().unwrap().parse().unwrap();
    let start = || {
        let clock: std::sync::Arc<dyn bailiwick::domain::Clock> = sim.clock.clone();
        let options = bailiwick::sim::server::ServeOptions { port, ..Default::default() };
        bailiwick::sim::server::SimServer::start(std::sync::Arc::new(crate::world::world()), clock, options)
    };
    let taken = start().unwrap_err().to_string();
    assert!(taken.contains(&format!("127.0.0.1:{port}")) && taken.contains("choose another port"), "{taken}");
    let url = sim.server.url();
    drop(sim.server);
    assert!(TcpStream::connect(url.trim_start_matches("http://")).is_err());
}
