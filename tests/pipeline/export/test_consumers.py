"""Zoobot and the Panoptes command line open their exports, by the lines of docs/export.md."""

import csv
import json
import os
import shlex
import shutil
import subprocess
from collections import Counter

import pytest

from galaxycurate.pipeline.export.export import Request, export
from tests import consumers
from tests.docs import blocks
from tests.pipeline.export import panoptes

pytestmark = pytest.mark.slow
PAGE = blocks.of(blocks.ROOT / "docs" / "export.md")
PRETRAINED = "hf_hub:mwalmsley/zoobot-encoder-convnext_nano"
COUNTS = {"spiral": 38, "merger": 21, "nothing": 20}
QUIET = {"HF_HUB_OFFLINE": "1", "WANDB_MODE": "disabled", "OMP_NUM_THREADS": "1"}


def block(needs):
    """A block of the page, by what it needs, without the line that says so."""
    [found] = [one for one in PAGE if one.needs.startswith(needs)]
    return found.text.partition("\n")[2]


@pytest.fixture(scope="module")
def folder(exported, tmp_path_factory):
    """Where `galaxycurate export` was typed: export/zoobot, export/zooniverse."""
    root = tmp_path_factory.mktemp("typed")
    (root / "export").mkdir()
    for name in ("zoobot", "zooniverse"):
        export(exported[0].settings, Request(name, root / "export" / name))
    return root


SAY = """
import json, sys, timm, torch

encoder = timm.create_model("resnet10t", num_classes=0)
timm.models.save_for_hf(encoder, sys.argv[1], model_args={"num_classes": 0})

def ids(some):
    return {one["id_str"]: int(one["label"]) for one in some}

def say(**said):
    print(json.dumps(said))
"""
CLASSIFIER = """
data.setup("test")
some = {"train": data.train_dataset, "val": data.val_dataset, "test": data.test_dataset}
tested = trainer.test(model, data, verbose=False)[0]
say(seen={part: ids(one) for part, one in some.items()}, epochs=trainer.current_epoch, **tested)
"""
TREE = """
losses = []
for batch in data.train_dataloader():
    images, votes = model.batch_to_supervised_tuple(batch)
    loss = model.loss(model(images), votes)[:, 0]
    losses += zip(batch["id_str"], loss.tolist(), sum(votes.values()).tolist())
say(losses=losses)
"""
README = """
data.setup("fit")
say(seen={"train": ids(data.train_dataset), "val": ids(data.val_dataset)})
"""


