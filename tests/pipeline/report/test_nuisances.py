from __future__ import annotations

import io
from math import isnan

import numpy as np
import pytest
from PIL import Image

from galaxycurate.pipeline.report.nuisances import FORM_NAMES, OF_FILES, SUBSAMPLINGS, of_file
from tests import pictures


def test_all_that_is_promised_of_a_file_is_told():
    assert set(of_file(pictures.saved(pictures.sky(1), "JPEG"))) == set(OF_FILES)


@pytest.mark.parametrize(("said", "word"), [(0, "4:4:4"), (1, "4:2:2"), (2, "4:2:0")])
def test_how_a_jpeg_was_made_is_read_from_it(said, word):
    body = pictures.saved(
        pictures.sky(1), "JPEG", quality=60, subsampling=said, progressive=True, comment=b"moon"
    )
    found = of_file(body)
    assert FORM_NAMES[int(found["form"])] == "JPEG"
    assert SUBSAMPLINGS[int(found["subsampling"])] == word
    assert found["progressive"] == 1
    assert (found["width_px"], found["height_px"], found["mode"]) == (200, 200, 3)
    assert found["n_bytes"] == len(body)
    assert found["bytes_per_px"] == pytest.approx(len(body) / 40_000)


def test_a_coarser_jpeg_has_larger_tables_and_a_comment_counts():
    fine, coarse = (of_file(pictures.saved(pictures.sky(1), "JPEG", quality=q)) for q in (95, 40))
    assert fine["tables"] < coarse["tables"]
    assert fine["colour_tables"] < coarse["colour_tables"]
    commented = of_file(pictures.saved(pictures.sky(1), "JPEG", quality=95, comment=b"x" * 50))
    assert commented["extra_bytes"] == fine["extra_bytes"] + 50


def test_other_forms_have_no_tables():
    body = io.BytesIO()
    Image.fromarray(pictures.sky(1)[..., 0]).save(body, "PNG")
    found = of_file(body.getvalue())
    assert (FORM_NAMES[int(found["form"])], found["mode"]) == ("PNG", 1)
    assert isnan(found["tables"])
    packed = io.BytesIO()
    np.savez(packed, rgb=pictures.sky(1))
    found = of_file(packed.getvalue())
    assert FORM_NAMES[int(found["form"])] == "NumPy"
    assert isnan(found["width_px"])
