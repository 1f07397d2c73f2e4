//! `offhook trunk check NAME`: what is wrong with a trunk, and how to mend it.

use std::path::PathBuf;
use std::process::ExitCode;

use jiff::SignedDuration;
use offhook::config::Config;
use offhook::gateway;

use crate::serve::gateway_settings;

/// What is done with trunks.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Look at a trunk from this machine: name, port, certificate, password, address behind NAT. 0: all is well, 1: not.
    Check {
        /// Its name in [[trunks]].
        name: String,
        /// Call this number through it too, and hang up as soon as it rings.
        #[arg(long, value_name = "NUMBER")]
        call: Option<String>,
        /// Configuration; found as `serve` finds it.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

/// Prints a line per step, and below it what to do.
pub fn check(config: &Config, name: &str, call: Option<&str>) -> ExitCode {
    let settings = gateway_settings(config, SignedDuration::ZERO);
    let Some(trunk) = settings.trunks.iter().find(|trunk| trunk.name == name) else {
        let known: Vec<&str> = settings.trunks.iter().map(|trunk| trunk.name.as_str()).collect();
        eprintln!("no trunk is named {name:?}; [[trunks]] of {} has: {}", config.origin, known.join(", "));
        return ExitCode::from(2);
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("no runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    let findings = runtime.block_on(gateway::check(&settings, trunk, call));
    for finding in &findings {
        match &finding.remedy {
            None => println!("ok     {}", finding.what),
            Some(remedy) => println!("WRONG  {}\n       {remedy}", finding.what),
        }
    }
    match findings.iter().all(|finding| finding.remedy.is_none()) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
