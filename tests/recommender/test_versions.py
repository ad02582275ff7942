from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from recommender import versions
from recommender.versions import NoModel


def write(settings, number: int = 1):
    return versions.write(settings, {"a": np.arange(number)}, {"weights": [number]}, {"metrics": {}})


def test_what_is_written_is_read(settings):
    version = write(settings, 3)
    assert versions.current(settings).name == version.name
    arrays, model = versions.read(versions.current(settings))
    np.testing.assert_array_equal(arrays["a"], [0, 1, 2])
    assert model == {"weights": [3]}


def test_the_newest_three_are_kept_and_the_last_is_current(settings):
    names = [write(settings, number).name for number in range(1, 6)]
    kept = sorted(path.name for path in versions.home(settings).iterdir() if path.is_dir())
    assert kept == names[-3:]
    assert versions.current_name(settings) == names[-1]


def test_nothing_trained_is_said(settings):
    with pytest.raises(NoModel, match="has not been trained"):
        versions.current(settings)


@pytest.mark.parametrize("file", ["arrays.npz", "model.json"])
def test_a_damaged_file_is_refused(settings, file):
    version = write(settings)
    with (version.folder / file).open("ab") as broken:
        broken.write(b"x")
    with pytest.raises(NoModel, match=file):
        versions.read(version)


def test_a_missing_file_and_a_broken_manifest_are_refused(settings):
    version = write(settings)
    (version.folder / "arrays.npz").unlink()
    with pytest.raises(NoModel, match="cannot be read"):
        versions.read(version)
    for content in ("", "[]", json.dumps({"sha256": None})):
        (version.folder / "manifest.json").write_text(content)
        with pytest.raises(NoModel, match="manifest"):
            versions.current(settings)
    shutil.rmtree(version.folder)
    with pytest.raises(NoModel):
        versions.current(settings)


def test_the_pointer_leads_nowhere_outside(settings):
    write(settings)
    (versions.home(settings) / "current").write_text("../../elsewhere")
    with pytest.raises(NoModel):
        versions.current(settings)


def test_arrays_that_would_need_pickle_are_not_loaded(settings):
    version = write(settings)
    np.savez(version.folder / "arrays.npz", a=np.array([{"a": 1}], dtype=object))
    manifest = dict(version.manifest)
    manifest["sha256"] = {file: versions.file_hash(version.folder / file) for file in versions.FILES}
    with pytest.raises(NoModel, match="cannot be read"):
        versions.read(versions.Version(version.name, version.folder, manifest))


def test_a_failed_write_leaves_the_current_version(settings, monkeypatch):
    version = write(settings)
    monkeypatch.setattr(np, "savez", lambda *a, **k: (_ for _ in ()).throw(OSError("no space left")))
    with pytest.raises(OSError, match="no space"):
        write(settings, 2)
    assert versions.current(settings).name == version.name
    assert [path for path in versions.home(settings).iterdir() if path.name.startswith(".")] == []
