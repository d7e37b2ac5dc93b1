import pytest

from galaxycurate.catalogs import known
from galaxycurate.catalogs.rules.shipped import fitting, load, names
from galaxycurate.errors import InputError, LayoutError, SettingError
from galaxycurate.store import sqlfiles

MINE = """
title = "Rings and mergers"
catalogs = ["gz2"]
threshold = 0.5
votes = "n"
[kinds]
debiased = "_debiased"
raw = "_fraction"
[columns]
ring = "T08_ring{kind}"
n = "t08_count"
[[branch]]
name = "odd"
cuts = ["n >= 5"]
[[class]]
name = "ringed"
within = "odd"
cuts = ["ring >= threshold"]
fraction = "ring"
"""


@pytest.fixture
def mine(tmp_path):
    def written(text=MINE, *changes):
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "mine.toml"
        path.write_text(text)
        return load(str(path))

    return written


@pytest.mark.parametrize("name", names())
def test_every_scheme_that_comes_along_says_what_it_is_and_reads_documented_columns(name):
    scheme = load(name)
    assert all((scheme.title, scheme.source, scheme.class_names))
    assert len(scheme.sha256) == 64
    for catalog in scheme.catalogs:
        documented = {c.name for table in known.find(catalog).tables for c in table.columns}
        for kind in scheme.kinds or [""]:
            assert set(scheme.required(kind)) <= documented, (catalog, kind)


def test_the_scheme_of_every_catalogue_exists():
    for catalog in known.catalogs():
        if catalog.scheme:
            assert catalog.name in load(catalog.scheme).catalogs


@pytest.mark.parametrize("catalog", ["gz1", "gz2"])
def test_the_archive_is_asked_for_every_column_that_a_scheme_reads(catalog):
    there = {name.lower() for name, _ in sqlfiles.read(f"votes_{catalog}").columns}
    for scheme in (load(name) for name in names()):
        if catalog in scheme.catalogs and not scheme.label:
            for kind in scheme.kinds or [""]:
                assert {scheme.column(short, kind) for short in scheme.columns} <= there


def test_a_scheme_of_the_users_own_is_read(mine):
    scheme = mine()
    assert (scheme.name, scheme.class_names, scheme.min_votes) == ("mine", ("ringed",), 0)
    assert scheme.required("raw") == ["t08_ring_fraction", "t08_count"]
    assert [node.name for node in scheme.path(scheme.classes[0])] == ["odd", "ringed"]


def test_columns_to_read_are_those_of_the_kind_that_is_there(mine):
    scheme = mine()
    there = ["t08_ring_fraction", "t08_count", "ra"]
    assert scheme.wants(None, there) == ["t08_ring_fraction", "t08_count"]
    assert scheme.kind_of(None, [*there, "t08_ring_debiased"]) == "debiased"
    with pytest.raises(LayoutError, match=r"votes.csv holds no debiased vote fractions, only raw"):
        scheme.wants("debiased", there, "votes.csv")
    with pytest.raises(SettingError, match="knows no weighted votes"):
        scheme.wants("weighted", there)


def test_missing_columns_are_named_with_the_scheme_that_could_read_the_table():
    with pytest.raises(
        LayoutError, match=r"flags.csv lacks what scheme gz1-binary reads: p_el_d"
    ) as e:
        load("gz1-binary").wants(None, ["spiral", "elliptical", "uncertain"], "flags.csv")
    assert "--scheme gz1-flags" in e.value.hint
    assert fitting(["gtype"]) == ["gz1-gtype"]
    assert fitting(["x"]) == []


def test_numbers_of_votes_may_be_missing():
    there = ["p_el_debiased", "p_cs_debiased"]
    assert load("gz1-binary").wants(None, there) == there


@pytest.mark.parametrize("threshold", [0.5, 0.4, 1.01, -1])
def test_a_threshold_that_allows_two_classes_is_refused(threshold):
    with pytest.raises(SettingError, match=r"must be above 0.5 and at most 1"):
        load("gz1-binary").checked(threshold)


