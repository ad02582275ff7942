"""Intents: spelling repair, typing errors, familiarity, and a model that reads the same after it was saved."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from bot.rasa.nlu.encoder import Encoder, encoder_directory
from bot.rasa.nlu.intents import Intents, WrongEncoder, learn, nearness, tuned_parts
from bot.rasa.nlu.noise import with_typos
from bot.rasa.nlu.repair import Repair
from bot.rasa.nlu.softmax import Features, Part, fit, part, stacked
from bot.rasa.nlu.tuning import Tuned, Tuning, in_words, longest, members_within, named, one_of_each, within

EXAMPLES = [
    *((text, "track_order") for text in ("where is my parcel", "track my order", "has my order shipped", "when will my order arrive")),
    *((text, "refund") for text in ("i want my money back", "refund me please", "how do i get a refund", "when is my refund paid")),
    *((text, "hours") for text in ("when are you open", "opening hours please", "are you open on sunday", "what time does the shop close")),
]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder(encoder_directory())


@pytest.fixture(scope="module")
def learned(encoder) -> Intents:
    return learn(EXAMPLES, encoder)[0]


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        ("my PARCLE came", "my parcel came"),
        ("my prcle came", "my prcle came"),  # two edits at once are not mended
        ("my parcl came", "my parcel came"),
        ("trakc the ordr, please", "track the order, please"),
        ("what about my sofa", "what about my sofa"),  # unknown to the shop, known to English: no soda
        ("kitchin", "kitchen"),
        ("xqzzvw 12a7 teh", "xqzzvw 12a7 teh"),
        ("naïvité", "naïvité"),
        ("", ""),
    ],
)
def test_only_unknown_words_are_repaired_and_the_shops_own_come_first(text, repaired):
    repair = Repair.learn(["track my parcel", "the order"], {"sofa": 0, "soda": 1, "kitchen": 2, "kitchens": 3})
    assert repair(text) == repaired


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        ("i cant pay", "i can't pay"),  # an apostrophe left out is no slip
        ("the cups came chipped", "the cups came chipped"),  # unknown, but made of a known word
        ("have you shippe it", "have you shipped it"),
        ("ym order", "my order"),  # short words are repaired where the training texts have them beside their neighbour
        ("ym sofa", "ym sofa"),
        ("where is the shop", "where is the shop"),
        ("where is teh shap", "where is the shop"),  # and not "ship"
        ("ship teh shap", "ship the shop"),
    ],
)
def test_the_neighbours_decide_which_word_was_meant(text, repaired):
    texts = ["i can't pay for my order", "have you shipped my order", "ship it", "ship my order", "where is the shop", "ship the cup"]
    assert Repair.learn(texts, {"chip": 0, "sofa": 1, "came": 2})(text) == repaired


def test_a_very_long_word_costs_nothing():
    word = "q" * 100_000
    assert Repair.learn(["order"], {})(word) == word


def test_a_mistyped_message_is_understood_as_the_clean_one(learned):
    for clean, mistyped in (("track my order", "trakc my ordr"), ("how do i get a refund", "how do i get a refnud")):
        chances, _ = learned.read(clean)
        assert np.allclose(learned.read(mistyped)[0], chances, atol=1e-4)


def test_a_message_out_of_scope_is_less_familiar_than_any_of_the_shops(learned):
    inside = [learned.read(text)[1] for text in ("where is my order", "can i have a refund", "opening times")]
    outside = [learned.read(text)[1] for text in ("who won the football", "tell me about quantum physics", "sing a song")]
    assert max(outside) < min(inside)


def test_a_saved_model_reads_as_before(learned, tmp_path: Path):
    learned.save(tmp_path)
    again = Intents.load(tmp_path, encoder_directory())
    for text in ("where is my pracel", "refund", "bananas", "?"):
        (before, familiar), (after, familiar_after) = learned.read(text), again.read(text)
        assert np.array_equal(before, after)
        assert familiar == familiar_after
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json", ".json", ".npz"]


def test_nearness_heeds_the_texts_of_the_chosen_intent_and_leaves_a_training_text_itself_out():
    known, intents = np.array([[1, 0], [0.6, 0.8], [0, 1]], np.float32), np.array([0, 0, 1])
    twice = known[[0, 0, 0]]
    assert nearness(twice, known, intents, np.array([0, 1, 2])) == pytest.approx([1, 0, 0])
    assert nearness(twice[:1], known, intents, np.array([0]), np.array([0])) == pytest.approx([0.6])


def test_a_model_of_an_earlier_version_says_that_it_must_be_trained_again(learned, tmp_path: Path):
    learned.save(tmp_path)
    with np.load(tmp_path / "weights.npz") as stored:
        arrays = {name: stored[name] for name in stored if name != "intents"}
    np.savez(tmp_path / "weights.npz", **arrays)
    with pytest.raises(WrongEncoder, match="Train the bot again"):
        Intents.load(tmp_path, encoder_directory())


def _toy(rng: np.random.Generator, n: int) -> tuple[Features, np.ndarray, np.ndarray]:
    from scipy.sparse import csr_matrix

    y = np.tile(np.arange(3), n)
    dense = np.eye(3, dtype=np.float32)[y] + rng.normal(0, 0.2, (3 * n, 3)).astype(np.float32)
    noisy = rng.normal(0, 1, (3 * n, 3)).astype(np.float32)
    features = Features(np.vstack([dense, noisy]), csr_matrix(np.vstack([dense, noisy])))
    return features, np.tile(y, 2), np.tile(np.arange(3 * n), 2)


def test_clean_accuracy_and_that_of_the_copies_are_told_apart():
    features, y, groups = _toy(np.random.default_rng(1), 60)
    found = fit(features, y, groups, 3, (1.0,))
    assert found.accuracy > 0.9
    assert found.typo_accuracy < 0.6


def test_many_texts_are_cross_validated_on_a_sample_and_learned_whole():
    features, y, groups = _toy(np.random.default_rng(1), 60)
    found = fit(features, y, groups, 3, (1.0,), many=120)
    assert len(found.rows) == 120
    assert set(groups[found.rows[:60]]) == set(groups[found.rows[60:]])
    assert found.weights.shape == (7, 3)


def test_a_part_scores_what_it_held_out_without_having_learned_it():
    both, twice, _ = _toy(np.random.default_rng(5), 60)
    features, y = Features(both.dense[:180], both.sparse[:180]), twice[:180]  # the other half is noise
    outside = np.arange(0, len(y), 5)
    told = y.copy()
    told[outside] = (y[outside] + 1) % (y.max() + 1)  # wrong on purpose, in the rows held out alone
    found = part(features, told, outside, int(y.max()) + 1, 10.0, 600, 0)
    assert np.array_equal(found.rows, outside)
    assert (found.scores.argmax(axis=1) == y[outside]).mean() > 0.9


def test_of_very_many_texts_some_stand_beside_the_tuned_head_under_the_numbers_they_have_among_all():
    both, y, _ = _toy(np.random.default_rng(5), 60)
    kept = np.arange(1, 180, 2)
    rows, vectors = kept[::4], both.dense[kept]
    tuned = Tuned((b"",) * 2, 4, kept, np.hstack([vectors] * 3), np.zeros((7, 3)), rows, np.zeros((len(rows), 3)))
    head, beside = tuned_parts(tuned, both.sparse[kept], y[kept], np.arange(len(kept)), (3, (1.0, 10.0), 3, 600, 7, 40))
    assert np.array_equal(head.rows, beside.rows)
    assert head.weights.shape == beside.weights.shape
    assert (beside.scores.argmax(axis=1) == y[beside.rows]).mean() > 0.9


def test_where_time_is_short_every_text_is_learned_once_some_as_written_and_some_mistyped():
    groups = np.array([*range(100), *range(0, 100, 2)])
    rows = one_of_each(groups, 7)
    assert sorted(groups[rows]) == [*range(100)]
    assert 10 < (rows >= 100).sum() < 40


@pytest.mark.parametrize(
    ("name", "words"),
    [("check_RefundPolicy", "check refund policy"), ("faq/opening_hours", "opening hours"), ("EMI", "emi"), ("17", ""), ("Ü-Ei", "ü ei")],
)
def test_the_name_of_an_intent_is_read_as_words(name, words):
    assert in_words(name) == words


def test_a_name_that_says_nothing_or_the_same_as_another_is_no_text():
    assert named(["track_order", "17", "faq/opening_hours", "a_b", "aB"]) == [
        ("track order", "track_order"),
        ("opening hours", "faq/opening_hours"),
    ]


def test_where_the_tokens_suffice_for_eight_epochs_more_layers_are_tuned():
    how = Tuning(layers=2, deep=4, tokens=28_000)
    assert (within(how, 1_000).layers, within(how, 1_000).tokens) == (4, 14_000)
    assert within(how, 1_001) == how
    assert within(Tuning(layers=4, deep=4), 1) == Tuning(layers=4, deep=4)


def test_with_more_layers_than_were_asked_for_there_are_six_epochs_at_most():
    how = Tuning(layers=2, deep=4, epochs=10)
    assert longest(how, within(how, 1)) == 6
    assert longest(how, how) == 10
    assert longest(Tuning(layers=4, deep=4, epochs=10), Tuning(layers=4)) == 10
    assert longest(Tuning(epochs=3), within(Tuning(epochs=3), 1)) == 3


def test_shares_in_a_given_ratio_are_only_calibrated():
    y, rows = np.array([0, 1, 0, 1]), np.arange(4)
    sure, unsure = np.array([[3, 0], [0, 3], [3, 0], [3, 0]], float), np.array([[0, 1], [1, 0], [1, 0], [0, 1]], float)
    found = stacked([Part(np.eye(2), rows, sure), Part(2 * np.eye(2), rows, unsure)], y, rows, (1.0, 0.5))
    assert found.weights[0, 0] > 0
    assert np.allclose(found.held_out, found.weights[0, 0] / 2 * (sure + 0.5 * unsure), atol=1e-6)


@pytest.mark.parametrize(
    ("tokens", "refit", "members"), [(10_000, True, 3), (5_000, True, 2), (3_000, True, 1), (0, True, 1), (3_500, False, 2)]
)
def test_there_are_as_many_members_as_the_tokens_suffice_for(tokens, refit, members):
    assert members_within(Tuning(epochs=2.0, tokens=tokens, members=3), once=1_000, tested=500, refit=refit) == members


def test_noise_changes_a_message_and_is_the_same_for_the_same_seed():
    text = "where is my parcel"
    assert with_typos(text, random.Random(3)) == with_typos(text, random.Random(3)) != text
