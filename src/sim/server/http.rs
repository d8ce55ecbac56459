//! Connections: HTTP/1.1 with keep-alive, bodies of at most one megabyte.

use super::{
    answer::Answer,
    cloud::{Cloud, Connected},
    fault::Fault,
    faults::{Cut, Dealt},
    fuse::{Fuse, Fused},
};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{
    Request, Response, StatusCode,
    body::{Body, Bytes, Incoming},
    header,
    header::HeaderValue,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{net::TcpListener, sync::Arc, time::Duration};
use tokio::sync::oneshot;

/// The largest request body that is read, in bytes.
const BODY_LIMIT: usize = 1024 * 1024;
/// How long a connection may take to send the head of its next request. Longer than the idle time after which clients
/// drop a pooled connection (90 s), so that none is closed while it is being used again.
const HEAD_TIMEOUT: Duration = Duration::from_secs(120);

/// Accepts connections until told to stop, or until the handle is gone.
pub(super) async fn serve(listener: TcpListener, cloud: Arc<Cloud>, stopped: oneshot::Receiver<()>) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(%error, "the simulator lost its port");
            return;
        }
    };
    tokio::select! {
        _ = stopped => (),
        () = accept(listener, cloud) => (),
    }
}

async fn accept(listener: tokio::net::TcpListener, cloud: Arc<Cloud>) {
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of file descriptors, usually: let some connections end.
                tracing::warn!(%error, "the simulator could not accept a connection");
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let cloud = Arc::clone(&cloud);
        tokio::spawn(async move {
            let _open = Connected::to(&cloud);
            let fuse = Fuse::default();
            let stream = Fused::new(stream, fuse.clone());
            let service = service_fn(|request| respond(&cloud, &fuse, request));
            let connection = http1::Builder::new()
                .half_close(true)
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                .serve_connection(TokioIo::new(stream), service);
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a simulator connection ended early");
            }
        });
    }
}

/// The connection is closed without an answer, as a network that is down would.
#[derive(Debug, thiserror::Error)]
#[error("the simulated network is down")]
struct Offline;

async fn respond(cloud: &Cloud, fuse: &Fuse, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Offline> {
    let (head, body) = request.into_parts();
    let Dealt { answer, wait, cut } = if body.size_hint().lower() > BODY_LIMIT as u64 {
        too_large().into()
    } else {
        match Limited::new(body, BODY_LIMIT).collect().await {
            Ok(body) => {
                let body = body.to_bytes();
                if cloud.is_offline(&head.headers, &body) {
                    return Err(Offline);
                }
                cloud.deal(&head.method, &head.headers, &body)
            }
            Err(error) if error.is::<LengthLimitError>() => too_large().into(),
            Err(_) => Answer::query_fault(&Fault::new(400, "IncompleteBody", "The request body ended early.")).into(),
        }
    };
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    let response = response(answer, &cloud.request_id());
    let length = usize::try_from(response.body().size_hint().lower()).unwrap_or(usize::MAX);
    match cut {
        None => (),
        Some(Cut::Anywhere(bits)) => fuse.burn(chosen(bits, length.saturating_add(LEAST_HEAD))),
        Some(Cut::InBody(bits)) => fuse.burn_in_body(chosen(bits, length)),
    }
    Ok(response)
}

/// No head of an answer is shorter, in bytes.
const LEAST_HEAD: usize = 120;

/// One of the numbers below `below`.
fn chosen(bits: u64, below: usize) -> usize {
    usize::try_from(bits % (below.max(1) as u64)).unwrap_or(0)
}

fn too_large() -> Answer {
    let message = format!("Request body is larger than {BODY_LIMIT} bytes.");
    Answer::query_fault(&Fault::new(413, "RequestEntityTooLarge", message))
}

fn response(answer: Answer, request_id: &str) -> Response<Full<Bytes>> {
    let (status, content_type, error_type) = (answer.status, answer.format.content_type(), answer.error_type());
    let mut response = Response::new(Full::new(Bytes::from(answer.into_body(request_id))));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    if let Some(code) = error_type {
        headers.insert("x-amzn-errortype", HeaderValue::from_static(code));
    }
    response
}
