//! A connection that can be told to end after so many more bytes.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What is left of a connection; nothing is said of most.
#[derive(Debug, Default, Clone)]
pub(super) struct Fuse(Arc<Mutex<Option<Left>>>);

#[derive(Debug, Clone, Copy)]
enum Left {
    /// So many bytes.
    Bytes(usize),
    /// The rest of a head, of whose end so many characters have passed, and so many bytes of the body.
    Body { passed: usize, bytes: usize },
}

const HEAD_END: &[u8; 4] = b"\r\n\r\n";

impl Fuse {
    /// The connection ends after so many bytes.
    pub fn burn(&self, bytes: usize) {
        *self.left() = Some(Left::Bytes(bytes));
    }

    /// It ends after the next head and so many bytes of what follows.
    pub fn burn_in_body(&self, bytes: usize) {
        *self.left() = Some(Left::Body { passed: 0, bytes });
    }

    fn left(&self) -> MutexGuard<'_, Option<Left>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Left {
    /// What is left once `bytes` are sent, and how many of them still may be.
    fn after(self, bytes: &[u8]) -> (Self, usize) {
        match self {
            Self::Bytes(left) => {
                let sent = left.min(bytes.len());
                (Self::Bytes(left - sent), sent)
            }
            Self::Body { mut passed, bytes: left } => {
                for (at, byte) in bytes.iter().enumerate() {
                    passed = if HEAD_END.get(passed) == Some(byte) { passed + 1 } else { usize::from(*byte == b'\r') };
                    if passed == HEAD_END.len() {
                        let head = at + 1;
                        let sent = left.min(bytes.len() - head);
                        return (Self::Bytes(left - sent), head + sent);
                    }
                }
                (Self::Body { passed, bytes: left }, bytes.len())
            }
        }
    }
}

/// A stream with a fuse.
#[derive(Debug)]
pub(super) struct Fused<S> {
    inner: S,
    fuse: Fuse,
}

impl<S> Fused<S> {
    /// A stream that ends when its fuse says so.
    pub fn new(inner: S, fuse: Fuse) -> Self {
        Self { inner, fuse }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Fused<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Fused<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let Some(left) = *self.fuse.left() else { return Pin::new(&mut self.inner).poll_write(cx, buf) };
        let allowed = left.after(buf).1;
        let some = buf.get(..allowed).unwrap_or_default();
        if some.is_empty() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let sent = ready!(Pin::new(&mut self.inner).poll_write(cx, some))?;
        *self.fuse.left() = Some(left.after(some.get(..sent).unwrap_or_default()).0);
        Poll::Ready(Ok(sent))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.fuse.left().is_none() {
            return Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        }
        let first = bufs.iter().find(|buf| !buf.is_empty()).map_or(&[][..], |buf| buf);
        self.poll_write(cx, first)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// However the bytes are handed over, exactly as many get through as were meant to.
        #[test]
        fn a_fuse_lets_so_many_bytes_through(left in 0usize..60, cuts in prop::collection::vec(1usize..20, 1..12)) {
            let answer = b"HTTP/1.1 200 OK\r\nx: \r\r\n\r\n0123456789abcdef";
            let head = answer.len() - 16;
            for (fuse, meant) in
                [(Left::Bytes(left), left), (Left::Body { passed: 0, bytes: left }, head + left)]
            {
                let (mut fuse, mut through, mut at) = (fuse, 0, 0);
                for cut in cuts.iter().cycle() {
                    let piece = &answer[at..(at + cut).min(answer.len())];
                    let (after, sent) = fuse.after(piece);
                    (fuse, through, at) = (after, through + sent, at + piece.len());
                    if sent < piece.len() || at == answer.len() {
                        break;
                    }
                }
                prop_assert_eq!(through, meant.min(answer.len()));
            }
        }
    }
}
