//! `countersign client`: adds, lists and ends the programs that may call the API. Works beside running servers, which
//! know of every change within a second.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use chrono::SecondsFormat;

use super::args::{AddClientArgs, ClientCommand, NamedClientArgs, StoreArgs};
use super::{load, open_database};
use crate::clock::Clock;
use crate::domain::client::{AccessGroups, Client, ClientKind, DEFAULT_GROUP, is_client_name};
use crate::domain::ids::OrgId;
use crate::engine::clients::{self, ListedClient};
use crate::gateway::credentials::{ClientSecret, HashCost, basic};

pub(super) fn run(command: &ClientCommand) -> anyhow::Result<ExitCode> {
    match command {
        ClientCommand::Add(args) => add(args),
        ClientCommand::List(args) => list(args),
        ClientCommand::Rotate(args) => rotate(args),
        ClientCommand::Revoke(args) => revoke(args),
    }
}

fn add(args: &AddClientArgs) -> anyhow::Result<ExitCode> {
    ensure!(is_client_name(&args.name), "NAME: write 1 to 64 visible ASCII characters without a colon");
    let kind = args.kind;
    ensure!(
        kind == ClientKind::Till || !args.password_stdin,
        "--password-stdin: the secret of an OAuth client is always made here"
    );
    let config = load(args.store.config.as_deref(), args.store.flags())?;
    let known = AccessGroups::new(config.gateway.groups);
    for group in &args.groups {
        let names = known.names().join(", ");
        ensure!(known.has(group), "--group: there is no access group {group}; there are {names}");
    }
    let groups = if args.groups.is_empty() { vec![DEFAULT_GROUP.to_owned()] } else { args.groups.clone() };
    let password = if args.password_stdin { read_password()? } else { ClientSecret::random() };
    let clock = Clock::system();
    let client = Client {
        id: clock.new_id().to_string(),
        org: OrgId::new(args.org.clone()),
        name: args.name.clone(),
        kind,
        groups,
    };
    let hash = sent(kind, &password).hash(HashCost::default())?;
    clients::add_client(&mut open_database(&args.store)?, &client, &hash, &clock)?;
    show_secret(&client, &password)
}

fn list(args: &StoreArgs) -> anyhow::Result<ExitCode> {
    let listed = clients::list_clients(&mut open_database(args)?)?;
    let head = ["NAME", "KIND", "ORG", "GROUPS", "STATE", "SINCE", "LAST USED", "REFUSALS", "KEY"];
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(listed.iter().map(row));
    let mut widths = [0; 9];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.len().max(*width);
        }
    }
    let mut out = std::io::stdout().lock();
    for row in &rows {
        let cells: Vec<String> =
            row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        writeln!(out, "{}", cells.join("  ").trim_end())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn row(listed: &ListedClient) -> [String; 9] {
    let time = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let (state, since) = match (listed.revoked_at, listed.rotated_at) {
        (Some(at), _) => ("revoked", at),
        (None, Some(at)) => ("rotated", at),
        (None, None) => ("added", listed.created_at),
    };
    let client = &listed.client;
    let key = match client.kind {
        ClientKind::Till => "-",
        ClientKind::Oauth => &client.id,
    };
    [
        client.name.clone(),
        client.kind.name().to_owned(),
        client.org.to_string(),
        client.groups.join(","),
        state.to_owned(),
        time(since),
        listed.last_used_at.map_or_else(|| "never".to_owned(), time),
        listed.refusals.to_string(),
        key.to_owned(),
    ]
}

fn rotate(args: &NamedClientArgs) -> anyhow::Result<ExitCode> {
    let mut conn = open_database(&args.store)?;
    let client = clients::find_client(&mut conn, &args.name)?;
    let password = ClientSecret::random();
    let hash = sent(client.kind, &password).hash(HashCost::default())?;
    clients::rotate_client(&mut conn, &args.name, &hash, &Clock::system())?;
    show_secret(&client, &password)
}

fn revoke(args: &NamedClientArgs) -> anyhow::Result<ExitCode> {
    clients::revoke_client(&mut open_database(&args.store)?, &args.name, &Clock::system())?;
    writeln!(std::io::stdout(), "{} is revoked; every server refuses it within a second", args.name)?;
    Ok(ExitCode::SUCCESS)
}

/// The text that a client of this kind proves itself with.
fn sent(kind: ClientKind, password: &ClientSecret) -> ClientSecret {
    match kind {
        ClientKind::Till => password.md5(),
        ClientKind::Oauth => password.clone(),
    }
}

/// The one time that the secret is shown.
fn show_secret(client: &Client, password: &ClientSecret) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    match client.kind {
        ClientKind::Till => {
            let md5 = password.md5();
            writeln!(out, "name           {}", client.name)?;
            writeln!(out, "password       {}", password.expose())?;
            writeln!(out, "its MD5        {}", md5.expose())?;
            writeln!(out, "Authorization: {}", basic(&client.name, &md5))?;
        }
        ClientKind::Oauth => {
            writeln!(out, "name           {}", client.name)?;
            writeln!(out, "key            {}", client.id)?;
            writeln!(out, "secret         {}", password.expose())?;
        }
    }
    writeln!(out, "This is shown once.")?;
    Ok(ExitCode::SUCCESS)
}

fn read_password() -> anyhow::Result<ClientSecret> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).context("--password-stdin: the password can't be read")?;
    let password = line.trim_end_matches(['\r', '\n']);
    ensure!(!password.is_empty(), "--password-stdin: write the password on the standard input");
    Ok(ClientSecret::chosen(password))
}
