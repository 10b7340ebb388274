//! `cargo run -p sim --release -- --seeds 100..200`: tells stories and watches the invariants.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use clap::Parser;
use sim::shrink::{shrink, written};
use sim::{Breach, Kind, Story, Telling, Told, Violation, check};

/// Tells stories of incidents in a simulated world, with the real product in it, and checks that
/// paging keeps its promises.
#[derive(Debug, Parser)]
struct Arguments {
    /// Which stories: `100..200`, or one.
    #[arg(long, default_value = "0..8", value_parser = seeds)]
    seeds: std::ops::Range<u64>,
    /// Conditions that break in each story, about as many as there will be incidents.
    #[arg(long, default_value_t = 500)]
    incidents: usize,
    /// Tell no more stories once there were so many incidents.
    #[arg(long)]
    until: Option<usize>,
    /// Write a line about what was told so far, every so many stories.
    #[arg(long)]
    progress: Option<u64>,
    /// Tell on when a story breaks a promise, and name all that did in the end.
    #[arg(long)]
    keep_going: bool,
    /// Two nodes share one PostgreSQL.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=2))]
    nodes: u8,
    /// Print everything that happens.
    #[arg(long)]
    story: bool,
    /// Only these events of the story, as a failure prints them.
    #[arg(long, value_delimiter = ',')]
    only: Option<Vec<usize>>,
    /// Break a rule on purpose, to see that it is noticed.
    #[arg(long = "break", value_enum, hide_short_help = true)]
    breach: Option<Breach>,
    /// Worlds at the same time; by default one for each core.
    #[arg(long)]
    jobs: Option<usize>,
}

fn seeds(text: &str) -> Result<std::ops::Range<u64>, String> {
    let number = |text: &str| {
        text.parse::<u64>()
            .map_err(|_| format!("`{text}` is no number"))
    };
    match text.split_once("..") {
        Some((from, to)) => Ok(number(from)?..number(to)?),
        None => number(text).map(|one| one..one + 1),
    }
}

fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    // Whoever has closed the pipe does not want to read on.
    drop(writeln!(out, "{text}"));
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            line(&format!("no world can be made: {error}"));
            ExitCode::from(2)
        }
    }
}

/// What many stories came to.
#[derive(Default)]
struct Sum {
    stories: u64,
    incidents: usize,
    executions: u64,
    messages: u64,
    commits: u64,
    crashes: u64,
}

impl Sum {
    fn add(&mut self, told: &Told) {
        self.stories += 1;
        self.incidents += told.incidents;
        self.executions += told.executions;
        self.messages += told.messages;
        self.commits += told.commits;
        self.crashes += told.crashes;
    }

    fn sentence(&self, begun: Instant) -> String {
        let seconds = begun.elapsed().as_secs_f64();
        format!(
            "{} stories: {} incidents, {} executions of steps, {} messages, {} commits, {} \
             crashes in {seconds:.1} s ({:.0} incidents a second)",
            self.stories,
            self.incidents,
            self.executions,
            self.messages,
            self.commits,
            self.crashes,
            f64::from(u32::try_from(self.incidents).unwrap_or(u32::MAX)) / seconds
        )
    }
}

/// Whether every story held.
fn run(arguments: &Arguments) -> std::io::Result<bool> {
    let begun = Instant::now();
    let jobs = arguments.jobs.unwrap_or_else(|| {
        std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get)
    });
    let next = AtomicU64::new(arguments.seeds.start);
    let stop = AtomicBool::new(false);
    let sum = Mutex::new(Sum::default());
    let failed: Mutex<Vec<(Story, Violation)>> = Mutex::default();
    let worked: std::io::Result<()> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs)
            .map(|_| scope.spawn(|| work(arguments, begun, &next, &stop, &sum, &failed)))
            .collect();
        workers.into_iter().try_for_each(|worker| {
            worker
                .join()
                .unwrap_or_else(|_| Err(std::io::Error::other("a story panicked")))
        })
    });
    worked?;
    let sum = sum
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    line(&sum.sentence(begun));
    let mut failed = failed
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    // The lowest seed, so that it does not matter which core was faster.
    failed.sort_by_key(|(story, _)| story.seed);
    let Some((story, violation)) = failed.first() else {
        line("Every invariant held.");
        return Ok(true);
    };
    if arguments.keep_going {
        let seeds: Vec<String> = failed.iter().map(|(one, _)| one.seed.to_string()).collect();
        line(&format!("Stories that did not hold: {}", seeds.join(", ")));
    }
    report(arguments, story, violation).map(|()| false)
}

