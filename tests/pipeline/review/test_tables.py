"""What training wrote, joined with the pictures by the names of their files."""

import os
from pathlib import Path

import numpy as np
import pytest

from galaxycurate.core.outcome import Outcome, Status
from galaxycurate.errors import InputError, LayoutError
from galaxycurate.pipeline.review.tables import (
    PREDICTIONS,
    Named,
    found_beside,
    read_doubts,
    read_guesses,
)


def kept(label, name):
    return Outcome(f"images/{label}/{name}.jpg", name, label, "x", Status.OK)


NAMED = Named(
    [kept("spiral", "1"), kept("spiral", "2"), kept("elliptical", "2"), kept("ring", "3")]
)


@pytest.mark.parametrize(
    ("file", "path"),
    [
        ("test/spiral/1.jpg", "images/spiral/1.jpg"),
        ("elliptical/2.jpeg", "images/elliptical/2.jpg"),
        ("train/merger/3.jpg", "images/ring/3.jpg"),  # a person called it a merger
        ("train/merger/2.jpg", ""),  # which of the two, nobody can tell
        ("train\\spiral\\1.png", "images/spiral/1.jpg"),
        ("nothing.jpg", ""),
    ],
)
def test_a_picture_is_found_wherever_a_copy_of_it_lies(file, path):
    assert NAMED.path(file) == path


def test_answers_of_a_test_and_of_folds_are_both_read(tmp_path):
    test, folds = tmp_path / "predictions.csv", tmp_path / "out_of_fold.csv"
    test.write_text("name,true,class,p_ring,p_spiral\ntest/spiral/1.jpg,spiral,ring,0.9,0.1\n")
    folds.write_text("path,label,fold,class,p_ring\nring/3.jpg,ring,1,ring,0.8\n,a,1,b,0.5\n")
    (one,) = read_guesses(test, NAMED).values()
    assert (one.predicted, one.p, one.p_predicted) == ("ring", 0.1, 0.9)
    guesses = read_guesses(folds, NAMED)
    assert guesses["images/ring/3.jpg"].p == 0.8


def test_a_network_that_does_not_know_the_label_has_no_probability_for_it(tmp_path):
    file = tmp_path / "predictions.csv"
    file.write_text("name,class,p_ring\nspiral/1.jpg,ring,0.9\n")
    assert np.isnan(read_guesses(file, NAMED)["images/spiral/1.jpg"].p)


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("a,b\n1,2\n", LayoutError, "has no column path, suggested, p_label"),
        ("", LayoutError, "has no column path"),
        ("path,suggested,p_label,p_suggested,issue\nspiral/1.jpg,a,b,0.1,yes\n", InputError,
         "'b' is no number"),
        (b"path,suggested,p_label,p_suggested,issue\n\xff\xfe,a,0,0,no\n", InputError,
         "cannot be read"),
    ],
)  # fmt: skip
def test_a_file_of_another_kind_is_refused(tmp_path, text, error, said):
    file = tmp_path / "noise.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(error, match=said):
        read_doubts(file, NAMED)


def test_of_several_trainings_the_newest_is_taken(tmp_path):
    assert found_beside(PREDICTIONS, tmp_path) is None
    for k, place in enumerate(("training", "training-folds/fold-2", "training-b")):
        file = tmp_path / place / PREDICTIONS
        file.parent.mkdir(parents=True)
        file.write_text("")
        os.utime(file, (1000 + k % 2, 1000 + k % 2))
    assert found_beside(PREDICTIONS, tmp_path) == Path(
        tmp_path / "training-folds/fold-2" / PREDICTIONS
    )
