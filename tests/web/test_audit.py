"""The audit's page: circles where the objects are, sorted by brightness, and honest about the sky.

The pictures are simulated.
"""

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from galaxycurate.core.outcome import Verdict, VerdictKind
from galaxycurate.pipeline.audit.audit import Audited
from galaxycurate.pipeline.audit.images import Image
from galaxycurate.pipeline.audit.judged import Judged
from galaxycurate.pipeline.audit.shown import AT_MOST
from galaxycurate.store.images import ImageTree
from galaxycurate.store.manifest import Header, Manifest
from galaxycurate.store.settings import Settings
from galaxycurate.web.audit import render, write
from tests.pipeline.project import picture

SIDE = 64


@pytest.fixture
def settings(tmp_path):
    return Settings(dataset=str(tmp_path / "dataset"), manifests=str(tmp_path / "manifests"))


def judged(settings, name, kind=VerdictKind.CONTAMINATED, *, picture_of=1, **verdict):
    path = f"images/negative/{name}.jpg"
    if picture_of is not None:
        ImageTree(settings_root(settings)).write(path, picture(picture_of, side=SIDE))
    image = Image(path, "negative", name, True, 150.0, 2.0, SIDE * 0.396, SIDE, 20.0)
    radius = verdict.pop("radius_px", 8.0)
    return Judged(Verdict(path, kind, **verdict), image, radius)


def settings_root(settings):
    return Path(settings.dataset)


def page_of(settings, *those, **about):
    kinds = Counter(str(one.verdict.kind) for one in those)
    return render(settings, Audited(images=len(those), judged=list(those),
                                    counts={"negative": kinds}, **about))  # fmt: skip


class Checker(HTMLParser):
    """Counts tags; a page whose tags do not match is no page."""

    VOID = frozenset({"meta", "br", "img", "image", "rect", "circle", "link"})

    def __init__(self):
        super().__init__()
        self.open: list[str] = []
        self.seen: Counter[str] = Counter()

    def handle_starttag(self, tag, attrs):
        self.seen[tag] += 1
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag


def test_the_circle_is_where_the_object_is_in_units_of_the_picture(settings):
    one = judged(settings, "a", dx=16.0, dy=-32.0, radius_px=8.0, mag_r=18.25, partner="123")
    page = page_of(settings, one)
    circles = re.findall(r'cx="([-.\d]+)" cy="([-.\d]+)" r="([.\d]+)"', page)
    assert circles == [("0.2500", "-0.5000", "0.1250")] * 2  # a dark one under a light one
    assert "r = 18.25 · 123" in page


def test_a_magnitude_that_nobody_knows_is_not_told(settings):
    one = judged(settings, "a", dx=5.0, tier="light", score=0.8)
    page = page_of(settings, one)
    assert "<figcaption>pixels alone, p\u00a0=\u00a00.80" in page
    assert "r = " not in page


def release_of(page: str) -> list[str]:
    return re.findall(r"<li>SDSS (DR\d+): ", page)


def test_only_releases_that_were_used_are_credited(settings):
    """Of pictures of release 7, with no catalogue asked, the settings' release tells nothing."""
    one = judged(settings, "a", dx=1.0)
    assert release_of(page_of(settings, one)) == []
    assert release_of(page_of(settings, one, archive="an archive")) == ["DR17"]
    about = {"name": ["a"], "label": ["negative"], "dr7objid": [587722981742215240]}
    unknown = {key: [None] for key in ("ra", "dec", "pixscale", "size_px")}
    header = Header(command="test", created_utc="2026", archive="pictures of a test")
    made = Manifest.build(header, about | unknown, where="test")
    made.write(Path(settings.manifests) / "one.parquet")
    assert release_of(page_of(settings, one)) == ["DR7"]


def test_a_picture_with_two_verdicts_counts_once_and_is_shown_under_each(settings):
    both = [judged(settings, "a", kind, dx=1.0) for kind in
            (VerdictKind.SECOND_GALAXY, VerdictKind.STAR_OVER)]  # fmt: skip
    counts = {"negative": Counter({"second galaxy": 1})}
    page = render(settings, Audited(images=1, judged=both, counts=counts))
    assert "A picture counts once, under the worst" in page
    assert re.search(r'<th scope="row">all</th><td class="n">1</td><td class="n">1</td>', page)
    assert page.count('<small class="soft">all 1</small>') == 2


def test_pictures_are_sorted_by_the_brightness_of_what_is_in_them(settings):
    those = [judged(settings, f"m{mag}", dx=1.0, mag_r=mag) for mag in (19.5, 15.25, 17.75)]
    found = re.findall(r"r = ([\d.]+)", page_of(settings, *those))
    assert found == ["15.25", "17.75", "19.50"]


def test_what_pixels_alone_tell_is_dashed_and_clean_pictures_bear_no_circle(settings):
    light = judged(settings, "a", VerdictKind.BORDERLINE, dx=5.0, tier="light", score=0.8)
    clean = judged(settings, "b", VerdictKind.CLEAN, score=0.1, radius_px=0.0)
    page = page_of(settings, light, clean)
    assert page.count("stroke-dasharray") == 2
    assert page.count("<circle") == 2
    assert "pixels alone, p\u00a0=\u00a00.80" in page


def test_a_picture_that_cannot_be_read_is_said_to_be_none(settings):
    gone = judged(settings, "a", VerdictKind.UNREADABLE, picture_of=None, evidence="truncated")
    page = page_of(settings, gone)
    assert "no picture" in page
    assert "truncated" in page


def test_the_page_is_whole_and_needs_no_network(settings, tmp_path):
    those = [judged(settings, "<b>&", dx=1.0, evidence="a <galaxy> & more", mag_r=17.0)]
    path = write(settings, Audited(images=1, judged=those), tmp_path / "audit.html")
    page = path.read_text()
    checker = Checker()
    checker.feed(page)
    assert checker.open == []
    assert checker.seen["figure"] == 1
    assert "a &lt;galaxy&gt; &amp; more" in page
    assert not re.search(r'(?:src|href)="http:|url\(http|<script|<link', page)


def test_a_simulated_sky_is_called_so_and_a_real_one_is_not(settings):
    one = judged(settings, "a", dx=1.0)
    assert "SIMULATED SKY - not SDSS data" in page_of(settings, one, simulated=True)
    assert "SIMULATED" not in page_of(settings, one)


def test_a_sheet_shows_no_more_than_it_can_and_says_of_how_many(settings):
    one = judged(settings, "a", dx=1.0, mag_r=18.0)
    many = [replace(one, verdict=replace(one.verdict, dx=float(k))) for k in range(AT_MOST + 5)]
    assert f"{AT_MOST:,} of {AT_MOST + 5:,}" in page_of(settings, *many)
