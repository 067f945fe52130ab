//! `titian`: the command line of staff, IT and auditors.

use std::process::ExitCode;

use clap::Parser;
use titian_client::commands::Arguments;
use titian_client::failure::Failure;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let output = arguments.output();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if failure.is_closed_output() => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(failure.report().exit)
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    // One thread: a command is one call.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(arguments.run())
}
