"""The `eventsys` command: one module a command or group of commands, loaded when it is asked for."""

from __future__ import annotations

import importlib
import sys

import click

from eventsys.config import ConfigError

# name -> (module:command, what --help says of it). Loaded late: `eventsys --help` answers at once, and the server's
# parent process holds no application.
COMMANDS = {
    "setup": ("eventsys.cli.setup:setup", "Make an empty district with its first coordinator and administrator."),
    "serve": ("eventsys.cli.serve:serve", "Serve the site and the API."),
    "worker": ("eventsys.cli.worker:worker", "Send mails and do the daily chores, until stopped."),
    "run": ("eventsys.cli.run:run", "Serve with a worker beside it, for one machine or a trial."),
    "db": ("eventsys.cli.database:db", "Create or upgrade the database."),
    "demo": ("eventsys.cli.demo:demo", "Load the demonstration district."),
    "user": ("eventsys.cli.people:user", "Add people."),
    "token": ("eventsys.cli.people:token", "Add API tokens."),
    "import": ("eventsys.cli.sheets:import_file", "Import departments or enterprises from a spreadsheet."),
    "export": ("eventsys.cli.sheets:export_file", "Export departments or enterprises into a spreadsheet."),
    "race": ("eventsys.cli.race.command:race", "Prove with many clients at once that nothing is oversold or lost."),
    "ballot": ("eventsys.cli.ballot:ballot", "Check a draw, from the database or from the published result."),
    "backup": ("eventsys.cli.backup:backup", "Write the database and the secret key into one file."),
    "restore": ("eventsys.cli.backup:restore", "Bring back what backup wrote."),
    "doctor": ("eventsys.cli.doctor:doctor", "Check configuration, database, assets, clock, mail and worker."),
}


class LazyCommands(click.Group):
    """A group that imports a command's module when the command is run or its own help is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="eventsys")
def commands() -> None:
    """Service visits of government departments to enterprises.

    Settings are the EVENTSYS_* variables; see docs/operations.md.
    """


def main() -> None:
    """Run a command: exit 0, or one line on standard error and exit 1."""
    sys.exit(run_command(sys.argv[1:]))


def run_command(arguments: list[str]) -> int:
    """The exit code of a command line; an error is told in one line."""
    try:
        answer = commands.main(arguments, prog_name="eventsys", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as help_text:
        click.echo(help_text.format_message())
        return 0
    except click.ClickException as error:
        return _fail(error.format_message())
    except click.Abort:
        return _fail("stopped")
    except (ConfigError, LookupError, OSError) as error:
        return _fail(str(error.args[0] if isinstance(error, LookupError) and error.args else error))
    return answer if isinstance(answer, int) else 0


def _fail(sentence: str) -> int:
    click.echo(f"error: {' '.join(sentence.split())}", err=True)
    return 1
