"""The command by which a person looks at pictures and decides: review."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from galaxycurate.cli import face, options, review_apply
from galaxycurate.core.words import many
from galaxycurate.errors import UsageError

if TYPE_CHECKING:
    from galaxycurate.pipeline.review.session import Session
    from galaxycurate.pipeline.review.wanted import Wanted
    from galaxycurate.store.settings import Settings


def review(
    queue: Annotated[
        str,
        typer.Option(
            help="unreviewed, contaminated, pairs, noise, errors, random, or disputed [unreviewed]."
        ),
    ] = "",
    chosen: Annotated[
        str, typer.Option("--filter", help="Only what passes: 'label=spiral AND p>0.9'.")
    ] = "",
    reviewer: Annotated[str, typer.Option(help="Your name [the login name].")] = "",
    blind: Annotated[
        bool, typer.Option("--blind", help="Hide label, votes and score until you decide.")
    ] = False,
    second_look: Annotated[
        str, typer.Option(help="Share of your decisions to make again, unseen: 5%.")
    ] = "0",
    skip_decided: Annotated[
        bool,
        typer.Option("--skip-decided", help="Leave out what others decided on; order of your own."),
    ] = False,
    limit: Annotated[int | None, typer.Option(help="Pictures at most [all].")] = None,
    new_class: Annotated[
        list[str] | None, typer.Option(help="A class that no picture has yet; may be repeated.")
    ] = None,
    noise: Annotated[
        Path | None, typer.Option(help="label_noise.csv [that of the newest training].")
    ] = None,
    predictions: Annotated[
        Path | None, typer.Option(help="predictions.csv [that of the newest training].")
    ] = None,
    static: Annotated[
        Path | None, typer.Option(help="Write one HTML file to review without this machine.")
    ] = None,
    apply: Annotated[
        Path | None, typer.Option(help="Take decisions out of a CSV file; opens no page.")
    ] = None,
    agreement: Annotated[
        bool, typer.Option("--agreement", help="Show how reviewers agree (Cohen's kappa).")
    ] = False,
    port: Annotated[
        int,
        typer.Option(min=0, max=65535, help="0: the one that a dataset and reviewer always get."),
    ] = 0,
    show: Annotated[
        bool | None, typer.Option("--open/--no-open", help="Open a browser [where there is one].")
    ] = None,
    archive: options.ArchiveName = None,
    server: options.Server = None,
    release: options.Release = None,
    dataset: options.Dataset = None,
    manifests: options.Manifests = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Look at pictures in the browser and decide, from the keyboard; ? lists the keys.

    Example: galaxycurate review --queue contaminated
    """
    from galaxycurate.pipeline.review.wanted import Wanted, share

    settings = options.settings(
        archive=archive, server=server, release=release, dataset=dataset, manifests=manifests
    )
    wanted = Wanted(
        queue=queue or ("noise" if noise else ""), filter=chosen, reviewer=reviewer, blind=blind,
        second_look=share(second_look), skip_decided=skip_decided, limit=limit,
        classes=tuple(new_class or ()), predictions=predictions, noise=noise,
    )  # fmt: skip
    _check_one(wanted, apply=apply, agreement=agreement, static=static)
    if apply is not None:
        review_apply.apply(settings, wanted, apply, dry_run=dry_run, as_json=as_json)
    elif agreement:
        review_apply.agreement(settings, as_json=as_json)
    elif static is not None:
        _write(settings, wanted, static, dry_run=dry_run, as_json=as_json)
    elif dry_run:
        _count(settings, wanted, as_json=as_json)
    else:
        _serve(settings, wanted, port=port, show=show, as_json=as_json)


_OF_PEOPLE = {"--reviewer": "reviewer", "--new-class": "classes"}
_OF_PICTURES = {
    "--queue": "queue", "--filter": "filter", "--blind": "blind", "--second-look": "second_look",
    "--skip-decided": "skip_decided", "--limit": "limit", "--noise": "noise",
    "--predictions": "predictions",
}  # fmt: skip


def _check_one(wanted: Wanted, **sides: object) -> None:
    """Refuse to drop in silence what one of the sides without a browser has no use for."""
    given = [f"--{name}" for name, value in sides.items() if value]
    useless = _OF_PICTURES | ({} if given == ["--apply"] else _OF_PEOPLE)
    if given and given != ["--static"]:
        given += [option for option, name in useless.items() if getattr(wanted, name)]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} do not go together", hint="one command for each")


