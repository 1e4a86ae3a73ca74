//! The server as a process of its own: how it starts and ends, and what it has used so far.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use anyhow::{Context, ensure};
use rustix::process::{Pid, Signal, kill_process};

const READY: &str = "listening on http://";
const RELOADED: &str = "the rules were reloaded";
/// Each transaction of the writer is one observation of this histogram.
const COMMITS: &str = "countersign_write_batch_size_count ";
/// How long a reload may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// It ends with this value.
pub struct Process {
    pub address: String,
    child: Child,
    reloads: Receiver<()>,
    ticks_per_second: f64,
}

/// What it had used at one moment.
pub struct Used {
    cpu_seconds: f64,
    commits: f64,
}

/// What it used between two moments.
pub struct Spent {
    pub cpu_ms: f64,
    pub commits: f64,
}

impl Process {
    /// Starts it, and waits until it listens.
    pub fn start(config: &Path) -> anyhow::Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        let own = std::env::vars_os().map(|(name, _)| name);
        for name in own.filter(|name| name.to_string_lossy().starts_with("COUNTERSIGN__")) {
            command.env_remove(name);
        }
        command.arg("serve").arg("--config").arg(config);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().context("no stdout")?;
        let stderr = child.stderr.take().context("no stderr")?;
        let (reloaded, reloads) = channel();
        std::thread::spawn(move || follow(stderr, &reloaded));
        let mut process = Self { address: String::new(), child, reloads, ticks_per_second: ticks()? };
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        process.address = line.strip_prefix(READY).context("the server did not start")?.trim_end().to_owned();
        Ok(process)
    }

    /// Has it read the files of its rules again.
    pub fn reload(&self) -> anyhow::Result<()> {
        self.signal(Signal::HUP)?;
        self.reloads.recv_timeout(PATIENCE).context("the server did not read its rules again")
    }

    pub fn used(&self) -> anyhow::Result<Used> {
        Ok(Used { cpu_seconds: self.cpu_seconds()?, commits: self.commits()? })
    }

    pub fn spent_since(&self, before: &Used) -> anyhow::Result<Spent> {
        let now = self.used()?;
        Ok(Spent {
            cpu_ms: (now.cpu_seconds - before.cpu_seconds) * 1e3,
            commits: now.commits - before.commits,
        })
    }

    /// All its threads, in user mode and in the kernel.
    fn cpu_seconds(&self) -> anyhow::Result<f64> {
        let stat = self.proc("stat")?;
        // The name of the program may hold anything, but it ends with the last parenthesis.
        let (_, fields) = stat.rsplit_once(')').context("stat has no name")?;
        let ticks: Vec<f64> = fields.split_whitespace().skip(11).take(2).filter_map(number).collect();
        ensure!(ticks.len() == 2, "stat has no times: {stat}");
        Ok(ticks.iter().sum::<f64>() / self.ticks_per_second)
    }

    /// Its memory in MiB, with its part of what it shares.
    pub fn memory_mib(&self) -> anyhow::Result<f64> {
        let rollup = self.proc("smaps_rollup")?;
        let kib = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
        let kib = kib.and_then(|rest| rest.split_whitespace().next()).and_then(number);
        Ok(kib.context("smaps_rollup has no Pss")? / 1024.0)
    }

    fn proc(&self, name: &str) -> anyhow::Result<String> {
        Ok(std::fs::read_to_string(format!("/proc/{}/{name}", self.child.id()))?)
    }

    fn commits(&self) -> anyhow::Result<f64> {
        let mut stream = TcpStream::connect(&self.address)?;
        write!(stream, "GET /metrics HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", self.address)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let count = answer.lines().find_map(|line| line.strip_prefix(COMMITS)).and_then(number);
        count.with_context(|| format!("no {COMMITS}in {answer}"))
    }

    fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        Ok(kill_process(Pid::from_child(&self.child), signal)?)
    }

    /// Lets it end in order.
    pub fn stop(mut self) -> anyhow::Result<()> {
        self.signal(Signal::TERM)?;
        let status = self.child.wait()?;
        ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended already unless the bench failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads the log to its end, and passes on what is wrong.
fn follow(stderr: ChildStderr, reloaded: &Sender<()>) {
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        if line.contains(RELOADED) {
            // Nobody waits for it any more once the bench has failed.
            let _ = reloaded.send(());
        } else if !line.contains(" INFO ") {
            eprintln!("server: {line}");
        }
    }
}

fn ticks() -> anyhow::Result<f64> {
    let output = Command::new("getconf").arg("CLK_TCK").output()?;
    number(String::from_utf8(output.stdout)?.trim()).context("getconf CLK_TCK prints no number")
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}
