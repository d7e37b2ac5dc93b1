"""The datasheet of a dataset, after Gebru et al. 2021: what is known filled in, the rest asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from galaxycurate.core.cite import credit
from galaxycurate.errors import StorageError
from galaxycurate.pipeline.report.facts import ReportFacts
from galaxycurate.pipeline.report.summary import WORDS, in_a_word
from galaxycurate.store.files import replacing

NAME = "datasheet.md"

BLANK = "To be filled in by you."
_YOURS = re.compile(r"<!-- yours: ([\w-]+) -->\n(.*?)\n<!-- end -->", re.DOTALL)


def write(facts: ReportFacts, path: Path) -> Path | None:
    """Write the datasheet, whole or not at all; what a person wrote between the marks stays.

    Parameters
    ----------
    facts : ReportFacts
    path : Path
        The Markdown file; one that is there already is read first.

    Returns
    -------
    Path or None
        The same; None where another datasheet lies there, which has no marks and stays as it is.

    Raises
    ------
    StorageError
        The file cannot be read, or the folder not be written.
    """
    written = yours(path)
    if written is None:
        return None
    text = render(facts, written)
    with replacing(Path(path)) as part:
        part.write_text(text, encoding="utf-8")
    return Path(path)


def yours(path: Path) -> dict[str, str] | None:
    """What a person wrote into an earlier datasheet, by the name of the blank.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict of str to str, or None
        Nothing where there is no file; None of a file without marks, which is no work of ours.

    Raises
    ------
    StorageError
        It cannot be read: it would be lost if it were written anew.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(
            f"cannot read {path}, and what you wrote in it would be lost: {error}",
            hint="move it away, then galaxycurate report",
        ) from error
    return dict(_YOURS.findall(text.replace("\r\n", "\n"))) or None


def render(facts: ReportFacts, written: Mapping[str, str] | None = None) -> str:
    """The datasheet as Markdown.

    Parameters
    ----------
    facts : ReportFacts
    written : mapping of str to str, optional
        What a person wrote earlier (`yours`).

    Returns
    -------
    str
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("galaxycurate.web"), autoescape=False,
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    environment.filters["count"] = lambda n: f"{n:,}"
    environment.filters["cell"] = _cell
    environment.filters["code"] = _code
    said = dict(written or {})
    return environment.get_template("datasheet.md").render(
        facts=facts,
        words=WORDS,
        answer=in_a_word(facts.summary),
        last=list(facts.funnel)[-1],
        credit=credit(facts.releases),
        blank=lambda name: f"<!-- yours: {name} -->\n{said.pop(name, BLANK)}\n<!-- end -->",
    )


def _code(value: object) -> str:
    """A text of others within backticks, which it cannot end."""
    return re.sub(r"\s+", " ", str(value)).replace("`", "'")


def _cell(value: object) -> str:
    """A text of others within a line or a table: no markup, no line of its own."""
    text = re.sub(r"\s+", " ", str(value))
    return re.sub(r"([\\`*_|<>\[\]#])", r"\\\1", text)
