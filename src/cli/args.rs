//! The command line's grammar. Parsing only; `cli/mod.rs` runs the commands.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, builder::PossibleValuesParser, builder::TypedValueParser};

use crate::{config::Flags, domain::actor::Permission, domain::client::ClientKind};

/// A maker-checker (four-eyes) approval engine that stands in front of any HTTP API.
#[derive(Parser)]
#[command(name = "countersign", version, about)]
pub struct CommandLine {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// One command. Not `Debug`: a database address may hold a password.
#[derive(Subcommand)]
pub enum Command {
    /// Serve the API and execute what was approved
    Serve(ServeArgs),
    /// Serve stand-ins for the target APIs
    Sandbox(SandboxArgs),
    /// Run sandbox and service on a throwaway database and play one request through
    Demo(DemoArgs),
    /// Print a development token, signed with the configured HS256 secret
    Token(TokenArgs),
    /// Bring the database's schema up to date
    Migrate(StoreArgs),
    /// Check the configuration and print the effective values, secrets as ***
    CheckConfig(StoreArgs),
    /// Print the OpenAPI document
    Openapi,
    /// Check and show request types
    #[command(subcommand)]
    Types(TypesCommand),
    /// Send nothing to a host, or to any, until `resume`; works on every node, whether it is running or not
    Pause(PauseArgs),
    /// Let sending go on
    Resume(PauseArgs),
    /// Add, list, rotate and revoke the programs that may call the API
    #[command(subcommand)]
    Client(ClientCommand),
    /// End sessions of the pages
    #[command(subcommand)]
    Sessions(SessionsCommand),
    /// Try what subscribers are sent
    #[command(subcommand)]
    Subscriptions(SubscriptionsCommand),
}

/// `pause` and `resume`
#[derive(Args)]
pub struct PauseArgs {
    /// Host, and port if it is not the scheme's own, such as api.example.com or localhost:8090; every host if absent
    #[arg(long, value_name = "HOST")]
    pub host: Option<String>,
    /// Why; the trail keeps it
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Who wants it; the trail keeps it
    #[arg(long, value_name = "NAME", default_value = "an operator")]
    pub by: String,
    /// Configuration with the database
    #[command(flatten)]
    pub store: StoreArgs,
}

/// `client`
#[derive(Subcommand)]
pub enum ClientCommand {
    /// Add a client, and print its secret once
    Add(AddClientArgs),
    /// Print every client: its org and groups, when it was last used, how often it was refused
    List(StoreArgs),
    /// Give a client a new secret, and print it once; the old one and its tokens stop within a second
    Rotate(NamedClientArgs),
    /// Refuse a client from now on, within a second
    Revoke(NamedClientArgs),
}

/// `client add`
#[derive(Args)]
pub struct AddClientArgs {
    /// The client's name, which is its user name if it is a till
    #[arg(value_name = "NAME")]
    pub name: String,
    /// The only org that it may call for
    #[arg(long, value_name = "ORG")]
    pub org: String,
    /// How it proves who it is: till (Basic) or oauth (key and secret)
    #[arg(long, value_name = "KIND", default_value = "till", value_parser = client_kind())]
    pub kind: ClientKind,
    /// An access group of the configuration; repeatable; default if absent
    #[arg(long = "group", value_name = "G", num_args = 1..)]
    pub groups: Vec<String>,
    /// Read the till's password from standard input instead of making one
    #[arg(long)]
    pub password_stdin: bool,
    /// Configuration with the database
    #[command(flatten)]
    pub store: StoreArgs,
}

/// `client rotate` and `client revoke`
#[derive(Args)]
pub struct NamedClientArgs {
    /// The client's name
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Configuration with the database
    #[command(flatten)]
    pub store: StoreArgs,
}

/// `sessions`
#[derive(Subcommand)]
pub enum SessionsCommand {
    /// Sign a person out of the pages everywhere; works whether the server is running or not
    End(EndSessionsArgs),
}

/// `sessions end`
#[derive(Args)]
pub struct EndSessionsArgs {
    /// The person's user id, as the identity provider's claim has it
    #[arg(long, value_name = "ID")]
    pub user_id: String,
    /// Configuration with the database
    #[command(flatten)]
    pub store: StoreArgs,
}

/// `subscriptions`
#[derive(Subcommand)]
pub enum SubscriptionsCommand {
    /// Send a signed sample to a subscriber, and print what it answers
    Test(TestSubscriptionArgs),
}

/// `subscriptions test`
#[derive(Args)]
pub struct TestSubscriptionArgs {
    /// Name of the subscription in the subscriptions' file
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// `types`
#[derive(Subcommand)]
pub enum TypesCommand {
    /// Check a folder of request types, and print every fault with file and line
    Lint(LintArgs),
    /// Print one effective request type as JSON, with its version
    Show(ShowArgs),
}

/// `types lint`
#[derive(Args)]
pub struct LintArgs {
    /// Folder with one TOML file for each type
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// People file (TOML); the configuration's if absent
    #[arg(long, value_name = "FILE")]
    pub people: Option<PathBuf>,
    /// Configuration file (TOML), for the list of targets
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// `types show`
#[derive(Args)]
pub struct ShowArgs {
    /// Name of the type, such as ISSUE-BADGE
    #[arg(value_name = "NAME")]
    pub name: String,
    /// A version that is or was in force; without it, the one in force or the last one that was
    #[arg(long, value_name = "DIGEST")]
    pub version: Option<String>,
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// `serve`
#[derive(Args)]
pub struct ServeArgs {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Address and port to listen on; port 0 picks a free port
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<String>,
    /// sqlite://PATH or postgres://…
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,
    /// Format of the log lines on stderr
    #[arg(long, value_name = "FORMAT", value_parser = ["text", "json"])]
    pub log_format: Option<String>,
}

impl ServeArgs {
    /// The flags that set configuration keys.
    pub fn flags(&self) -> Flags {
        Flags {
            listen: self.listen.clone(),
            database_url: self.database_url.clone(),
            log_format: self.log_format.clone(),
        }
    }
}

/// `sandbox`
#[derive(Args)]
pub struct SandboxArgs {
    /// Address and port to listen on; port 0 picks a free port
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8090")]
    pub listen: SocketAddr,
}

/// `demo`
#[derive(Args)]
pub struct DemoArgs {
    /// Run one request through and exit: 0 if it was executed and the sandbox has the badge
    #[arg(long)]
    pub once: bool,
    /// Address and port of the service; port 0 picks a free port
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,
    /// Address and port of the sandbox; port 0 picks a free port
    #[arg(long, value_name = "ADDR:PORT")]
    pub sandbox_listen: Option<SocketAddr>,
    /// Folder with additional request types, beside the six built-in ones
    #[arg(long, value_name = "DIR")]
    pub types: Option<PathBuf>,
    /// People file that puts the demo's people into groups
    #[arg(long, value_name = "FILE")]
    pub people: Option<PathBuf>,
    /// Subscriptions' file; its subscribers listen on http://127.0.0.1:8070
    #[arg(long, value_name = "FILE")]
    pub subscriptions: Option<PathBuf>,
}

/// `token`
#[derive(Args)]
pub struct TokenArgs {
    /// The org that the token grants
    #[arg(long, value_name = "N")]
    pub org_id: String,
    /// The user id; the token's subject too
    #[arg(long, value_name = "N")]
    pub user_id: String,
    /// The user name
    #[arg(long, value_name = "EMAIL")]
    pub user_name: String,
    /// A permission that the token grants; repeatable
    #[arg(long = "permission", value_name = "P", required = true, num_args = 1.., value_parser = permission())]
    pub permissions: Vec<Permission>,
    /// A group that the token names; repeatable
    #[arg(long = "group", value_name = "G", num_args = 1..)]
    pub groups: Vec<String>,
    /// Lifetime of the token; auth.max_ttl_seconds if absent
    #[arg(long, value_name = "N")]
    pub ttl_seconds: Option<u32>,
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// `migrate` and `check-config`
#[derive(Args)]
pub struct StoreArgs {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// sqlite://PATH or postgres://…
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,
}

impl StoreArgs {
    /// The flags that set configuration keys.
    pub fn flags(&self) -> Flags {
        Flags { database_url: self.database_url.clone(), ..Flags::default() }
    }
}

/// Reads a permission by its exact name.
fn permission() -> impl TypedValueParser<Value = Permission> {
    PossibleValuesParser::new(Permission::ALL.map(Permission::name)).map(|name| {
        let named = Permission::ALL.into_iter().find(|permission| permission.name() == name);
        named.expect("only these names are possible")
    })
}

/// Reads a kind of client by its exact name.
fn client_kind() -> impl TypedValueParser<Value = ClientKind> {
    PossibleValuesParser::new(ClientKind::ALL.map(ClientKind::name))
        .map(|name| ClientKind::parse(&name).expect("only these names are possible"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Result<Command, clap::Error> {
        CommandLine::try_parse_from(line.split(' ')).map(|line| line.command)
    }

    #[test]
    fn the_definition_is_sound() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn every_documented_line_is_understood() {
        let lines = [
            "countersign serve",
            "countersign serve --config c.toml --listen 127.0.0.1:0 --database-url sqlite://x --log-format json",
            "countersign sandbox",
            "countersign sandbox --listen 127.0.0.1:0",
            "countersign demo",
            "countersign demo --once --listen 127.0.0.1:0 --sandbox-listen 127.0.0.1:0",
            "countersign token --org-id 1 --user-id 2 --user-name a@example.com --permission CanMakeRequest",
            "countersign migrate --config c.toml --database-url sqlite://x",
            "countersign check-config --config c.toml --database-url sqlite://x",
            "countersign openapi",
            "countersign types lint types --people people.toml --config c.toml",
            "countersign types show ISSUE-BADGE --config c.toml",
            "countersign pause --host api.example.com --reason maintenance --by ops --config c.toml",
            "countersign resume --reason done --database-url sqlite://x",
            "countersign client add till.one --org 1 --group a --group b --password-stdin --config c.toml",
            "countersign client add app --org 1 --kind oauth --database-url sqlite://x",
            "countersign client list --config c.toml",
            "countersign client rotate till.one --config c.toml",
            "countersign client revoke till.one --database-url sqlite://x",
            "countersign sessions end --user-id 400002 --config c.toml --database-url sqlite://x",
        ];
        for line in lines {
            assert!(parse(line).is_ok(), "{line}");
        }
    }

    #[test]
    fn permissions_may_be_repeated_and_must_be_known() {
        let start = "countersign token --org-id 1 --user-id 2 --user-name a@example.com --ttl-seconds 60";
        for rest in [
            "--permission CanMakeRequest --permission CanAuditRequest",
            "--permission CanMakeRequest CanAuditRequest",
        ] {
            let Ok(Command::Token(token)) = parse(&format!("{start} {rest}")) else { panic!("{rest}") };
            assert_eq!(token.permissions, [Permission::Make, Permission::Audit]);
        }
        assert!(parse(start).is_err());
        assert!(parse(&format!("{start} --permission canmakerequest")).is_err());
    }

    #[test]
    fn flags_become_configuration() {
        let Ok(Command::Serve(serve)) = parse("countersign serve --listen 127.0.0.1:1 --log-format json")
        else {
            panic!("this is a line for serve");
        };
        let config = crate::config::Config::load(None, std::iter::empty(), serve.flags()).unwrap();
        assert_eq!(config.server.listen.port(), 1);
        assert_eq!(config.log.format.name(), "json");
    }
}
