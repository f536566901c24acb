"""What `cid --help` says of every command."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from cid.cli import frame, main
from cid.domain.errors import Misconfigured


def walk(command: click.Command, *words: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield words, command
    if isinstance(command, click.Group):
        ctx = click.Context(command)
        for name in command.list_commands(ctx):
            found = command.get_command(ctx, name)
            assert found is not None
            yield from walk(found, *words, name)


GROUPS = [words for words, command in walk(main) if isinstance(command, click.Group)]


@pytest.mark.parametrize("words", GROUPS, ids=" ".join)
def test_a_list_of_commands_says_of_each_what_it_does_in_a_whole_sentence(words: tuple[str, ...]) -> None:
    said = CliRunner().invoke(main, [*words, "--help"])
    assert said.exit_code == 0
    assert "..." not in said.output.replace("[ARGS]...", "")


def test_every_command_and_every_option_says_what_it_is_for() -> None:
    dumb = [
        " ".join((*words, *getattr(part, "opts", ())))
        for words, command in walk(main)
        for part in (command, *command.params)
        if not isinstance(part, click.Argument) and not part.help  # type: ignore[attr-defined]  # options have it
    ]
    assert dumb == []


@pytest.mark.parametrize("words", [(), ("jobs",)])
def test_a_group_without_a_command_shows_its_help_and_nothing_else(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert frame.run(main, [*words]) == frame.USAGE
    said = capsys.readouterr().err
    assert said.startswith("Usage: cid")
    assert "See `" not in said


@pytest.mark.parametrize("said", ["Is it running?", "It is not there."])
def test_what_went_wrong_ends_as_the_sentence_does(said: str, capsys: pytest.CaptureFixture[str]) -> None:
    @click.group()
    def commands() -> None: ...

    @commands.command()
    def fail() -> None:
        raise Misconfigured(said)

    assert frame.run(commands, ["fail"]) == frame.MISCONFIGURED
    assert capsys.readouterr().err == f"cid: {said}\n"
