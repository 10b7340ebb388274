//! A mail server that takes everything at once and remembers when.

use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Instant;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A mail: when its last byte came, and the whole of it.
pub type Mail = (Instant, String);

/// Starts in a thread of its own; returns its port and what it receives.
pub fn start() -> (u16, Receiver<Mail>) {
    let (mails, received) = mpsc::channel();
    let (ready, port) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async move {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            ready.send(listener.local_addr().unwrap().port()).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let mails = mails.clone();
                // A client that hangs up is no trouble.
                tokio::spawn(async move { drop(talk(stream, mails).await) });
            }
        });
    });
    (port.recv().unwrap(), received)
}

async fn talk(stream: TcpStream, mails: Sender<Mail>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 localhost ready\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let verb = line
            .split([' ', ':'])
            .next()
            .unwrap_or_default()
            .to_ascii_uppercase();
        let reply: &[u8] = match verb.as_str() {
            "EHLO" => b"250-localhost\r\n250 8BITMIME\r\n",
            "DATA" => {
                write.write_all(b"354 go on\r\n").await?;
                let mut mail = String::new();
                while let Some(line) = lines.next_line().await? {
                    if line == "." {
                        break;
                    }
                    mail.push_str(&line);
                    mail.push('\n');
                }
                // Nobody listens any more once the measurement is over.
                drop(mails.send((Instant::now(), mail)));
                b"250 taken\r\n"
            }
            "QUIT" => {
                return write.write_all(b"221 bye\r\n").await;
            }
            _ => b"250 fine\r\n",
        };
        write.write_all(reply).await?;
    }
    Ok(())
}
