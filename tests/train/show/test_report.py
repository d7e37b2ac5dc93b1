from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from train.judge.metrics import summary
from train.recipe.config import Config
from train.recipe.settings import as_dict
from train.show.report import command, render
from train.show.statements import trust


def metrics(**changes) -> dict:
    """What a run tells, without figures."""
    truth, answer = np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    known = {
        "root": "dataset/split",
        "splits": {"train": {"a": 9, "b": 8}, "val": {"a": 1, "b": 1}, "test": {"a": 1, "b": 2}},
        "groups": 12,
        "leaking_pairs": 0,
        "manifest_sha256": ["c0ffee" * 8],
        "test_images_also_in_train_or_val": 0,
        "unreadable": [],
        "warnings": [],
    }
    told = {
        "test": summary(truth, answer, ("a", "b")),
        "origin": "SDSS DR17 through SkyServer",
        "simulated": False,
        "seed": 0,
        "config": {"epochs": 1},
        "parameters": 588_042,
        "best_epoch": 1,
        "batch": 8,
        "device": "CPU",
        "training_seconds": 3.0,
        "images_per_s": 40.0,
        "history": [{"epoch": 1, "lr": 1e-3, "loss": 0.5, "train_accuracy": 0.8}],
        "versions": {"torch": "2.4"},
    }
    data = {**known, **changes.pop("data", {})}
    return {**told, "data": data, **changes}


def test_a_real_run_is_not_called_simulated(tmp_path):
    page = render(metrics(), tmp_path)
    assert "imulated" not in page
    assert "SDSS DR17 through SkyServer" in page
    assert "12 groups, none torn apart" in page
    assert "0.6667" in page


@pytest.mark.parametrize(
    ("origin", "said"),
    [
        ("skyserver dr17 @ https://skyserver.sdss.org", "Votes of Galaxy Zoo's volunteers"),
        ("folder gz1_dr7, labels gz1_dr7.csv; import", "Votes of Galaxy Zoo's volunteers"),
        ("folder images, labels labels.csv; import", "Who gave them is not told"),
        ("", "Who gave them is not told"),
    ],
)
def test_labels_are_called_votes_where_the_origin_says_so(origin, said, tmp_path):
    page = render(metrics(origin=origin), tmp_path)
    assert said in page
    assert ("of its volunteers" in page) == ("Zoo" in said)
    assert ("Where these images come from is not told" in page) == ("Zoo" not in said)


def test_leaks_and_broken_files_are_said(tmp_path):
    broken = [{"file": "train/a/1.jpg", "reason": "the file is empty"}]
    page = render(metrics(data={"leaking_pairs": 7, "unreadable": broken}), tmp_path)
    assert "7 pairs of overlapping or equal images stand on two sides" in page
    assert "train/a/1.jpg (the file is empty)" in page


def test_a_split_without_a_check_is_said(tmp_path):
    page = render(metrics(data={"leaking_pairs": None, "groups": None}), tmp_path)
    assert "Footprint check of the split:\nnone is known." in page


def test_what_the_split_could_not_compare_is_said(tmp_path):
    page = render(metrics(data={"without_footprint": 3877}), tmp_path)
    assert "For 3,877 images position or scale is unknown" in page
    assert "could not be measured" not in render(metrics(), tmp_path)


def test_names_cannot_become_html(tmp_path):
    page = render(metrics(origin="<script>alert(1)</script>"), tmp_path)
    assert "<script>" not in page


class Tags(HTMLParser):
    """Open and close tags must match; pictures must say what they show."""

    VOID = ("meta", "img", "br", "line", "circle", "polyline", "input")

    def __init__(self):
        super().__init__()
        self.open, self.alts, self.links, self.ids = [], [], [], []

    def handle_starttag(self, tag, attrs):
        facts = dict(attrs)
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "img":
            self.alts.append(facts.get("alt", ""))
            assert facts["src"].startswith("data:image/jpeg;base64,")
        if tag == "a":
            self.links.append(facts["href"])
        if tag == "svg":
            assert facts.get("aria-label") or facts.get("aria-hidden")
        if "id" in facts:
            self.ids.append(facts["id"])

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def read(page: str) -> Tags:
    tags = Tags()
    tags.feed(page)
    assert not tags.open
    return tags


def test_the_page_is_well_formed_needs_no_network_and_says_what_it_shows(shown_run):
    page = (shown_run / "report.html").read_text()
    tags = read(page)
    assert len(tags.alts) > 20
    assert all(tags.alts)
    assert {link.removeprefix("#") for link in tags.links} == set(tags.ids)
    assert not re.search(r"(src|href)=.(http|//)", page)
    assert "@import" not in page
    assert len(page) < 5_000_000
    for said in ("Grad-CAM", "Shape or colour?", "Model card", "Reliability", "Learning rate"):
        assert said in page


def test_old_metrics_are_shown_as_far_as_they_go(tmp_path):
    old = metrics()
    for name in (
        "intervals",
        "resampled",
        "reliability",
        "curves",
        "ece",
        "pr_auc",
        "nll",
        "brier",
    ):
        old["test"].pop(name)
    for one in old["test"]["classes"].values():
        one.pop("pr_auc")
    page = render(old, tmp_path)
    read(page)
    assert "0.6667" in page
    assert "PR AUC" not in page
    assert "Undefined" not in page


