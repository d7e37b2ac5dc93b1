"""``python -m train export``: a network for other programs."""

from __future__ import annotations

import json
from pathlib import Path

from galaxycurate.errors import ExitCode
from train.cli.words import Parser, answer, as_json, checkpoint_word, json_word, require, say

HELP = "write a network for programs that know no train: ONNX or torch.export"
EXAMPLE = """The file takes uint8 RGB pictures (images, side, side, 3) and answers probabilities.
Example: python -m train export training/galaxy_cnn_225.pth --to onnx"""


def words(parser: Parser) -> None:
    """Its words."""
    checkpoint_word(parser)
    parser.add_argument("--to", choices=("onnx", "pt2"), default="onnx", help="[%(default)s]")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="where to [beside the checkpoint, as .onnx or .pt2]",
    )
    json_word(parser)


def run(asked) -> ExitCode:
    """Export."""
    require()
    from train.export import export

    made = export(asked.checkpoint, asked.to, asked.out, say=say)
    if "simulated" in made.facts["origin"].lower():
        say("warning: this network learnt from simulated pixels")
    if asked.json:
        told = {"file": str(made.path), "difference": made.difference, **made.facts}
        answer(as_json(told))
        return ExitCode.DONE
    answer(f"{made.path}  {made.path.stat().st_size:,} bytes")
    answer(f"takes    {made.facts['input']}")
    answer(f"answers  {made.facts['output']}: {', '.join(json.loads(made.facts['classes']))}")
    checked = "not checked: pip install onnxruntime"
    if made.difference is not None:
        checked = f"its answers are the network's to {max(made.difference, 1e-7):.0e}"
    answer(f"checked  {checked}")
    return ExitCode.DONE
