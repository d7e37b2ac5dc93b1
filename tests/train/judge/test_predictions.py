from __future__ import annotations

import io
import os

import numpy as np
import pytest

from galaxycurate.errors import InputError
from train.judge.predictions import read_predictions, write_predictions


def test_what_was_written_is_read(tmp_path):
    odd = os.fsdecode(b"test/\xef\xe9.jpg")  # no UTF-8
    names, classes = ['test/a, "b".jpg', odd], ("p_odd", "b")
    probability, truth = np.array([[0.125, 0.875], [1.0, 0.0]]), np.array([0, 1])
    write_predictions(tmp_path / "p.csv", names, classes, probability, truth)
    assert "test/\\udcef\\udce9.jpg" in (tmp_path / "p.csv").read_text(encoding="utf-8")
    read = read_predictions(tmp_path / "p.csv")
    assert (list(read.names), read.classes) == (names, classes)
    assert np.array_equal(read.probability, probability)
    assert read.truth.tolist() == [0, 1]
    assert read.named.tolist() == [1, 0]
    assert read.own.tolist() == [0.125, 0.0]


def test_without_truth_there_is_no_column_of_it():
    file = io.StringIO()
    write_predictions(file, ["a"], ("x", "y"), np.array([[0.25, 0.75]]))
    assert file.getvalue() == "name,class,p_x,p_y\na,y,0.25,0.75\n"


@pytest.mark.parametrize(
    "content", ["", "name,class,p_a\nx,a,1\n", "name,true,class,p_a\nx,b,a,1\n", "\x00\n"]
)
def test_another_file_is_refused_by_name(content, tmp_path):
    (tmp_path / "p.csv").write_text(content)
    with pytest.raises(InputError, match=r"p\.csv is not the answers of a test"):
        read_predictions(tmp_path / "p.csv")


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(InputError, match="cannot read"):
        read_predictions(tmp_path / "p.csv")
