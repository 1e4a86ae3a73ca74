//! What the dearest submissions cost that the budget of a policy allows, one for each kind of condition.

use std::path::Path;
use std::time::{Duration, Instant};

use countersign::clock::Clock;
use countersign::config::{Config, Flags};
use countersign::domain::actor::{Actor, Permission, Person, Signer};
use countersign::domain::ids::OrgId;
use countersign::engine::{Engine, EngineError, SubmissionInput};
use countersign::server::{ExecutorMode, Server};

use crate::load;
use crate::setting::basic_config;
use crate::types::{ISSUE_PATH, ORG};

/// Nothing is sent there.
const TARGET: &str = "127.0.0.1:1";

/// As many as a policy may have.
const RULES_MAX: usize = 50;
/// No more than fit into the body of a submission.
const ITEMS_MAX: u64 = 30_000;
const TIMES: u32 = 20;

/// A policy of [`RULES_MAX`] rules with this condition, each in vain, and what the submission holds for it.
struct Dear {
    name: &'static str,
    type_name: &'static str,
    /// As long as it may be.
    condition: fn() -> String,
    /// The list of customers, for so many.
    customers: fn(u64) -> String,
}

const KINDS: [Dear; 5] = [
    Dear {
        name: "each item of a list",
        type_name: "DEAR-ITEMS",
        condition: || {
            let asks: Vec<String> = (1..70).map(|number| format!("c == -{number}")).collect();
            format!("request.body.customers.exists(c, {})", asks.join(" || "))
        },
        customers: |count| list(count, |number| number.to_string()),
    },
    Dear {
        name: "each item in another list",
        type_name: "DEAR-MEMBERS",
        condition: || "request.body.customers.exists(c, !(c in request.body.customers))".to_owned(),
        customers: |count| list(count, |number| number.to_string()),
    },
    Dear {
        name: "two large values alike",
        type_name: "DEAR-VALUES",
        condition: || ["request.body.customers != request.body.customers"; 18].join(" || "),
        customers: |count| list(count, |number| number.to_string()),
    },
    Dear {
        name: "patterns on a long text",
        type_name: "DEAR-PATTERNS",
        condition: || ["request.body.customers[0].matches('^(a|b|ab)*c$')"; 18].join(" || "),
        customers: |count| format!("[\"{}\"]", "ab".repeat(usize::try_from(count).unwrap_or(0))),
    },
    Dear {
        name: "parts of long texts",
        type_name: "DEAR-TEXTS",
        condition: || "request.body.customers.exists(c, c.contains('abababababababababababac'))".to_owned(),
        customers: |count| list(count.div_ceil(30), |_| format!("\"{}\"", "ab".repeat(120))),
    },
];

/// Measures each on an engine in this process: a server does not say how long the check alone takes.
pub async fn print(folder: &Path) -> anyhow::Result<()> {
    let types = folder.join("dear-types");
    std::fs::create_dir(&types)?;
    for dear in &KINDS {
        std::fs::write(types.join(dear.type_name).with_extension("toml"), dear.request_type())?;
    }
    let url = format!("sqlite://{}", folder.join("dearest.db").display());
    let target = "[[targets]]\nscheme = \"http\"\nhost = \"127.0.0.1\"\nports = [1]\n\
                  allow_cidrs = [\"127.0.0.1/32\"]\n";
    let file = folder.join("dearest.toml");
    std::fs::write(&file, basic_config(&url, &types) + target)?;
    let config = Config::load(Some(&file), std::iter::empty(), Flags::default())?;
    let server = Server::start(&config, Clock::system(), ExecutorMode::Stepped).await?;
    println!("\ndearest policies allowed, one submission");
    for dear in &KINDS {
        let (most, took) = dear.measure(server.engine())?;
        println!("  {:<38} {most:>7} {:>10.2} ms", dear.name, took.as_secs_f64() * 1e3);
    }
    server.stop().await
}

fn list(count: u64, item: impl Fn(u64) -> String) -> String {
    let items: Vec<String> = (1..=count).map(item).collect();
    format!("[{}]", items.join(","))
}

impl Dear {
    /// Every rule but the last asks in vain.
    fn request_type(&self) -> String {
        let condition = (self.condition)();
        let rule = |number| {
            format!("[[policy]]\nname = \"{number}\"\nwhen = \"\"\"{condition}\"\"\"\nrefuse = \"No.\"\n")
        };
        let rules: String = (1..RULES_MAX).map(rule).collect();
        format!(
            "name = \"{}\"\n\
             [call]\nmethod = \"POST\"\npath = \"{ISSUE_PATH}\"\n\
             [body]\ntype = \"object\"\n{rules}[[policy]]\nname = \"last\"\nauto_approve = true\n",
            self.type_name
        )
    }

    /// The most that is allowed, and how long such a submission takes to be checked and its rule to be chosen.
    fn measure(&self, engine: &Engine) -> anyhow::Result<(u64, Duration)> {
        let prepare = |count: u64| {
            let body = load::submission_of(TARGET, &load::body_with(0, &(self.customers)(count)));
            let began = Instant::now();
            let prepared = engine.prepare(&input(&maker(), self.type_name, &body));
            (prepared.map(drop), began.elapsed())
        };
        let is_allowed = |count: u64| match prepare(count).0 {
            Ok(()) => Ok(true),
            Err(EngineError::NotAdmitted(_)) => Ok(false),
            Err(error) => Err(error),
        };
        let (mut low, mut high) = (1, ITEMS_MAX);
        if is_allowed(high)? {
            low = high;
        }
        while low + 1 < high {
            let middle = u64::midpoint(low, high);
            if is_allowed(middle)? { low = middle } else { high = middle }
        }
        let mut times: Vec<Duration> = (0..TIMES).map(|_| prepare(low).1).collect();
        times.sort();
        Ok((low, times[times.len() / 2]))
    }
}

fn input<'a>(actor: &'a Actor, type_name: &'a str, body: &'a str) -> SubmissionInput<'a> {
    SubmissionInput { actor, type_name, body: Ok(body.as_bytes()), idempotency_key: None, reference: "bench" }
}

fn maker() -> Actor {
    let signer = Signer {
        person: Person::system(),
        org: OrgId::new(ORG),
        permissions: vec![Permission::Make],
        groups: vec![],
        has_unread_groups: false,
        act: vec![],
        signed_in_at: None,
    };
    Actor { signer, token_id: None, source_address: None, via: None }
}
