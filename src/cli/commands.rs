//! `cordboard commands`: one example of every carrier command, as `POST /api/v1/calls/{session}/commands` takes it.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Args;
use cordboard_core::command::{Command, catalogue};

/// Examples of every carrier command.
#[derive(Debug, Args)]
pub(super) struct Commands {
    /// The leg that the examples are about.
    #[arg(long, value_name = "ID", default_value = "v3:leg")]
    leg: String,
    /// Another leg, for bridge and the like.
    #[arg(long, value_name = "ID", default_value = "v3:other-leg")]
    other: String,
    /// A conference.
    #[arg(long, value_name = "ID", default_value = "conference-id")]
    conference: String,
    /// The carrier application that dials.
    #[arg(long, value_name = "ID", default_value = "1684641123236054244")]
    connection: String,
    /// Prints a JSON array; otherwise one command a line.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(commands: &Commands) -> anyhow::Result<ExitCode> {
    let cast = catalogue::Cast {
        connection: commands.connection.as_str().into(),
        ..catalogue::Cast::new(
            commands.leg.as_str().into(),
            commands.other.as_str().into(),
            commands.conference.as_str().into(),
        )
    };
    let mut examples = catalogue::every_command(&cast);
    // Texts have a door of their own, `POST /api/v1/messages`, where budgets and permissions are.
    examples.retain(|example| !matches!(example, Command::SendMessage(_)));
    let text = if commands.json {
        serde_json::to_string_pretty(&examples)?
    } else {
        let line = |example| {
            Ok(format!(
                "{:<28}{}",
                Command::name(example),
                serde_json::to_string(example)?
            ))
        };
        examples
            .iter()
            .map(line)
            .collect::<anyhow::Result<Vec<String>>>()?
            .join("\n")
    };
    // A reader such as `head` may have seen enough.
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        Ok(()) | Err(_) => Ok(ExitCode::SUCCESS),
    }
}
