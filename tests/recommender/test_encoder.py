from __future__ import annotations

import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from recommender.encoder import Encoder, EncoderMissing
from recommender.export import export, source_of

TEXTS = ["a linen shirt", "", "An oak dining table that seats eight people and comes flat-packed", "socks", "Größe 42, naïve 日本"]


def test_vectors_have_unit_length_and_the_models_width(encoder):
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (5, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_vectors_are_those_of_sentence_transformers(encoder):
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(source_of("all-MiniLM-L6-v2")), device="cpu")
    np.testing.assert_allclose(encoder.encode(TEXTS), model.encode(TEXTS, normalize_embeddings=True), atol=1e-5)


def test_a_text_has_the_same_vector_alone_and_in_a_batch_and_in_the_order_asked(encoder):
    together = encoder.encode(TEXTS * 10)
    for k, text in enumerate(TEXTS):
        np.testing.assert_allclose(together[k + 5], encoder.encode_one(text), atol=1e-5)


def test_meaning_counts_more_than_words(encoder):
    sofa, couch, spanner = encoder.encode(["a comfortable sofa", "cosy couch", "a steel spanner"])
    assert sofa @ couch > sofa @ spanner + 0.2


def test_no_text_gives_no_vectors_and_a_very_long_one_is_cut(encoder):
    assert encoder.encode([]).shape == (0, 384)
    np.testing.assert_allclose(encoder.encode_one("candle " * 5000), encoder.encode_one("candle " * 200), atol=1e-5)


def test_kept_vectors_are_read_back_without_running_the_model(encoder_folder, tmp_path, monkeypatch):
    first = Encoder(encoder_folder, cache=tmp_path / "vectors.db")
    made = first.encode(TEXTS, keep=True)
    second = Encoder(encoder_folder, cache=tmp_path / "vectors.db")
    monkeypatch.setattr(second, "_run", lambda texts: pytest.fail(f"encoded again: {texts}"))
    np.testing.assert_array_equal(second.encode(TEXTS, keep=True), made)


def test_a_damaged_cache_is_made_anew(encoder_folder, tmp_path):
    path = tmp_path / "vectors.db"
    path.write_bytes(b"this is not a database" * 500)
    encoder = Encoder(encoder_folder, cache=path)
    np.testing.assert_allclose(encoder.encode(TEXTS, keep=True), encoder.encode(TEXTS), atol=1e-6)


def test_an_altered_model_file_is_refused(encoder_folder, tmp_path):
    copy = tmp_path / "encoder"
    shutil.copytree(encoder_folder, copy)
    with (copy / "tokenizer.json").open("a") as file:
        file.write(" ")
    with pytest.raises(EncoderMissing, match="tokenizer.json"):
        Encoder(copy)


def test_a_missing_export_and_an_unknown_model_say_what_to_do(tmp_path):
    with pytest.raises(EncoderMissing, match="shopkeeper train"):
        Encoder(tmp_path)
    with pytest.raises(EncoderMissing, match="all-MiniLM-L6-v2"):
        export(SimpleNamespace(var_dir=tmp_path, encoder="no-such-model"))


def test_the_same_weights_are_not_exported_twice(encoder_folder):
    settings = SimpleNamespace(var_dir=encoder_folder.parent.parent, encoder="all-MiniLM-L6-v2")
    before = (encoder_folder / "manifest.json").stat().st_mtime_ns
    export(settings, progress=lambda line: pytest.fail(line))
    assert (encoder_folder / "manifest.json").stat().st_mtime_ns == before


def test_serving_does_not_import_torch():
    code = "import recommender.encoder, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
