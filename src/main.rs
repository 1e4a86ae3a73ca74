//! The `countersign` program: reads the command line and calls the library.

use std::process::ExitCode;

use clap::Parser;
use countersign::cli;

fn main() -> ExitCode {
    let line = cli::args::CommandLine::parse();
    match cli::run(line.command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("countersign: {error:#}");
            ExitCode::FAILURE
        }
    }
}
