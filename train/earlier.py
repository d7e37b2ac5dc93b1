"""What lies in an output folder already: the same run, or another one."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from galaxycurate.errors import SettingError
from train.data.dataset import Data
from train.recipe.config import Config
from train.recipe.settings import as_dict

FREE = {"compile", "data.allow_leaks", "data.votes"}  # settings that change no result


def run_key(config: Config, data: Data) -> str:
    """A name for what a finished run must answer to: recipe, images, and what is known of them."""
    text = json.dumps(as_dict(config), sort_keys=True) + data.fingerprint + data.evidence
    return hashlib.sha256(text.encode()).hexdigest()


def refuse_another(out: Path, content: dict, config: Config, data: Data) -> None:
    """See that a halted or finished run is of this recipe, on these images.

    Parameters
    ----------
    out : Path
        Its folder.
    content : dict
        What it stored of itself: ``config``, ``epoch``, ``fingerprint``.
    config : Config
    data : Data

    Raises
    ------
    SettingError
        It is another one.
    """
    old, new = as_dict(Config()) | content.get("config", {}), as_dict(config)
    # another number of epochs goes on, where the learning rate does not depend on it
    free = FREE | ({"epochs"} if config.optim.schedule != "cosine" else set())
    differ = [name for name in new if name not in free and old.get(name) != new[name]]
    if content.get("epoch", 0) > config.epochs and "epochs" not in differ:
        differ.append("epochs")
    said = ", ".join(f"{name} {old.get(name)}, now {new[name]}" for name in differ)
    if not said and content.get("fingerprint") != data.fingerprint:
        said = "on other images"
    if said:
        raise SettingError(
            f"{out} holds another run ({said})",
            hint="--restart replaces it, --out FOLDER keeps both",
        )
