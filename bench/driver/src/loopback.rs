//! The limit of the loopback: a server that reads a request and answers, and does nothing else.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::thread;

use anyhow::{Result, ensure};
use bench_driver::connection::Connection;
use bench_driver::load::{self, Load};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

/// About the sizes of a checkpoint of one step, request and answer.
const REQUEST_BYTES: usize = 400;
const RESPONSE_BYTES: usize = 300;

/// Starts the server on a thread of its own, as the real one has its own; it lives as long as this program.
pub fn serve() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    thread::spawn(move || {
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener)
                .expect("the listener is bound, and the runtime has I/O");
            loop {
                // A client that is gone again needs no answer.
                if let Ok((stream, _)) = listener.accept().await
                    && stream.set_nodelay(true).is_ok()
                {
                    let connection = http1::Builder::new();
                    tokio::spawn(
                        connection.serve_connection(TokioIo::new(stream), service_fn(answer)),
                    );
                }
            }
        });
    });
    Ok(address)
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    request.into_body().collect().await?;
    Ok(Response::new(Full::new(Bytes::from_static(
        &[b'x'; RESPONSE_BYTES],
    ))))
}

/// Sends `count` requests over `concurrency` connections.
pub async fn requests(address: SocketAddr, concurrency: usize, count: usize) -> Result<Load> {
    let mut workers = Vec::new();
    for _ in 0..concurrency {
        workers.push(Connection::open(address).await?);
    }
    load::run(workers, count, async |connection, _| {
        let body = Bytes::from_static(&[b'x'; REQUEST_BYTES]);
        let answer = connection.post("/", &[], body).await?;
        ensure!(
            answer.body.len() == RESPONSE_BYTES,
            "the loopback answered {answer:?}"
        );
        Ok(())
    })
    .await
}