def test_names_of_classes_and_files_cannot_become_html(tmp_path):
    evil = "<img src=x onerror=alert(1)>"
    truth, answer = np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    told = metrics(test=summary(truth, answer, (evil, 'b" style="x')))
    told["data"]["splits"] = {"test": {evil: 1, 'b" style="x': 2}}
    told["data"]["root"] = "'; rm -rf / #<b>"
    one = {
        "name": evil,
        "true": evil,
        "answer": evil,
        "probability": [0.2, 0.8],
        "picture": "0.jpg",
    }
    listing = {"answers": {"0": one}, "misclassified": [0], "worst": {evil: [0]}, "samples": [0]}
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "examples.json").write_text(json.dumps(listing))
    Image.new("RGB", (8, 8)).save(tmp_path / "examples" / "0.jpg")
    (tmp_path / "label_noise.csv").write_text(
        f"rank,path,label,suggested,issue\n1,{evil},a,b,yes\n"
    )
    page = render(told, tmp_path)
    read(page)
    assert "<img src=x" not in page
    assert 'style="x' not in page.replace("&#34;", "")
    assert "#&lt;b&gt;" in page


def test_a_picture_outside_the_examples_is_not_embedded(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "secret.jpg")
    one = {"name": "a", "true": "a", "answer": "b", "probability": [1, 0]}
    listing = {"answers": {"0": {**one, "picture": "../secret.jpg"}}, "samples": [0]}
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "examples.json").write_text(json.dumps(listing))
    assert "<img" not in render(metrics(), tmp_path)


@pytest.mark.parametrize(
    ("data", "level", "kind"),
    [
        ({"split_kind": "sky groups, proved"}, "good", "sky groups, proved"),
        ({"split_kind": "groups kept whole, sky of 3 images not measured"}, "care", ""),
        ({"split_kind": "sky groups, changed since they were proved"}, "care", ""),
        ({"split_kind": "folders, unproved", "leaking_pairs": None}, "care", ""),
        ({"split_kind": "folders, leaking", "leaking_pairs": 3}, "bad", ""),
        ({"split_kind": "stratified at random"}, "care", "stratified at random"),
        ({"split_kind": "k-fold, no groups known"}, "care", ""),
        ({"leaking_pairs": 0}, "good", "sky groups, proved"),
        ({"leaking_pairs": 4}, "bad", "folders, leaking"),
        ({"leaking_pairs": 0, "without_footprint": 3}, "care", "sky of 3 images not measured"),
        ({}, "care", "folders, unproved"),
    ],
)
def test_a_split_is_called_what_it_is(data, level, kind):
    found = trust({"data": data})
    assert found["level"] == level
    assert kind in found["kind"]


def test_a_leaking_split_stands_above_the_figure(tmp_path):
    page = render(metrics(data={"leaking_pairs": 7, "split_kind": "folders, leaking"}), tmp_path)
    assert page.index("Do not trust these figures") < page.index('class="number"')


def test_the_command_names_what_differs_from_the_preset():
    config = as_dict(Config()) | {"epochs": 9, "optim.lr": 0.01}
    told = {"config": config, "data": {"root": "a folder"}}
    assert command(told) == (
        "python -m train fit --data 'a folder' --preset galaxy-cnn "
        "--set epochs=9 --set optim.lr=0.01"
    )
    told["config"]["preset"] = "one-of-tomorrow"
    assert "--set epochs=9" in command(told)


def test_votes_are_shown_without_classes(tmp_path):
    test = {"n": 12, "rmse": 0.1234, "intervals": {"rmse": [0.11, 0.14]}}
    assert "no better than answering the mean" not in page_of_votes(tmp_path, test, 0.19)
    assert "It is not certain that the network is better" in page_of_votes(tmp_path, test, 0.13)
    page = page_of_votes(tmp_path, test, 0.12)
    assert "no better than answering the mean" in page
    tags = read(page)
    assert {link.removeprefix("#") for link in tags.links} == set(tags.ids)
    assert "0.1234" in page
    assert "0.1100 to 0.1400 (bootstrap)" in page
    assert "smooth" in page
    assert "Confusion" not in page


def page_of_votes(folder, test: dict, baseline: float) -> str:
    rows = [{"question": "1", "answer": "smooth", "rmse": 0.1, "baseline": 0.27}]
    asked = [{"question": "01 smooth?", "rmse": 0.1, "baseline": 0.28}]
    votes = {"questions": asked, "rows": rows, "scatter": [[0.1, 0.2], [0.8, 0.7]]}
    history = [{"epoch": 1, "lr": 1e-3, "loss": 0.02, "val_rmse": 0.13}]
    test = {**test, "baseline_rmse": baseline}
    return render(metrics(task="votes", test=test, votes=votes, history=history), folder)


def test_labels_in_doubt_are_listed(tmp_path):
    head = "rank,path,objID,label,suggested,p_label,p_suggested,score,issue\n"
    lines = [f"{n},spiral/{n}.jpg,,spiral,elliptical,0.01,0.9,-0.9,yes\n" for n in range(1, 31)]
    (tmp_path / "label_noise.csv").write_text(head + "".join(lines))
    page = render(metrics(), tmp_path)
    assert "30 labels that confident learning counts as wrong" in page
    assert "spiral/20.jpg" in page
    assert "spiral/21.jpg" not in page
