from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.search import PRICE, SearchIndex
from recommender.spelling import Speller
from recommender.words import words

EVERYTHING = [
    {"title": "Scented Candle", "category": "Home > Candles", "description": "Burns for forty hours."},
    {"title": "Candle Snuffer", "category": "Home > Candles", "material": "brass"},
    {"title": "Table Lamp", "category": "Home > Lighting", "description": "A warm light beside the bed."},
    {"title": "Dining Table", "category": "Home > Furniture", "description": "Seats eight."},
    {"title": "Linen Shirt, Blue", "brand": "Fjord", "category": "Clothing > Shirts", "colour": "blue", "material": "linen"},
    {"title": "White Hanging Heart T-Light Holder", "category": "Home > Candles", "colour": "white"},
]
NOTHING = np.zeros(8, np.float32)


@pytest.fixture(scope="module")
def found(catalogue):
    """Titles that match, best first, by words alone, or with the meaning of the item at `like`."""
    items = catalogue(*EVERYTHING)
    vectors = np.eye(len(items), 8, dtype=np.float32)
    index = SearchIndex(items, vectors)

    def search(text: str, like: int | None = None, allowed=None) -> list[str]:
        match = index.match(text, lambda said: NOTHING if like is None else vectors[like])
        total = sum(match.votes(np.ones(len(items), bool) if allowed is None else allowed).values())
        return [items["title"][k] for k in np.argsort(-total, kind="stable") if total[k] > 0]

    return search


def test_the_exact_title_comes_first_however_it_is_written(found):
    assert found("white hanging heart t light holder")[0] == "White Hanging Heart T-Light Holder"
    assert found("I'm looking for a White Hanging Heart T-light holder please")[0] == "White Hanging Heart T-Light Holder"
    assert found("candle, scented")[0] == "Scented Candle"


@pytest.mark.parametrize(
    ("typed", "title"),
    [
        ("candel snufer", "Candle Snuffer"),
        ("linnen shirt", "Linen Shirt, Blue"),
        ("tabel lamp", "Table Lamp"),
        ("hangng hart", "White Hanging Heart T-Light Holder"),
    ],
)
def test_typing_errors_are_forgiven(found, typed, title):
    assert found(typed)[0] == title


def test_plurals_and_attributes_match(found):
    assert set(found("candles")[:2]) == {"Scented Candle", "Candle Snuffer"}
    assert found("blue shirts") == ["Linen Shirt, Blue"]
    assert found("fjord") == ["Linen Shirt, Blue"]


def test_meaning_finds_what_shares_no_word(found):
    assert found("something to read by at night", like=2)[0] == "Table Lamp"


def test_half_of_what_was_said_is_not_what_was_asked_for(found):
    assert "Dining Table" not in found("table lamp")


def test_gibberish_finds_nothing(found):
    assert found("qwxzvbn") == []
    assert found("") == []
    assert found("!!!") == []


def test_what_is_not_allowed_is_not_found(found):
    assert found("candle", allowed=np.array([False, True, True, True, True, False])) == ["Candle Snuffer"]


@settings(max_examples=60, deadline=None)  # deadlines measure the machine, not us
@given(st.text(max_size=60))
def test_any_text_can_be_searched(found, text):
    assert len(found(text)) <= len(EVERYTHING)


def test_an_empty_catalogue_can_be_searched(catalogue):
    items = catalogue({}).iloc[:0]
    index = SearchIndex(items, np.zeros((0, 8), np.float32))
    assert sum(index.match("candle", lambda said: NOTHING).votes(np.zeros(0, bool)).values()).shape == (0,)


@pytest.mark.parametrize(
    "text", ["under 20 pounds", "below £20", "£9.99", "between 10 and 20", "20 quid", "less than 5", "$ 12", "between £10 and £20"]
)
def test_prices_are_no_words_of_a_product(text):
    assert PRICE.sub("", f"lamp {text}").strip() == "lamp"


def test_other_numbers_are():
    assert PRICE.sub("", "set of 6 napkins, 30 cm") == "set of 6 napkins, 30 cm"


def test_words_are_folded():
    assert words("Extra-Large Grey CANDLES") == ("xl", "grey", "candle")
    assert words("gray Tealights") == words("Grey T-Lights")
    assert words("Crème brûlée dishes") == ("creme", "brulee", "dish")
    assert words("the cat's glass") == ("the", "cat", "glass")


@pytest.mark.parametrize(
    ("many", "one"),
    [("scarves", "scarf"), ("scarfs", "scarf"), ("knives", "knife"), ("bookshelves", "bookshelf"), ("gloves", "glove"), ("mice", "mouse")],
)
def test_irregular_plurals_are_folded_too(many, one):
    assert words(many) == words(one)


def test_a_real_word_is_not_put_right_to_one_of_the_catalogue():
    speller = Speller(["clay", "cold"], is_word=lambda word: word in {"play", "always"})
    assert speller.corrected(["play", "clau", "always"]) == ["play", "clay", "always"]


def test_the_speller_leaves_known_short_and_strange_words_alone():
    speller = Speller(["candle", "handle", "mug"])
    assert speller.corrected(["candle", "mgu", "candel", "xylophone", "candle5"]) == ["candle", "mgu", "candle", "xylophone", "candle5"]
