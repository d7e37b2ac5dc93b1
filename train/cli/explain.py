"""``python -m train explain``: what a network makes of single images."""

from __future__ import annotations

from pathlib import Path

from galaxycurate.errors import ExitCode
from train.cli.words import Parser, answer, as_json, checkpoint_word, device_word, json_word, say

HELP = "show what a network makes of images, and where it looks"
EXAMPLE = "Example: python -m train explain training/galaxy_cnn_225.pth galaxy.jpg --out explained"


def words(parser: Parser) -> None:
    """Its words."""
    checkpoint_word(parser)
    parser.add_argument("images", type=Path, nargs="+", help="image files or folders")
    parser.add_argument(
        "--out", type=Path, default=Path("explained"), help="the folder written [%(default)s]"
    )
    parser.add_argument(
        "--class", dest="about", metavar="NAME", help="ask Grad-CAM for it [what was answered]"
    )
    device_word(parser)
    json_word(parser)


def run(asked) -> ExitCode:
    """Explain."""
    from train.data.tree import gather
    from train.explain import explain

    files = gather(asked.images)
    found = explain(
        asked.checkpoint, files, asked.out, about=asked.about, device=asked.device, say=say
    )
    if asked.json:
        answer(as_json(found))
    else:
        answer(f"{len(found['images']):,} images explained\n\nnext: open {found['page']}")
    return ExitCode.SOME_FAILED if found["bad"] else ExitCode.DONE
