//! The one binary: reads the command line and the configuration, runs one command, ends with its exit status.

mod cli;
mod command;
mod config;
mod interrupt;
mod progress;
mod style;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;

use crate::cli::Cli;

/// Allocates for the whole process.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// What is logged unless `ANNALS_LOG` says otherwise; the table library warns of its own newness at each vacuum.
const LOG: &str = "warn,deltalake_core::operations::vacuum=error";

/// Stack of a thread, in bytes: the deepest query that is let in is walked through in less, by a build without
/// optimization, too. Memory is taken only as deep as a stack has been.
const STACK: usize = 64 << 20;

/// Exit status where the command line or the configuration is wrong, as clap has it.
const USAGE: u8 = 2;
/// Exit status of everything else that could not be done.
const FAILED: u8 = 1;

fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_env("ANNALS_LOG").unwrap_or_else(|_| LOG.into());
    let has_colors = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    log.without_time().with_target(false).with_ansi(has_colors).init();
    let cli = Cli::parse();
    let config = match config::Config::read(&cli) {
        Ok(config) => config,
        Err(error) => return complain(&error, USAGE),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(STACK).build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&error.into(), FAILED),
    };
    let result = runtime.block_on(command::run(cli, config));
    // A build that is being ended must not keep a finished command waiting.
    runtime.shutdown_background();
    match result {
        Ok(code) => code,
        Err(error) => complain(&error, FAILED),
    }
}

/// Prints an error and its causes as one line; a cause that the error has named by itself is not said again.
fn complain(error: &anyhow::Error, code: u8) -> ExitCode {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string().lines().map(str::trim).collect::<Vec<_>>().join(" ");
        if !text.contains(&cause) {
            text = if text.is_empty() { cause } else { format!("{text}: {cause}") };
        }
    }
    anstream::eprintln!("{}annals:{} {text}", style::BAD, style::PLAIN);
    ExitCode::from(code)
}
