import pytest

from tests.train.detect import sky


@pytest.fixture(scope="session")
def lesson_folder(tmp_path_factory):
    """Two simulated fields and their tables; read only."""
    folder = tmp_path_factory.mktemp("lessons")
    for number in (1, 2):
        sky.write(folder, name=f"007001-1-{number:04d}", seed=number, at=140.0 + number)
    return folder


@pytest.fixture(scope="session")
def small():
    """A recipe that learns round galaxies from stars in seconds."""
    from train.detect.recipe import Recipe

    return Recipe(tile_px=96, overlap_px=48, channels=32, steps=80, batch=4, lr=4e-3)


@pytest.fixture(scope="session")
def detector(lesson_folder, small):
    """A detector that learnt from the lessons, in float32."""
    pytest.importorskip("torchvision")
    from train.detect import lessons, teach
    from train.detect.weights import Detector

    course = teach.teach(lessons.read(lesson_folder, small), small)
    return Detector(course.model, small, "2 fields, 2 of them simulated")


@pytest.fixture(scope="session")
def real_field(shared_data):
    """Field 3918-3-213, opened once: unpacking its frames takes seconds."""
    from train.detect.fields import Field
    from train.detect.frames import gather

    with Field(gather([shared_data / "sdss/frames/003918-3-0213"])[0]) as field:
        yield field
