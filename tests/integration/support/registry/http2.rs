//! A connection of HTTP/2: the right answers, or none.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use tokio::io::{AsyncRead, AsyncWrite};

use super::connection::right_answer;
use super::{Fault, Request, State};

/// Serves `stream` until either side ends it.
pub async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    state: &Arc<State>,
    stream: S,
) -> Result<(), h2::Error> {
    let mut connection = h2::server::handshake(stream).await?;
    while let Some(accepted) = connection.accept().await {
        let (request, respond) = accepted?;
        let state = Arc::clone(state);
        tokio::spawn(async move {
            // the other side may hang up whenever it likes
            let _ = answer(&state, request, respond).await;
        });
    }
    Ok(())
}

async fn answer(
    state: &State,
    request: http::Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
) -> Result<(), h2::Error> {
    let (head, mut coming) = request.into_parts();
    let mut body = Vec::new();
    while let Some(piece) = coming.data().await {
        let piece = piece?;
        coming.flow_control().release_capacity(piece.len())?;
        body.extend_from_slice(&piece);
    }
    let headers = head.headers.iter().map(|(name, value)| {
        let value = value.to_str().unwrap();
        (name.to_string(), value.to_owned())
    });
    let mut request = Request {
        method: head.method.to_string(),
        path: head.uri.path_and_query().unwrap().to_string(),
        headers: headers.collect(),
        body,
        status: 0,
    };
    state.streams.fetch_add(1, Ordering::SeqCst);
    let fault = state.rules.lock().unwrap().take(&request.line());
    if let Some(fault) = fault {
        assert!(
            matches!(fault, Fault::Close),
            "over HTTP/1.1 only: {fault:?}"
        );
        respond.send_reset(Reason::INTERNAL_ERROR);
        state.requests.lock().unwrap().push(request);
        return Ok(());
    }
    let answer = right_answer(state, &request, false);
    request.status = answer.status;
    let mut response = http::Response::builder()
        .status(answer.status)
        .header("content-length", answer.body.len());
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    let empty = request.method == "HEAD" || answer.body.is_empty();
    state.requests.lock().unwrap().push(request);
    let mut stream = respond.send_response(response.body(()).unwrap(), empty)?;
    if !empty {
        stream.send_data(answer.body.into(), true)?;
    }
    Ok(())
}
