from __future__ import annotations

import numpy as np
from PIL import Image

from train.judge.predictions import Answers
from train.show.examples import choose, read_examples, write_examples


def answers(n: int = 40, *, right: bool = False) -> Answers:
    rng = np.random.default_rng(3)
    truth = np.arange(n) % 2
    own = rng.uniform(0.5 if right else 0.0, 1, n)
    probability = np.where(np.eye(2)[truth] == 1, own[:, None], 1 - own[:, None])
    return Answers(tuple(f"test/{i}.jpg" for i in range(n)), ("a", "b"), truth, probability)


def test_the_worst_and_the_surest_come_first():
    told = answers()
    chosen = choose(told)
    wrong = np.flatnonzero(told.named != told.truth)
    assert chosen.misclassified == sorted(wrong, key=lambda row: told.own[row])[:9]
    for label, name in enumerate(told.classes):
        assert all(told.truth[row] == label for row in chosen.worst[name] + chosen.surest[name])
        assert all(row in wrong for row in chosen.worst[name])
        assert not set(chosen.surest[name]) & set(wrong)
        sure = told.own[chosen.surest[name]]
        assert (np.diff(sure) <= 0).all()
        assert sure[0] == told.own[(told.truth == label)].max()


def test_samples_show_every_class():
    told = answers()
    assert {told.truth[row] for row in choose(told).samples} == {0, 1}


def test_where_no_answer_is_wrong_none_is_shown_as_wrong():
    chosen = choose(answers(right=True))
    assert chosen.misclassified == []
    assert set(map(len, chosen.worst.values())) == {0}


def test_pictures_are_written_small_and_told_by_name(tmp_path):
    told, asked = answers(), []

    def heat(images, label):
        asked.append(label)
        return np.ones(images.shape[:3], np.float32)

    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "777.jpg").write_bytes(b"of an earlier run")
    chosen = choose(told)
    rows = chosen.rows
    pictures = np.full((len(told.names), 300, 300, 3), 40, np.uint8)
    write_examples(tmp_path, told, chosen, lambda some: pictures[some], heat)
    listing = read_examples(tmp_path)
    assert sorted(map(int, listing["answers"])) == rows
    hot = sorted({*chosen.misclassified, *chosen.samples})
    assert asked[0].tolist() == told.named[hot].tolist()
    one = listing["answers"][str(hot[0])]
    assert one["name"] == told.names[hot[0]]
    with Image.open(tmp_path / "examples" / one["heat"]) as image:
        assert image.size == (160, 160)
    assert not (tmp_path / "examples" / "777.jpg").exists()
