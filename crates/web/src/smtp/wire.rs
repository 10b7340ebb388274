//! What comes by the wire: command lines and mails, told apart by exactly the line breaks that the
//! protocol has.
//!
//! Servers that take other breaks for the end of a mail let whoever writes a mail smuggle another
//! one behind it. Here only CR LF `.` CR LF ends it (RFC 5321 §4.1.1.4); everything else is text.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::time::timeout;

use crate::memory::Room;

/// Longest command line, in bytes: far above the 512 of RFC 5321 §4.5.3.1.4 and what extensions add.
const LINE_MAX: usize = 4_096;
/// A peer that does not take our answers within this time is let go.
const WRITE_PATIENCE: Duration = Duration::from_secs(60);

/// A command as it came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// With its CR LF, which the parser wants to see.
    Whole(Vec<u8>),
    TooLong,
    /// Ended by LF alone.
    BareLf,
    /// The peer has closed the connection.
    Closed,
}

/// A mail as it came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Mail {
    Whole(Vec<u8>),
    TooLarge,
    /// Too many mails come in at once.
    NoRoom,
    Closed,
}

/// A stream and the answers that were not sent yet.
pub(super) struct Wire<S> {
    stream: BufReader<S>,
    answers: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(super) fn new(stream: S) -> Self {
        Wire {
            stream: BufReader::new(stream),
            answers: Vec::new(),
        }
    }

    /// The stream itself; what has been read ahead of its use is lost.
    pub(super) fn into_inner(self) -> S {
        self.stream.into_inner()
    }

    /// Whether the peer has sent more than was asked for.
    pub(super) fn has_more(&self) -> bool {
        !self.stream.buffer().is_empty()
    }

    /// Answers, once nothing that was sent before it waits to be read.
    pub(super) fn answer(&mut self, answer: &str) {
        self.answers.extend_from_slice(answer.as_bytes());
        self.answers.extend_from_slice(b"\r\n");
    }

    /// Sends the answers.
    ///
    /// # Errors
    /// Those of the stream; a peer that takes none.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        if self.answers.is_empty() {
            return Ok(());
        }
        let sending = async {
            self.stream.write_all(&self.answers).await?;
            self.stream.flush().await
        };
        let sent = timeout(WRITE_PATIENCE, sending).await;
        self.answers.clear();
        sent.unwrap_or_else(|late| Err(late.into()))
    }

    /// The next command. Answers are sent before waiting, so that a peer may send commands together
    /// (RFC 2920).
    ///
    /// # Errors
    /// Those of the stream.
    pub(super) async fn line(&mut self) -> io::Result<Line> {
        let mut line = Vec::new();
        let mut too_long = false;
        loop {
            if !self.stream.buffer().contains(&b'\n') {
                self.flush().await?;
            }
            let chunk = self.stream.fill_buf().await?;
            if chunk.is_empty() {
                return Ok(Line::Closed);
            }
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(chunk.len(), |at| at + 1);
            if line.len() + taken > LINE_MAX {
                too_long = true;
                line.clear();
            }
            if !too_long {
                line.extend_from_slice(&chunk[..taken]);
            }
            self.stream.consume(taken);
            if end.is_some() {
                return Ok(match line {
                    _ if too_long => Line::TooLong,
                    line if line.ends_with(b"\r\n") => Line::Whole(line),
                    _ => Line::BareLf,
                });
            }
        }
    }

    /// The mail, of at most `limit` bytes; a larger one is read to its end and thrown away. Each
    /// piece must come within `patience`.
    ///
    /// # Errors
    /// Those of the stream, and when the peer is too slow.
    pub(super) async fn mail(
        &mut self,
        limit: usize,
        room: &mut Room,
        patience: Duration,
    ) -> io::Result<Mail> {
        self.flush().await?;
        let mut mail = Unstuffing::new(limit);
        loop {
            let chunk = timeout(patience, self.stream.fill_buf()).await??;
            if chunk.is_empty() {
                return Ok(Mail::Closed);
            }
            let (taken, over) = mail.take(chunk);
            self.stream.consume(taken);
            if !room.grow(mail.kept.len()) {
                mail.starve();
            }
            if over {
                return Ok(mail.finish());
            }
        }
    }
}

/// Takes the dots away that the sender has put in front of lines which begin with one.
struct Unstuffing {
    at: At,
    kept: Vec<u8>,
    limit: usize,
    /// What is told instead of the mail.
    lost: Option<Mail>,
}

/// What the last bytes were.
#[derive(Clone, Copy)]
enum At {
    /// CR LF, or the beginning.
    Line,
    /// A dot at the beginning of a line.
    Dot,
    /// CR behind it.
    DotCr,
    Cr,
    Text,
}

