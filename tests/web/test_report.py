from __future__ import annotations

import io
import itertools
import re
import struct
import zlib
from html.parser import HTMLParser

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from galaxycurate.core.cite import credit
from galaxycurate.core.decision import Decision, DecisionKind
from galaxycurate.core.outcome import Verdict, VerdictKind
from galaxycurate.errors import StorageError
from galaxycurate.pipeline.dedupe.dedupe import dedupe
from galaxycurate.pipeline.report.gather import gather
from galaxycurate.pipeline.report.shown import Histogram
from galaxycurate.pipeline.split.split import split
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.settings import Settings
from galaxycurate.web import plots
from galaxycurate.web.pictures import small_jpeg
from galaxycurate.web.report import SECTIONS, render, write
from tests import pictures
from tests.pipeline.dedupe.collection import fill
from tests.pipeline.project import Project, picture
from tests.pipeline.report.collection import collect

BANNER = "SIMULATED SKY - not SDSS data"


class Page(HTMLParser):
    """The elements of a page, as (tag, attributes)."""

    def __init__(self, text: str):
        super().__init__()
        self.elements: list[tuple[str, dict]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict]:
        return [attrs for name, attrs in self.elements if name == tag]


@pytest.fixture
def project(tmp_path) -> Project:
    return Project(tmp_path)


def page_of(project: Project, *, curate: bool = True) -> str:
    if curate:
        dedupe(project.settings)
        split(project.settings)
    return render(gather(project.settings, training=project.training, shortcuts=False))


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> str:
    """Of one project, made once: the tests only read it."""
    project = Project(tmp_path_factory.mktemp("page"))
    ra = [150.0, 150.01, *(150.1 + 0.1 * np.arange(18))]
    project.fetch(project.manifest("spiral", 20, ra=ra, dec=[2.0] * 20))
    project.fetch(
        project.manifest("elliptical", 20, ra=np.array(ra) + 0.05, dec=[2.1] * 20), rejected=2
    )
    return page_of(project)


def test_the_page_needs_no_network(page):
    found = Page(page)
    assert not found.all("script")
    assert not found.all("link")
    assert all(img["src"].startswith("data:image/") for img in found.all("img"))
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)


def test_every_picture_has_words(page):
    found = Page(page)
    assert len(found.all("img")) > 30
    assert all(img["alt"].strip() for img in found.all("img"))
    labelled = [attrs for _tag, attrs in found.elements if attrs.get("role") in ("img", "group")]
    assert all(attrs["aria-label"].strip() for attrs in labelled)


