//! The command line. Exit codes: 0 done, 1 it failed while running, 2 it was asked wrongly or something is missing.

mod calendars;
mod call_args;
mod contacts;
mod crms;
mod delivery;
mod events_args;
mod init;
mod once;
mod paperwork;
mod place;
mod serve;
mod sources;
mod trunk_args;
mod wordings;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};
use offhook::{config, models, speech};

/// The receptionist that answers a business's phone on the business's own machine.
#[derive(Debug, Parser)]
#[command(name = "offhook", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer the phone until told to stop.
    Serve {
        /// Configuration; without it ./offhook.toml where there is one, else the built-in demo business.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Write the commented example configuration.
    Init(init::Args),
    /// Check a configuration and say what it comes to; starts nothing.
    CheckConfig {
        /// Configuration; found as `serve` finds it.
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
        /// The same, written as for `serve`.
        #[arg(long, value_name = "FILE", conflicts_with = "file")]
        config: Option<PathBuf>,
    },
    /// Fetch, list or verify the model files.
    #[command(subcommand)]
    Models(models::Command),
    /// Place a call with spoken turns: hear it work without a phone.
    Call(call_args::Args),
    /// Log in to the calendar of the configuration.
    #[command(subcommand)]
    Calendar(calendars::Command),
    /// See and mend what is on its way to the CRM.
    Queue {
        /// Configuration; found as `serve` finds it.
        #[arg(long, value_name = "FILE", global = true)]
        config: Option<PathBuf>,
        #[command(subcommand)]
        command: paperwork::Queue,
    },
    /// Read, verify and export the record of every step.
    Audit {
        /// Configuration; found as `serve` finds it.
        #[arg(long, value_name = "FILE", global = true)]
        config: Option<PathBuf>,
        #[command(subcommand)]
        command: paperwork::Audit,
    },
    /// Compare the call log with the CRM, record by record, and queue what is missing.
    Reconcile {
        /// Calls from this instant on (RFC 3339).
        #[arg(long)]
        since: jiff::Timestamp,
        /// Configuration; found as `serve` finds it.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// What the business knows about its customers.
    #[command(subcommand)]
    Contacts(contacts::Command),
    /// Events that are told to webhooks: replay.
    #[command(subcommand)]
    Events(events_args::Command),
    /// Log in to the CRM of the configuration, check and probe it, see what a call sends to it.
    #[command(subcommand)]
    Crm(crms::Command),
    /// See what is wrong with a trunk.
    #[command(subcommand)]
    Trunk(trunk_args::Command),
    /// Write down what is said in sound files.
    Transcribe(speech::command::TranscribeArgs),
}

fn main() -> ExitCode {
    let matches = Cli::command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    match cli.command {
        Command::Serve { config } => with_config(config, serve::run),
        Command::Init(args) => init::run(&args),
        Command::CheckConfig { file, config } => with_config(file.or(config), |config| {
            println!("{}", summary(&config));
            ExitCode::SUCCESS
        }),
        Command::Models(command) => models::run(&command, &models::Dir::default()),
        Command::Call(args) => call(args, &matches),
        Command::Calendar(calendars::Command::Login { config, port }) => {
            with_config(config, |config| calendars::login(&config, port))
        }
        Command::Queue { config, command } => paperwork(config, paperwork::Command::Queue(command)),
        Command::Audit { config, command } => paperwork(config, paperwork::Command::Audit(command)),
        Command::Reconcile { since, config } => paperwork(config, paperwork::Command::Reconcile { since }),
        Command::Contacts(contacts::Command::Import { file, config, business }) => {
            with_config(config, |config| contacts::import(&config, &file, business.as_deref()))
        }
        Command::Events(events_args::Command::Replay(args)) => {
            with_config(args.config.clone(), |config| events_args::replay(&config, &args))
        }
        Command::Crm(crms::Command::Mapping { kind }) => crms::print(&kind),
        Command::Crm(crms::Command::Preview { call, config }) => {
            paperwork(config, paperwork::Command::Preview { call })
        }
        Command::Crm(crms::Command::Probe { config }) => paperwork(config, paperwork::Command::Probe),
        Command::Crm(command) => {
            let (crms::Command::Login { config, .. } | crms::Command::Check { config }) = &command else {
                return ExitCode::from(ASKED_WRONGLY);
            };
            with_config(config.clone(), |config| crms::run(&config, &command))
        }
        Command::Trunk(trunk_args::Command::Check { name, call, config }) => {
            with_config(config, |config| trunk_args::check(&config, &name, call.as_deref()))
        }
        Command::Transcribe(args) => {
            let models = models::Dir::default();
            speech::command::transcribe(&args, speech::Settings { models, ..speech::Settings::default() })
        }
    }
}

fn with_config(path: Option<PathBuf>, then: impl FnOnce(config::Config) -> ExitCode) -> ExitCode {
    match config::load(path.as_deref()) {
        Ok(config) => then(config),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(ASKED_WRONGLY)
        }
    }
}

fn paperwork(config: Option<PathBuf>, command: paperwork::Command) -> ExitCode {
    with_config(config, |config| paperwork::run(&config, &command))
}

fn summary(config: &config::Config) -> String {
    let mut lines = vec![format!("{} is good", config.origin)];
    for business in &config.businesses {
        let zone = business.timezone.iana_name().unwrap_or("an unnamed zone");
        let (services, faqs) = (business.services.len(), business.faqs.len());
        lines.push(format!("  {}: {}, {zone}, {services} services, {faqs} answers", business.id, business.name));
    }
    let sockets: Vec<String> = config.sip.listen.iter().map(ToString::to_string).collect();
    lines.push(format!("  sip {}, http {}, {}", sockets.join(" "), config.http.listen, config.store.url));
    lines.join("\n")
}

fn call(args: call_args::Args, matches: &ArgMatches) -> ExitCode {
    // The subcommand's own matches know the order in which --say, --wav and --keys were written.
    let Some(("call", written)) = matches.subcommand() else { return ExitCode::from(ASKED_WRONGLY) };
    match args.plan(written) {
        Ok(plan) => place::run(plan),
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(ASKED_WRONGLY)
        }
    }
}

/// Usage, configuration, or something that has to be installed first.
const ASKED_WRONGLY: u8 = 2;