impl Unstuffing {
    const fn new(limit: usize) -> Self {
        Unstuffing {
            at: At::Line,
            kept: Vec::new(),
            limit,
            lost: None,
        }
    }

    /// How many bytes of a chunk belong to the mail, and whether it ends there.
    fn take(&mut self, chunk: &[u8]) -> (usize, bool) {
        for (position, byte) in chunk.iter().enumerate() {
            self.at = match (self.at, byte) {
                (At::Line, b'.') => {
                    self.at = At::Dot;
                    continue;
                }
                (At::Dot, b'\r') => {
                    self.at = At::DotCr;
                    continue;
                }
                (At::DotCr, b'\n') => return (position + 1, true),
                (At::DotCr, _) => {
                    self.keep(b'\r');
                    if *byte == b'\r' { At::Cr } else { At::Text }
                }
                (At::Cr, b'\n') => At::Line,
                (_, b'\r') => At::Cr,
                _ => At::Text,
            };
            self.keep(*byte);
        }
        (chunk.len(), false)
    }

    fn keep(&mut self, byte: u8) {
        if self.kept.len() < self.limit {
            self.kept.push(byte);
        } else {
            self.lose(Mail::TooLarge);
        }
    }

    fn starve(&mut self) {
        self.lose(Mail::NoRoom);
    }

    fn lose(&mut self, why: Mail) {
        self.lost.get_or_insert(why);
        self.kept = Vec::new();
        self.limit = 0;
    }

    fn finish(self) -> Mail {
        self.lost.unwrap_or(Mail::Whole(self.kept))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What is read of bytes that come in chunks of one size, and how many are left over.
    fn read(bytes: &[u8], chunk: usize, limit: usize) -> Option<(Mail, usize)> {
        let mut mail = Unstuffing::new(limit);
        let mut left = bytes;
        while !left.is_empty() {
            let (taken, over) = mail.take(&left[..left.len().min(chunk)]);
            left = &left[taken..];
            if over {
                return Some((mail.finish(), left.len()));
            }
        }
        None
    }

    fn whole(text: &str) -> Option<(Mail, usize)> {
        Some((Mail::Whole(text.into()), 0))
    }

    #[test]
    fn only_a_dot_between_crlf_ends_a_mail() {
        assert_eq!(read(b"a\r\n.\r\n", 1, 100), whole("a\r\n"));
        assert_eq!(read(b".\r\n", 9, 100), whole(""));
        assert_eq!(
            read(b"..a\r\n..\r\n.b\r\n.\r\n", 3, 100),
            whole(".a\r\n.\r\nb\r\n")
        );
        assert_eq!(
            read(b"a\r\n.\r\nMAIL", 100, 100),
            Some((Mail::Whole(b"a\r\n".to_vec()), 4))
        );
        for not_the_end in [
            "a\n.\n",
            "a\n.\r\n",
            "a\r\n.\n",
            "a\r.\r",
            "a\r\n.\r",
            "a\r.\r\n",
            "a\r\n.\r\r\n",
            "a\r\n.x\r\n",
            "a.\r\n",
            "a\r\n..\r\n",
            "\n.\r\n",
            "a\r\n\0.\r\n",
        ] {
            for chunk in [1, 2, 100] {
                assert_eq!(
                    read(not_the_end.as_bytes(), chunk, 100),
                    None,
                    "{not_the_end:?}"
                );
            }
        }
        // They are text of the mail that goes on.
        assert_eq!(
            read(b"a\n.\nMAIL FROM:<x>\r\n.\r\r\n\r\n.\r\n", 4, 100),
            whole("a\n.\nMAIL FROM:<x>\r\n\r\r\n\r\n")
        );
    }

    #[test]
    fn too_much_is_read_to_its_end_and_not_kept() {
        assert_eq!(read(b"12345\r\n.\r\n", 2, 7), whole("12345\r\n"));
        assert_eq!(read(b"123456\r\n.\r\nQ", 2, 7), Some((Mail::TooLarge, 1)));
    }

    proptest! {
        #[test]
        fn what_is_sent_by_the_rules_is_read_as_it_was(
            lines in proptest::collection::vec("[.a\r]{0,4}|\\.{0,3}|[ab\\n.]{0,6}", 0..12),
            chunk in 1..9_usize,
        ) {
            let text: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
            // What RFC 5321 §4.5.2 asks of senders.
            let mut sent = String::new();
            for (number, piece) in text.split("\r\n").enumerate() {
                if number > 0 {
                    sent.push_str("\r\n");
                }
                if piece.starts_with('.') {
                    sent.push('.');
                }
                sent.push_str(piece);
            }
            sent.push_str(".\r\n");
            prop_assert_eq!(read(sent.as_bytes(), chunk, 1_000), whole(&text));
        }
    }
}