@pytest.fixture(scope="module")
def zoobot(folder, tmp_path_factory):
    """What Zoobot said after the page's classifier, its tree, and the lines of the README.

    An untrained encoder stands in for the one on the hub, and one epoch for fifty.
    """
    python = consumers.program("python")
    home, place = tmp_path_factory.mktemp("home"), folder / "export" / "zoobot"
    [opened] = [one.text for one in blocks.of(place / "README.md") if one.kind == "python"]
    typed = [SAY, block("Zoobot: a classifier"), CLASSIFIER, block("Zoobot: a tree"), TREE,
             opened.replace("DIR", str(place)), README]  # fmt: skip
    lines = "\n".join(typed)
    instead = {PRETRAINED: f"local-dir:{home}/encoder", "max_epochs=50": "max_epochs=1",
               "    label_cols=": "    num_workers=0, batch_size=8, label_cols="}  # fmt: skip
    for old, new in instead.items():
        assert old in lines
        lines = lines.replace(old, new)
    env = os.environ | QUIET | {"HOME": str(home)}
    done = subprocess.run(
        [python, "-c", lines, home / "encoder"], cwd=folder, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    with (place / "catalog.csv").open() as file:
        rows = {row["id_str"]: row for row in csv.DictReader(file)}
    return rows, dict(zip(("classifier", "tree", "readme"), said, strict=True))


def labels(rows, split):
    return {name: int(row["label"]) for name, row in rows.items() if row["split"] == split}


def test_zoobot_is_finetuned_on_its_export_with_our_split(zoobot):
    rows, said = zoobot
    assert said["classifier"]["seen"] == {p: labels(rows, p) for p in ("train", "val", "test")}
    assert Counter(r["label_name"] for r in rows.values()) == COUNTS
    assert said["classifier"]["epochs"] == 1
    assert 0 <= said["classifier"]["finetuning/test_acc"] <= 1


def test_zoobots_tree_learns_from_votes_and_nothing_from_unknown_ones(zoobot):
    rows, said = zoobot
    assert said["tree"]["losses"]
    for name, loss, n_votes in said["tree"]["losses"]:
        row = rows[name]
        assert n_votes == int(row["gz1-binary_spiral"]) + int(row["gz1-binary_elliptical"])
        if n_votes == 0:
            assert loss == pytest.approx(0, abs=1e-5)
        else:
            assert loss > 0.1
    moved = [row for row in rows.values() if row["label_source"].startswith("people")]
    names = ("gz1-binary_spiral", "gz1-binary_elliptical")
    assert [[row[name] for name in names] for row in moved] == [["0", "0"]]


def test_the_readme_of_a_zoobot_export_opens_it(zoobot):
    rows, said = zoobot
    assert said["readme"]["seen"] == {part: labels(rows, part) for part in ("train", "val")}


def test_zoobots_own_checkpoint_lends_its_encoder_to_our_networks(zoobot, folder):
    torch = pytest.importorskip("torch")
    pytest.importorskip("timm")
    from train.networks import build, wary
    from train.recipe.config import Network

    [file] = (folder / "zoobot-trained" / "checkpoints").glob("*.ckpt")
    network = build(Network("timm:resnet10t", str(file)), 3, size_px=64, say=lambda _: None)
    ours = network.encoder.state_dict()
    content = torch.load(file, weights_only=False, pickle_module=wary)["state_dict"]
    theirs = {k.removeprefix("encoder."): v for k, v in content.items() if k.startswith("encoder.")}
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.fixture(scope="module")
def zooniverse():
    with panoptes.serving() as server:
        yield server


def typed(words, folder, home, server, *, password=panoptes.PASSWORD):
    """A command of the page, as ann types it; her account is in Panoptes' own configuration."""
    program = consumers.program("panoptes")
    (home / ".panoptes").mkdir(parents=True, exist_ok=True)
    (home / ".panoptes" / "config.yml").write_text(
        f"endpoint: {server.url}\nusername: {panoptes.USER}\npassword: '{password}'\n"
    )
    env = os.environ | {"HOME": str(home)}
    return subprocess.run(
        [program, *words], cwd=folder, env=env, capture_output=True, text=True, timeout=300
    )


def test_the_panoptes_command_line_uploads_every_subject_with_its_picture(
    folder, zooniverse, tmp_path
):
    configure, create, upload = (shlex.split(line) for line in block("Panoptes").splitlines())
    assert configure == ["panoptes", "configure"]  # asks for what `typed` writes
    meant = {"PROJECT_ID": panoptes.PROJECT}
    made = typed([meant.get(w, w) for w in create[1:]], folder, tmp_path, zooniverse)
    assert made.returncode == 0, made.stderr
    meant["SUBJECT_SET_ID"] = number = made.stdout.split()[0]
    done = typed([meant.get(w, w) for w in upload[1:]], folder, tmp_path, zooniverse)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr

    with (folder / "export" / "zooniverse" / "manifest.csv").open() as file:
        rows = {row["image"]: row for row in csv.DictReader(file)}
    assert len(rows) == len(zooniverse.linked[number]) == len(set(zooniverse.linked[number])) == 79
    for one in zooniverse.linked[number]:
        subject = zooniverse.subjects[one]
        assert subject["metadata"] == rows[subject["metadata"]["image"]]
        [[(kind, place)]] = [list(where.items()) for where in subject["locations"]]
        picture = folder / "export" / "zooniverse" / subject["metadata"]["image"]
        assert (kind, zooniverse.media[place]) == ("image/jpeg", picture.read_bytes())


def test_a_picture_that_is_gone_is_refused_before_anything_is_uploaded(
    folder, zooniverse, tmp_path
):
    torn = tmp_path / "export"
    shutil.copytree(folder / "export" / "zooniverse", torn / "zooniverse")
    next((torn / "zooniverse" / "pictures").iterdir()).unlink()
    made = typed(
        ["subject-set", "create", panoptes.PROJECT, "torn"], tmp_path, tmp_path, zooniverse
    )
    number, before = made.stdout.split()[0], len(zooniverse.subjects)
    words = ["subject-set", "upload-subjects", "-f", "1", number, "export/zooniverse/manifest.csv"]
    assert "could not be found" in typed(words, tmp_path, tmp_path, zooniverse).stderr
    assert len(zooniverse.subjects) == before


@pytest.mark.parametrize(
    ("project", "password", "said"),
    [
        (panoptes.PROJECT, "a wrong one", "Invalid email or password."),
        ("4712", panoptes.PASSWORD, "no such project"),
    ],
)
def test_who_may_not_upload_is_told_so_by_the_command_line(
    zooniverse, tmp_path, project, password, said
):
    before = dict(zooniverse.sets)
    words = ["subject-set", "create", project, "refused"]
    done = typed(words, tmp_path, tmp_path, zooniverse, password=password)
    assert done.returncode != 0
    assert said in done.stdout + done.stderr
    assert zooniverse.sets == before
