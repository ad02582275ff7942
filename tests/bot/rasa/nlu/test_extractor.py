"""Entities: the shop's words, prices and their bounds, order numbers, places and quantities, and what is ruled out."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from bot.rasa.nlu.extractor import extract
from bot.rasa.nlu.vocabulary import Vocabulary, VocabularyFile

WORDS = {
    "categories": ["Home", "Candles", "Lighting", "Bags", "Dresses"],
    "brands": ["Northwind", "Oak & Ash"],
    "colours": ["Grey", "White", "Black", "Off White", "Red", "Blue", "Green"],
    "materials": ["Wool", "Leather", "Oak", "Glass", "Linen"],
    "sizes": ["S", "M", "L", "XL", "10", "12", "One Size"],
    "titles": ["WHITE HANGING HEART T-LIGHT HOLDER", "Linen Shirt", "SET OF 3 CAKE TINS"],
    "skus": {"Linen Shirt": ["LS-1", "LS-2"]},
}


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary.of(WORDS)


def found(text: str, vocabulary: Vocabulary) -> list[tuple]:
    return [(e["entity"], e["value"], e["role"]) if "role" in e else (e["entity"], e["value"]) for e in extract(text, vocabulary)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I'm looking for a white hanging heart t light holder", [("product", "WHITE HANGING HEART T-LIGHT HOLDER")]),
        ("the linen shirts", [("product", "Linen Shirt")]),
        ("set of 3 cake tins", [("product", "SET OF 3 CAKE TINS")]),
        ("a gray candle", [("colour", "Grey"), ("category", "Candles")]),
        ("off white dress", [("colour", "Off White"), ("category", "Dresses")]),
        ("anything by oak and ash?", [("brand", "Oak & Ash")]),
        ("an oak lamp", [("material", "Oak")]),
        ("a balck bag, or greeen", [("colour", "Black"), ("category", "Bags"), ("colour", "Green")]),
        ("a gift while I shop", []),
        ("size 10, in M or L", [("size", "10"), ("size", "M"), ("size", "L")]),
        ("ten or 10 of m friends, it's", [("quantity", 10)]),
        ("I'm after an M or an l", [("size", "M")]),
        ("im in a m now", [("size", "M")]),
        ("i’m looking, I'M LOOKING", []),
        ("m", [("size", "M")]),
        ("small, extra large", [("size", "S"), ("size", "XL")]),
    ],
)
def test_the_shops_words_are_found_in_the_catalogues_spelling(vocabulary, text, expected):
    assert found(text, vocabulary) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no wool or leather please", [("material", "Wool", "not"), ("material", "Leather", "not")]),
        ("anything but red", [("colour", "Red", "not")]),
        ("I don't like leather and I love blue", [("material", "Leather", "not"), ("colour", "Blue")]),
        ("I don’t want anything red", [("colour", "Red", "not")]),
        ("dont like wool", [("material", "Wool", "not")]),
        ("a leather-free bag", [("material", "Leather", "not"), ("category", "Bags")]),
        ("please keep leather away from me", [("material", "Leather", "not")]),
        ("do you keep leather bags", [("material", "Leather"), ("category", "Bags")]),
        ("without glass but in oak", [("material", "Glass", "not"), ("material", "Oak")]),
        ("I'm allergic to wool", [("material", "Wool", "not")]),
        ("not only red but also blue", [("colour", "Red"), ("colour", "Blue")]),
        ("no, not wool, oak", [("material", "Wool", "not"), ("material", "Oak")]),
        ("i don't think she would like anything made of leather", [("material", "Leather", "not")]),
        ("not the red one, the blue one", [("colour", "Red", "not"), ("colour", "Blue")]),
        ("is there no delivery fee on red bags", [("colour", "Red"), ("category", "Bags")]),
    ],
)
def test_what_is_ruled_out_has_the_role_not(vocabulary, text, expected):
    assert found(text, vocabulary) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("something similar but under 2 pounds", [("price", 200, "max")]),
        ("less than £20", [("price", 2000, "max")]),
        ("between 10 and 20", [("price", 1000, "min"), ("price", 2000, "max")]),
        ("between £10 and £20.50", [("price", 1000, "min"), ("price", 2050, "max")]),
        ("10-20 pounds", [("price", 1000, "min"), ("price", 2000, "max")]),
        ("20 quid or less", [("price", 2000, "max")]),
        ("over $50", [("price", 5000, "min")]),
        ("around 30 euros", [("price", 3000, "about")]),
        ("for £15", [("price", 1500, "about")]),
        ("my budget is 40", [("price", 4000, "max")]),
        ("less than 50p", [("price", 50, "max")]),
        ("twenty pounds max", [("price", 2000, "max")]),
        ("£1,299.99 or more", [("price", 129999, "min")]),
        ("under 3 days", []),
        ("it came 3 days late", []),
        ("2-3 weeks", []),
        ("under 12.345", []),
        ("a desk about 2 metres long", []),
        ("nothing over 3 ft", []),
        ("under 30 in total", [("price", 3000, "max")]),
    ],
)
def test_prices_have_bounds_and_minor_units(vocabulary, text, expected):
    assert found(text, vocabulary) == expected


def test_a_price_names_its_currency_only_when_the_customer_does(vocabulary):
    assert [entity.get("currency") for entity in extract("between 10 and 20 euros", vocabulary)] == ["EUR", "EUR"]
    assert "currency" not in extract("under 20", vocabulary)[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("add the second one", [("ordinal", 2)]),
        ("the last one", [("ordinal", -1)]),
        ("the 3rd", [("ordinal", 3)]),
        ("2nd please", [("ordinal", 2)]),
        ("whats the secnd one", [("ordinal", 2)]),
        ("tell me about teh second", [("ordinal", 2)]),
        ("more about the secnd", [("ordinal", 2)]),
        ("add the frist one and the thrid one", [("ordinal", 1), ("ordinal", 3)]),
        ("the forth one", [("ordinal", 4)]),
        ("compare the first and third", [("ordinal", 1), ("ordinal", 3)]),
        ("first vs last", [("ordinal", 1), ("ordinal", -1)]),
        ("the first, second and fourth", [("ordinal", 1), ("ordinal", 2), ("ordinal", 4)]),
        ("my first and last name", []),
        ("i like the tent one", []),
        ("is there a month option", []),
        ("where is my last order", [("ordinal", -1)]),
        ("number 2 please", [("ordinal", 2)]),
        ("first class delivery", []),
        ("first of all, thanks", []),
        ("my last name", []),
        ("add two of them", [("quantity", 2)]),
        ("put two in the basket", [("quantity", 2)]),
        ("3x please", [("quantity", 3)]),
        ("x3", [("quantity", 3)]),
        ("make it 5", [("quantity", 5)]),
        ("make it 3", [("quantity", 3)]),
        ("set the candles to 1", [("category", "Candles"), ("quantity", 1)]),
        ("two instead of one", [("quantity", 2)]),
        ("move it to 12 High Street", []),
        ("just 3 days", []),
        ("a dozen candles", [("quantity", 12), ("category", "Candles")]),
        ("SK-7Q2M-X9KD and Jo.B@Example.com", [("order_number", "SK-7Q2M-X9KD"), ("email", "jo.b@example.com")]),
        ("order sk 7q2m x9kd", [("order_number", "SK-7Q2M-X9KD")]),
        ("order 536365 to sw1a1aa", [("order_number", "536365"), ("postcode", "SW1A 1AA")]),
        ("call 02079460000", [("phone", "+442079460000")]),
    ],
)
def test_places_quantities_numbers_and_addresses(vocabulary, text, expected):
    assert found(text, vocabulary) == expected


def test_offsets_point_at_the_words_and_a_title_brings_its_skus(vocabulary):
    text = "two  Linen-Shirts, not in red"
    product, colour = (entity for entity in extract(text, vocabulary) if entity["entity"] in ("product", "colour"))
    assert text[product["start"] : product["end"]] == "Linen-Shirts"
    assert text[colour["start"] : colour["end"]] == "red"
    assert product["skus"] == ["LS-1", "LS-2"]


@pytest.mark.parametrize(
    "text", ["", " ", "'", "🎁" * 500, "9" * 2000, "no " * 600, "£" * 2000, "a@" * 900, "SK-" * 600, "between 1 and " * 140]
)
def test_no_text_breaks_or_stalls_it(vocabulary, text):
    import time

    began = time.process_time()
    extract(text, vocabulary)
    assert time.process_time() - began < 0.5


def test_a_changed_vocabulary_is_used_at_once_and_a_broken_one_is_not(tmp_path: Path):
    path = tmp_path / "vocabulary.json"
    file = VocabularyFile(path)
    assert found("a teal vase", file.current()) == []
    path.write_text(json.dumps({"colours": ["Teal"]}))
    assert found("a teal vase", file.current()) == [("colour", "Teal")]
    path.write_text('{"colours": ["Te')
    assert found("a teal vase", file.current()) == [("colour", "Teal")]
    path.write_text(json.dumps({"colours": ["Puce"]}))
    os.utime(path, ns=(1, 1))
    assert found("a teal or puce vase", file.current()) == [("colour", "Puce")]