def test_a_threshold_for_a_scheme_without_one_is_refused():
    with pytest.raises(SettingError, match="scheme gz2-five has no threshold") as caught:
        load("gz2-five").checked(0.8)
    assert "copy the scheme's file" in caught.value.hint


def test_a_wrong_name_gets_the_near_one_and_a_missing_file_is_said():
    with pytest.raises(SettingError, match="no scheme is called 'gz1-binari'") as caught:
        load("gz1-binari")
    assert caught.value.hint == "did you mean gz1-binary?"
    with pytest.raises(InputError, match=r"no such scheme: nowhere.toml"):
        load("nowhere.toml")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (("catalogs", "catalog"), "catalog is no key of a scheme"),
        (("threshold = 0.5", 'threshold = "x"'), "threshold = 'x' is no int"),
        (('name = "ringed"', 'name = "a/b"'), "class a/b: the name 'a/b' cannot be a folder"),
        (('within = "odd"', 'within = "old"'), "ringed: within = 'old' leads to no branch"),
        (('name = "odd"', 'name = "odd"\nwithin = "odd"'), "odd: within = 'odd' leads to no"),
        (('fraction = "ring"', 'fraction = "rong"'), "'rong' speaks of rong, which [columns]"),
        (("threshold = 0.5", ""), "ringed: there is no threshold"),
        (('"ring >= threshold"', '"ring"'), "ringed: 'ring' is neither true nor false"),
        (('fraction = "ring"', 'fraction = "ring > 1"'), "ringed: 'ring > 1' is no number"),
        (('title =', 'choose = "best"\ntitle ='), "choose = 'best' is not one of only"),
        (('"T08_ring{kind}"', "5"), "columns: 5 is no text"),
        (('"ring >= threshold"', "5"), "class ringed: cuts: 5 is no text"),
        (("[kinds]", "[cutout]\nsize_px = 'x'\n[kinds]"), "size_px = 'x' is no int"),
        (("[kinds]", "[cutout]\nside = 5\n[kinds]"), "cutout: side is no key of a scheme"),
        (("title =", "min_votes = -1\ntitle ="), "min_votes = -1 must be at least 0"),
        (("title =", "sample = -1\ntitle ="), "sample = -1 must be at least 1"),
        (("threshold = 0.5", "threshold = 1.5"), "threshold = 1.5 must be above 0 and at most 1"),
        (('n = "t08', 'max = "b"\nn = "t08'), "columns: the short name 'max' means something else"),
        (("[[class]]", '[[branch]]\nname = "Odd"\n[[class]]'), "two branches have one name"),
        (("[[class]]", '[[class]]\nname = "all"\n[[class]]'), "class all has no cuts"),
        (("[[class]]", "[[klass]]"), "klass is no key of a scheme"),
        (('"ring >= threshold"', '"ring >"'), "class ringed: cuts: 'ring >' cannot be read"),
    ],
    ids=lambda value: None if isinstance(value, tuple) else value,
)  # fmt: skip
def test_a_wrong_scheme_is_refused_by_file_class_and_key(mine, change, what):
    with pytest.raises(SettingError) as caught:
        mine(MINE, change)
    assert "mine.toml: " in str(caught.value)
    assert what in str(caught.value)


def test_classes_that_are_no_tables_are_refused(mine):
    with pytest.raises(SettingError, match=r"class = 'a' is no table"):
        mine('title = "x"\nclass = ["a"]')


def test_the_schemes_own_threshold_may_always_be_given(mine):
    assert mine().checked(0.5) == 0.5


def test_what_is_no_toml_is_said(mine):
    with pytest.raises(InputError, match=r"mine.toml is no TOML"):
        mine("[[class]\n")


def test_classes_and_a_column_of_labels_exclude_each_other(mine):
    with pytest.raises(SettingError, match="either classes or one column of labels"):
        mine(MINE.replace("title", 'label = "x"\ntitle'))