def test_headings_come_in_order_and_links_inside_lead_somewhere(page):
    found = Page(page)
    levels = [int(tag[1]) for tag, _attrs in found.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    ids = [attrs["id"] for _tag, attrs in found.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    inside = {a["href"][1:] for a in found.all("a") if a["href"].startswith("#")}
    used = set(re.findall(r'(?:url\(|xlink:href=")#([^)"]+)', page))
    assert inside
    assert inside | used <= set(ids)


def test_the_real_sky_carries_no_banner(page):
    assert BANNER not in page


def test_a_simulated_sky_is_called_so_in_title_banner_and_sections(project):
    project.archive = "http://127.0.0.1:1 (galaxycurate-sandbox (simulated sky: mini))"
    project.fetch(project.manifest("spiral", 3))
    text = page_of(project, curate=False)
    assert text.count(BANNER) == 2
    assert "<title>Simulated sky: " in text
    assert re.search(r'Contact sheets<span class="tag">simulated</span>', text)


def test_texts_of_others_are_escaped(project):
    project.archive = '<script>alert("x")</script> & co'
    project.provider = "<b>bold</b>"
    project.fetch(project.manifest("a+b", 2))
    text = page_of(project, curate=False)
    assert not Page(text).all("script")
    assert not Page(text).all("b")
    assert "&lt;script&gt;" in text
    assert "a+b, n = 2" in text


def test_a_label_that_looks_like_mathematics_or_markup_is_drawn_as_it_stands():
    svg = plots.histogram(Histogram("Votes", "x", (0.0, 1.0), {r"$\frac{$<i>": (3,)}))
    assert r"$\frac{$&lt;i&gt;, n = 3" in svg


def test_a_picture_that_is_gone_or_broken_becomes_a_placeholder(project):
    manifest = project.manifest("spiral", 3)
    project.fetch(manifest)
    files = sorted((project.root / "dataset/images/spiral").glob("*.jpg"))
    files[0].unlink()
    files[1].write_bytes(b"no picture")
    text = page_of(project, curate=False)
    assert "the file is gone" in text
    assert "unreadable: no picture but text: no picture" in text
    assert len(Page(text).all("img")) == 1


def test_a_truncated_picture_is_a_placeholder_too(project):
    project.fetch(project.manifest("spiral", 2))
    file = next((project.root / "dataset/images/spiral").glob("*.jpg"))
    file.write_bytes(file.read_bytes()[:400])
    assert "unreadable" in page_of(project, curate=False)


def bomb() -> bytes:
    """A head that asks for 3 GB of memory."""
    head = struct.pack(">IIBBBBB", 32_000, 32_000, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", b""), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )


def broken_png() -> bytes:
    """Whole at its head; a chunk inside bears no name."""
    noise = np.random.default_rng(0).integers(0, 255, (300, 300, 3), np.uint8)
    body = io.BytesIO()
    Image.fromarray(noise).save(body, "PNG")
    first, *others = body.getvalue().split(b"IDAT")
    return first + b"IDAT" + others[0] + b"\0\0\0\0" + b"IDAT".join(others[1:])


@pytest.mark.parametrize(
    ("make", "why"), [(bomb, "32000 x 32000 px is more than 200 million"), (broken_png, "broken")]
)
def test_whatever_pillow_says_of_a_file_it_is_a_placeholder(project, make, why):
    project.fetch(project.manifest("spiral", 2))
    next((project.root / "dataset/images/spiral").glob("*.jpg")).write_bytes(make())
    text = page_of(project, curate=False)
    assert f"unreadable: {why}" in text
    assert len(Page(text).all("img")) == 1


def test_figures_of_the_proof_stand_on_the_page(page):
    assert "No: the split holds." in page
    assert "share " in page
    assert re.search(r"closest centres across splits</th><td class=\"n\">[\d.,]+ arcsec", page)


def test_the_page_claims_no_more_than_was_measured(project):
    project.fetch(project.manifest("spiral", 20, ra=[None] * 20, dec=[None] * 20))
    text = page_of(project)
    assert "No: the split holds." not in text
    assert "the sky could not be compared for 20 of 20 images" in text
    assert "not measured" in text
    assert "No cutout of these manifests has a position." in text


def test_accuracy_and_confusion_matrix_are_shown_where_there_is_a_training(project):
    project.fetch(project.manifest("spiral", 3))
    project.training.mkdir()
    (project.training / "metrics.json").write_text(
        '{"test": {"accuracy": 0.9231, "accuracy_interval": [0.7586, 0.9786], "n": 26, '
        '"classes": {"<i>": {"recall": 0.5}, "spiral": {}}, "confusion": [[3, 3], [0, 20]]}}'
    )
    text = page_of(project, curate=False)
    assert "Test accuracy 0.9231 (95 % interval 0.7586 to 0.9786), 26 images" in text
    assert "the network's answer (columns)</caption>" in text
    assert re.search(r'<th scope="row">&lt;i&gt;</th><td.*>3 <small>50.0 %</small></td>', text)
    assert "from: python -m train, " in text


def test_the_report_of_five_hundred_cutouts_stays_under_five_megabytes(project):
    for label in ("elliptical", "spiral", "merger", "negative", "star"):
        project.fetch(project.manifest(label, 100))
    facts = gather(project.settings, training=project.training, shortcuts=False)
    path = write(facts, project.root / "report.html")
    assert path.stat().st_size < 5_000_000


def test_it_is_written_whole_or_not_at_all(project):
    project.fetch(project.manifest("spiral", 2))
    facts = gather(project.settings, training=project.training, shortcuts=False)
    blocked = project.root / "a file"
    blocked.write_text("")
    with pytest.raises(StorageError, match="cannot write"):
        write(facts, blocked / "report.html")
    made = write(facts, project.root / "out" / "report.html")
    assert [p.name for p in made.parent.iterdir()] == ["report.html"]


def test_one_state_gives_one_page(project):
    project.fetch(project.manifest("spiral", 4))
    facts = gather(project.settings, training=project.training, shortcuts=False)
    assert render(facts) == render(facts)


def test_plots_take_the_colours_of_the_page(page):
    assert not {"#010203", "#040506", "#070809"} & set(re.findall(r"#\w{6}", page))
    assert "DejaVu Sans'" not in page
    assert "var(--sans); text-anchor: middle; fill: var(--ink)" in page


def test_each_of_twelve_classes_has_its_own_mark():
    styles = plots.class_styles([f"class {k}" for k in range(12)])
    assert len(set(styles.values())) == 12


def test_cutouts_are_made_small():
    assert len(small_jpeg(picture(1, side=512))) < 14_000


@pytest.mark.parametrize(
    ("releases", "paper"),
    [(["dr17"], "Abdurro'uf et al. 2022"), (["dr7", "DR8"], "Aihara et al. 2011"),
     (["edr", "dr7"], "Abazajian et al. 2009")],
)  # fmt: skip
def test_the_release_used_is_cited(releases, paper):
    assert any(paper in text for _what, text in credit(releases).papers)


def test_survey_and_galaxy_zoo_are_always_cited(page):
    for paper in ("York et al. 2000", "Abdurro&#39;uf et al. 2022", "Lintott et al. 2008",
                  "Lintott et al. 2011", "Willett et al. 2013"):  # fmt: skip
        assert paper in page
    assert "Funding for the Sloan Digital Sky Survey IV" in page


def test_real_cutouts_make_a_page(shared_data, project):
    files = sorted((shared_data / "images" / "gz1_dr7").glob("*.jpeg"))[:8]
    manifest = project.manifest("spiral", 8)
    project.fetch(manifest)
    kept = sorted((project.root / "dataset/images/spiral").glob("*.jpg"))
    for target, source in zip(kept, files, strict=True):
        target.write_bytes(source.read_bytes())
    assert len(Page(page_of(project, curate=False)).all("img")) == 8


def test_the_estimated_share_of_false_pairs_stands_beside_their_number(tmp_path):
    settings = Settings(dataset=str(tmp_path / "d"), manifests=str(tmp_path / "m"))
    whole = pictures.sky(1, 600, sources=90)
    windows = {"a": (0, 0), "b": (90, 40), "c": (300, 300)}
    bodies = {n: (pictures.saved(whole[y : y + 256, x : x + 256]), None, None)
              for n, (x, y) in windows.items()}  # fmt: skip
    fill(settings, bodies, pixscale=0.4, size_px=256)
    dedupe(settings)
    page = render(gather(settings, training=tmp_path, shortcuts=False))
    assert "false, estimated" in page
    assert '<th scope="row">drift</th><td class="n">1</td><td class="n">' in page
    assert "<p>shift " in page


def test_the_page_begins_with_five_lines_that_lead_to_their_sections(page):
    summary = page[page.index('<section class="summary"') : page.index("</section>")]
    rows = re.findall(
        r'<a href="#(\w+)">(\w+)</a></th><td class="level">.*?</span> ([\w ]+)</td>', summary
    )
    assert [about for _to, about, _word in rows] == [
        "Pictures", "Leaks", "Contents", "Shortcuts", "Numbers",
    ]  # fmt: skip
    assert {word for _to, _about, word in rows} <= {"good", "look", "mend", "not known"}
    assert "Can this dataset be trusted?" in summary


def test_each_section_with_figures_says_which_run_they_come_from(page):
    for section in ("funnel", "classes", "splits", "sheets", "rejected", "pairs"):
        begin = page.index(f'<h2 id="{section}">')
        end = page.find("<h2 ", begin + 1)
        assert re.search(r'<p class="from">from: galaxycurate \w+, run \d', page[begin:end]), (
            section
        )


def test_each_section_says_where_it_comes_from_or_why_it_is_empty(page):
    inside = re.split(r'<h2 id="(\w+)">', page)[1:]
    sections = dict(zip(inside[::2], inside[1::2], strict=True))
    assert list(sections) == ["trust", *(name for name, _title in SECTIONS)]
    empty = {name for name, text in sections.items() if 'class="from"' not in text} - {"trust"}
    assert empty == {"shortcuts", "audit", "people", "training", "hardest"}
    for name in empty:
        assert re.search(r"<p>(Not|Nobody|There is no|Which are hard is not known)", sections[name])


def test_figures_of_a_training_on_another_split_are_said_to_be_so(project):
    project.fetch(project.manifest("spiral", 20))
    dedupe(project.settings)
    split(project.settings)
    project.training.mkdir()
    (project.training / "metrics.json").write_text('{"test": {"accuracy": 0.9, "n": 1}}')
    (project.training / "predictions.csv").write_text(
        "name,true,class,p_spiral\ntest/spiral/gone.jpg,spiral,spiral,1\n"
    )
    text = page_of(project, curate=False)
    assert "Of its 1 test images the newest split has 1 in no part of it." in text
    assert "<dt>test accuracy, of another split</dt><dd>90.0 %</dd>" in text


def test_tables_have_heads_with_a_scope(page):
    for table in re.findall(r"<table.*?</table>", page, re.DOTALL):
        assert re.search(r'<th scope="(col|row)', table)
        assert "<th>" not in table


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> str:
    """A page of classes made in two ways, audited, decided on by two people with odd names."""
    root = tmp_path_factory.mktemp("told")
    made = {"spiral": [pictures.saved(pictures.sky(k, 96), "JPEG") for k in range(14)],
            "negative": [pictures.saved(pictures.sky(k, 64)) for k in range(50, 64)]}  # fmt: skip
    settings = collect(root, made)
    with Ledger.open(settings.ledger_url) as ledger:
        there = {o.path: o.sha256 for o in ledger.outcomes()}
        first, second = sorted(there)[:2]
        found = [
            Verdict(first, VerdictKind.CONTAMINATED, keep=False, tier="light", dx=8.0, dy=-16.0,
                    score=0.9, evidence="<i>a galaxy</i>"),
            *(Verdict(path, VerdictKind.CLEAN, tier="light") for path in sorted(there)[1:]),
        ]  # fmt: skip
        ledger.record("audit", {"archive": ""}, verdicts=found)
        lines = [
            Decision(f"{k:032x}", path, DecisionKind.REJECT, reason='<script>"x"</script>',
                     reviewer="<b>Ann</b>", sha256=there[path])
            for k, path in enumerate([first, second])
        ]  # fmt: skip
        ledger.decide(ledger.start("review", {}), lines)
    return render(gather(settings, training=root))


def test_a_shortcut_is_a_warning_with_figures_and_what_to_do(told):
    assert "How the files were made tells the class" in told
    assert "Make all classes the same way" in told
    assert re.search(r'<th scope="row">format of the file</th><td>file</td>', told)
    assert '<td class="n typical">PNG</td>' in told
    assert '<td class="n typical">JPEG</td>' in told


def test_what_the_audit_suspects_is_circled(told):
    assert "negative: contaminated" in told
    assert 'cx="0.1250" cy="-0.2500"' in told
    assert "stroke-dasharray" in told


def test_words_of_people_and_of_the_ledger_are_escaped(told):
    assert not Page(told).all("script")
    assert not Page(told).all("i")
    assert not Page(told).all("b")
    assert "&lt;b&gt;Ann&lt;/b&gt;" in told
    assert "rejected: &lt;script&gt;&#34;x&#34;&lt;/script&gt;" in told


def test_pictures_that_are_arrays_are_shown(tmp_path):
    packed = io.BytesIO()
    np.savez(packed, rgb=pictures.sky(3, 64))
    image = io.BytesIO()
    fits.PrimaryHDU(np.random.default_rng(0).normal(0, 1, (3, 64, 64)).astype("f4")).writeto(image)
    settings = collect(tmp_path, {"spiral": [packed.getvalue(), image.getvalue()]})
    text = render(gather(settings, training=tmp_path, shortcuts=False))
    assert len(Page(text).all("img")) == 2


def test_one_class_alone_and_no_split_make_a_page(tmp_path):
    settings = collect(tmp_path, {"spiral": [pictures.saved(pictures.sky(1))]})
    text = render(gather(settings, training=tmp_path))
    assert "There is one class only: spiral." in text
    assert "Not checked: it takes two classes" in text
    assert "There are no splits yet" in text


def test_no_network_is_needed_for_any_section(told):
    found = Page(told)
    assert not found.all("link")
    assert all(img["src"].startswith("data:") for img in found.all("img"))
    assert all(one["href"].startswith("data:") for one in found.all("image"))