fn work(
    arguments: &Arguments,
    begun: Instant,
    next: &AtomicU64,
    stop: &AtomicBool,
    sum: &Mutex<Sum>,
    failed: &Mutex<Vec<(Story, Violation)>>,
) -> std::io::Result<()> {
    let telling = telling(arguments);
    while !stop.load(Ordering::SeqCst) {
        let seed = next.fetch_add(1, Ordering::SeqCst);
        if seed >= arguments.seeds.end {
            return Ok(());
        }
        let mut story = draw(arguments, seed);
        if let Some(only) = &arguments.only {
            story = story.only(only);
        }
        let told = check(&story, telling)?;
        for text in &told.trace {
            line(text);
        }
        let mut whole = sum
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        whole.add(&told);
        if arguments
            .progress
            .is_some_and(|every| whole.stories.is_multiple_of(every.max(1)))
        {
            line(&whole.sentence(begun));
        }
        if arguments
            .until
            .is_some_and(|until| whole.incidents >= until)
        {
            stop.store(true, Ordering::SeqCst);
        }
        drop(whole);
        if let Some(violation) = told.violation {
            match arguments.keep_going {
                true => line(&naming(&story, &violation)),
                false => stop.store(true, Ordering::SeqCst),
            }
            failed
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .push((story, violation));
        }
    }
    Ok(())
}

fn telling(arguments: &Arguments) -> Telling {
    Telling {
        breach: arguments.breach,
        trace: arguments.story,
        dies_at: None,
    }
}

fn draw(arguments: &Arguments, seed: u64) -> Story {
    Story::draw(
        seed,
        Kind::of(seed),
        arguments.incidents,
        usize::from(arguments.nodes),
    )
}

fn naming(story: &Story, violation: &Violation) -> String {
    format!("Seed {} ({}): {violation}", story.seed, story.kind)
}

/// Says what failed, as briefly as it can be told, and how to tell it again.
fn report(arguments: &Arguments, story: &Story, violation: &Violation) -> std::io::Result<()> {
    let seed = story.seed;
    line(&format!("\n{}", naming(story, violation)));
    let quiet = Telling {
        trace: false,
        ..telling(arguments)
    };
    let short = if arguments.only.is_some() {
        story.clone()
    } else {
        line("\nLooking for a shorter story that breaks the same…");
        shrink(story, quiet, violation.invariant)?
    };
    let events = short.events.len();
    line(&format!(
        "\n{events} of {} events are enough:",
        story.events.len()
    ));
    for text in written(&short) {
        line(&format!("  {text}"));
    }
    if let Some(violation) = check(&short, quiet)?.violation {
        line(&format!("\n{violation}"));
    }
    let ids: Vec<String> = short
        .events
        .iter()
        .map(|event| event.id.to_string())
        .collect();
    let mut command = format!(
        "cargo run -p sim --release -- --seeds {seed} --incidents {} --nodes {} --only {} --story",
        arguments.incidents,
        arguments.nodes,
        ids.join(",")
    );
    if let Some(breach) = arguments.breach
        && let Some(value) = clap::ValueEnum::to_possible_value(&breach)
    {
        command.push_str(&format!(" --break {}", value.get_name()));
    }
    line(&format!("\nTell it again: {command}"));
    Ok(())
}
