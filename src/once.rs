//! Commands that do one thing and end.

use std::fmt::Display;
use std::process::ExitCode;

/// Carries it out to its end. What went wrong is printed; the exit code says that something did.
pub fn run<T, E: Display>(work: impl Future<Output = Result<T, E>>) -> Result<T, ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = runtime.map_err(|error| format!("no runtime: {error}"));
    done.and_then(|runtime| runtime.block_on(work).map_err(|error| error.to_string())).map_err(|error| {
        eprintln!("{error}");
        ExitCode::FAILURE
    })
}