def _count(settings: Settings, wanted: Wanted, *, as_json: bool) -> None:
    """What waits in each queue."""
    from galaxycurate.pipeline.review.waiting import waiting

    found = waiting(settings, wanted)
    if as_json:
        face.answer_json([vars(one) for one in found])
        return
    for one in found:
        wait = f"{one.left:,} of {one.total:,} wait" if one.total else one.why
        face.answer(f"{one.queue:<14} {wait}")
        _note(one.note)
    face.next_command("galaxycurate review --queue NAME")


def _note(note: str) -> None:
    if note:
        face.talk(f"  note: {note}")


def _serve(
    settings: Settings, wanted: Wanted, *, port: int, show: bool | None, as_json: bool
) -> None:
    from galaxycurate.pipeline.review.session import Session
    from galaxycurate.web.review.browser import is_there, show_page
    from galaxycurate.web.review.server import serve

    with Session.open(settings, wanted) as session:
        session.check_waits()
        session.check_takes()

        def ready(url: str) -> None:
            _tell(session, url, as_json)
            if is_there() if show is None else show:
                show_page(url)

        serve(session, port, ready)
        _tell_end(session, settings)


def _tell(session: Session, url: str, as_json: bool) -> None:
    about = session.about()
    total, left = about["pictures"], about["left"]
    again = ", some of them twice" if about["total"] > total else ""
    face.talk(f"{session.queue.name}: {left:,} of {total:,} wait for {session.reviewer}{again}")
    _note(session.queue.note)
    if as_json:
        counts = {"total": total, "decided": total - left}
        names = ("queue", "reviewer", "first", "blind", "simulated")
        face.answer_json({"url": url, **{name: about[name] for name in names}, **counts})
    else:
        face.answer(url)
    sys.stdout.flush()
    port = url.split(":")[2].split("/")[0]
    user = os.environ.get("SSH_CONNECTION", "").split(" ")
    host = user[2] if len(user) == 4 else "THIS-MACHINE"
    face.talk(f"  from afar: ssh -L {port}:127.0.0.1:{port} {host}, then open the same address")
    face.talk("  Ctrl-C ends it; every decision is in the ledger at once")


def _tell_end(session: Session, settings: Settings) -> None:
    from galaxycurate.pipeline.status import next_command

    about = session.about()
    said = _counted(session.said) or "nothing decided"
    left = about["left"]
    face.talk(f"{said}; {left:,} of {about['pictures']:,} left in {session.queue.name}")
    if (agreed := session.agreement) is not None:
        kappa = "" if agreed.kappa is None else f", Cohen's kappa {agreed.kappa:.2f}"
        face.talk(f"  second looks: {agreed.agreed:,} of {agreed.n:,} agree{kappa}")
    if left:
        face.talk("  the same command goes on at the first undecided one")
    face.next_command(next_command(settings))


def _counted(said: Mapping[str, int]) -> str:
    """What was decided, in words: ``30 labels kept, 2 rejected``."""
    names = {"label": ("label kept", "labels kept"), "other label": ("other label", "other labels"),
             "reject": ("rejected",), "pair": ("pair", "pairs"), "unsure": ("unsure",)}  # fmt: skip
    return ", ".join(
        many(n, name[0], name[-1]) for kind, name in names.items() if (n := said.get(kind))
    )


def _write(settings: Settings, wanted: Wanted, page: Path, *, dry_run: bool, as_json: bool) -> None:
    from galaxycurate.pipeline.review.session import Session
    from galaxycurate.store.files import check_page
    from galaxycurate.web.review import static

    static.check_open(wanted)
    check_page(page, option="--static")
    with Session.open(settings, wanted) as session:
        session.check_waits()
        made = static.write(session, page, dry_run=dry_run)
        _note(session.queue.note)
    if as_json:
        face.answer_json({"page": str(page), **vars(made)})
        return
    if made.decided:
        face.talk(f"  not in it: {made.decided:,} that {wanted.who} has decided on")
    if made.shown < made.total:
        face.talk(f"  {made.shown:,} of {made.total:,} pictures fit: --limit and --filter choose")
    done = "would be written" if dry_run else f"{made.n_bytes / 1e6:.1f} MB"
    face.answer(f"{page}: {many(made.shown, 'picture')}, {done}")
    face.next_command("galaxycurate review --apply decisions.csv (what the page downloads)")
