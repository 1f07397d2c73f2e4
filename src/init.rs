//! `offhook init`: writes the commented example, never over a file somebody has.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use offhook::config::{DEFAULT_FILE, DEMO_TOML};

/// What `offhook init` is told.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// File to write, or a folder to write offhook.toml into.
    #[arg(default_value = DEFAULT_FILE)]
    path: PathBuf,
    /// Write over a file that is there.
    #[arg(long)]
    force: bool,
}

/// Writes the file.
pub fn run(args: &Args) -> ExitCode {
    let path = if args.path.is_dir() { args.path.join(DEFAULT_FILE) } else { args.path.clone() };
    let mut options = OpenOptions::new();
    options.write(true);
    match args.force {
        true => options.create(true).truncate(true),
        false => options.create_new(true),
    };
    let shown = path.display();
    match options.open(&path).and_then(|mut file| file.write_all(DEMO_TOML.as_bytes())) {
        Ok(()) => {
            println!(
                "wrote {shown}: make it yours, then `offhook check-config {shown}` and `offhook serve --config {shown}`"
            );
            ExitCode::SUCCESS
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            eprintln!("{shown} exists and is left alone; name another file, or --force to write over it");
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("{shown} cannot be written: {error}");
            ExitCode::FAILURE
        }
    }
}
