//! `subscriptions`: try what subscribers are sent.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use super::args::{SubscriptionsCommand, TestSubscriptionArgs};
use super::load;
use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::config::Flags;
use crate::delivery::{SampleFault, send_sample};
use crate::server::catalog;

pub(super) async fn run(command: SubscriptionsCommand) -> anyhow::Result<ExitCode> {
    match command {
        SubscriptionsCommand::Test(args) => test(&args).await,
    }
}

async fn test(args: &TestSubscriptionArgs) -> anyhow::Result<ExitCode> {
    let config = load(args.config.as_deref(), Flags::default())?;
    anyhow::ensure!(
        config.subscriptions.file.is_some(),
        "subscriptions.file: name the file in the configuration"
    );
    let Catalog { subscriptions, targets, .. } = catalog(&config);
    let only_subscriptions = Catalog { subscriptions, targets, ..Catalog::default() };
    let loaded = only_subscriptions.load().map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("the subscriptions can't be used:\n  {}", lines.join("\n  "))
    })?;
    let subscriptions = &loaded.rules.subscriptions;
    let Some(subscription) = subscriptions.find(&args.name) else {
        let names: Vec<&str> = subscriptions.iter().map(|known| known.name.as_str()).collect();
        anyhow::bail!("there is no subscription {}; there are: {}", args.name, names.join(", "));
    };
    let clock = Clock::system();
    let id = clock.new_id().to_string();
    let sent = send_sample(Arc::new(config.targets.clone()), subscription, (&id, clock.now())).await;
    match sent {
        Ok(answer) => {
            writeln!(std::io::stdout(), "{answer} It took the sample {id}.")?;
            Ok(ExitCode::SUCCESS)
        }
        Err(SampleFault::NotTaken(reason)) => {
            writeln!(std::io::stdout(), "{reason} It did not take the sample {id}.")?;
            Ok(ExitCode::FAILURE)
        }
        Err(fault @ SampleFault::Egress(_)) => Err(fault.into()),
    }
}
