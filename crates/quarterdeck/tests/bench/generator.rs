//! The load generator: many keep-alive connections, each with one request on its way, written and
//! read by hand so that it takes as little as possible from the server beside it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Connections.
pub const CONNECTIONS: usize = 128;
/// Threads that share them.
const THREADS: usize = 2;
/// Nobody answers this slowly and lives.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is sent, one request after the other, over and over.
pub struct Requests {
    pub port: u16,
    /// Whole requests, head and body.
    pub all: Vec<Vec<u8>>,
    /// The status of success.
    pub status: u16,
}

impl Requests {
    /// Requests that post JSON.
    pub fn posting(
        port: u16,
        path: &str,
        status: u16,
        bodies: impl Iterator<Item = String>,
    ) -> Self {
        let request = |body: String| {
            let length = body.len();
            format!(
                "POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\
                 Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
            )
        };
        Self {
            port,
            all: bodies.map(|body| request(body).into_bytes()).collect(),
            status,
        }
    }
}

/// How it went.
#[derive(Default)]
pub struct Outcome {
    /// Of successes.
    pub latencies: Vec<Duration>,
    pub failures: usize,
    pub elapsed: Duration,
}

impl Outcome {
    /// Adds another round.
    pub fn add(&mut self, other: Outcome) {
        self.latencies.extend(other.latencies);
        self.failures += other.failures;
        self.elapsed += other.elapsed;
    }

    /// Successes a second.
    pub fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency that this share of the successes did not exceed.
    pub fn percentile(&mut self, share: f64) -> Duration {
        percentile(&mut self.latencies, share)
    }
}

/// The value that this share of all does not exceed.
pub fn percentile(all: &mut [Duration], share: f64) -> Duration {
    all.sort_unstable();
    let place = (all.len() as f64 * share).ceil() as usize;
    all.get(place.saturating_sub(1))
        .copied()
        .unwrap_or_default()
}

/// Sends requests, as many as are answered, until so many were sent or the time is over.
pub fn run(requests: &Arc<Requests>, count: usize, limit: Duration) -> Outcome {
    send(requests, count, limit, Duration::ZERO)
}

/// Sends a request each `pace` for some time. What comes late is late from the moment on at which
/// it should have been sent.
pub fn steady(requests: &Arc<Requests>, pace: Duration, time: Duration) -> Outcome {
    send(requests, usize::MAX, time, pace)
}

/// When requests are sent, and until when.
#[derive(Clone, Copy)]
struct Plan {
    count: usize,
    began: Instant,
    until: Instant,
    /// Zero: as soon as the one before it is answered.
    pace: Duration,
}

fn send(requests: &Arc<Requests>, count: usize, limit: Duration, pace: Duration) -> Outcome {
    let next = Arc::new(AtomicUsize::new(0));
    let began = Instant::now();
    let plan = Plan {
        count,
        began,
        until: began + limit,
        pace,
    };
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let (requests, next) = (Arc::clone(requests), Arc::clone(&next));
            std::thread::spawn(move || thread(&requests, &next, plan))
        })
        .collect();
    let mut outcome = Outcome::default();
    for thread in threads {
        outcome.add(thread.join().unwrap());
    }
    outcome.elapsed = began.elapsed();
    outcome
}

fn thread(requests: &Arc<Requests>, next: &Arc<AtomicUsize>, plan: Plan) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let connections: Vec<_> = (0..CONNECTIONS / THREADS)
            .map(|_| {
                let (requests, next) = (Arc::clone(requests), Arc::clone(next));
                tokio::spawn(async move {
                    let work = connection(&requests, &next, plan);
                    let limit = PATIENCE + plan.until.saturating_duration_since(Instant::now());
                    tokio::time::timeout(limit, work)
                        .await
                        .expect("the server answers")
                })
            })
            .collect();
        let mut outcome = Outcome::default();
        for connection in connections {
            outcome.add(connection.await.unwrap());
        }
        outcome
    })
}

async fn connection(requests: &Requests, next: &AtomicUsize, plan: Plan) -> Outcome {
    let mut outcome = Outcome::default();
    let mut stream = TcpStream::connect(("127.0.0.1", requests.port))
        .await
        .unwrap();
    stream.set_nodelay(true).unwrap();
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let mut sent = Instant::now();
        if !plan.pace.is_zero() {
            let due = u32::try_from(number).expect("fewer than 2^32 requests");
            let due = plan.began + plan.pace * due;
            if due < plan.until {
                tokio::time::sleep_until(due.into()).await;
            }
            sent = due;
        }
        if number >= plan.count || sent >= plan.until {
            return outcome;
        }
        let request = &requests.all[number % requests.all.len()];
        stream.write_all(request).await.unwrap();
        let status = reply(&mut stream, &mut buffer).await;
        if status == requests.status {
            outcome.latencies.push(sent.elapsed());
        } else {
            outcome.failures += 1;
        }
    }
}

/// Reads one reply and returns its status.
async fn reply(stream: &mut TcpStream, buffer: &mut [u8]) -> u16 {
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..]).await.unwrap();
        assert!(read > 0, "the server hung up");
        filled += read;
        let Some(end) = buffer[..filled]
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
        else {
            continue;
        };
        let head = std::str::from_utf8(&buffer[..end]).unwrap();
        let length = head.split("\r\n").find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse::<usize>().unwrap())
        });
        if filled >= end + 4 + length.expect("a Content-Length") {
            return head[9..12].parse().unwrap();
        }
    }
}
