"""Days, telephone numbers, names, codes, ratings, set phrases, groups and misspelt titles."""

from __future__ import annotations

from datetime import date

import pytest

from bot.rasa.nlu.dates import find_dates
from bot.rasa.nlu.extractor import extract
from bot.rasa.nlu.rules import masked
from bot.rasa.nlu.vocabulary import Vocabulary

TODAY = date(2026, 11, 22)  # a Sunday
WORDS = {
    "categories": ["Mugs and Cups", "Lamps", "Tops"],
    "colours": ["white", "green", "clear", "grey"],
    "materials": ["recycled plastic", "wood", "recycled card"],
    "sizes": ["S", "M"],
    "titles": ["Linen Shirt, White, M", "Linen Shirt, Green, M", "Enamel Wall Clock", "Hanging Heart T-Light Holder", "Ribbed Table Lamp"],
    "skus": {"Linen Shirt, White, M": ["LS-1"], "Linen Shirt, Green, M": ["LS-2"]},
}
COMMON = frozenset(["while", "white", "when", "the", "clock", "lamp", "shirt", "coated"])


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary.of(WORDS, COMMON)


def found(text: str, vocabulary: Vocabulary) -> list[tuple]:
    return [(entity["entity"], entity["value"]) for entity in extract(text, vocabulary)]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("tomorrow", "2026-11-23"),
        ("next friday", "2026-11-27"),
        ("by Friday", "2026-11-27"),
        ("last tuesday", "2026-11-17"),
        ("sunday", "2026-11-29"),
        ("the 14th of December", "2026-12-14"),
        ("3 January", "2027-01-03"),
        ("October 2nd", "2026-10-02"),
        ("12/06/2027", "2027-06-12"),
        ("2027-06-12", "2027-06-12"),
        ("two weeks ago", "2026-11-08"),
        ("a fortnight ago", "2026-11-08"),
        ("in 3 days", "2026-11-25"),
        ("next week", "2026-11-29"),
        ("next weekend", "2026-12-05"),
        ("29 February", "2028-02-29"),
    ],
)
def test_days_are_read_as_people_mean_them(text, day):
    if text == "29 February":
        assert list(find_dates(text, date(2028, 3, 1)))[0]["value"] == day
    else:
        assert [entity["value"] for entity in find_dates(text, TODAY)] == [day]


@pytest.mark.parametrize("text", ["31/02/2027", "may I have it", "the second of them", "march on", "99 of may", "12345 days"])
def test_what_is_no_day_is_not_read_as_one(text):
    assert list(find_dates(text, TODAY)) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ring 07700 900123 or (020) 7946 0018", [("phone", "+447700900123"), ("phone", "+442079460018")]),
        ("my order 536365", [("order_number", "536365")]),
        ("invoice 536365", [("invoice_number", "536365")]),
        ("my name is Emma Clarke", [("person", "Emma Clarke")]),
        ("it's broken", [("reason", "damaged")]),
        ("I'm sorry", []),
        ("code save-20, 3 out of 5", [("promo_code", "SAVE-20"), ("rating", 3)]),
        ("what is the code of conduct", []),
        ("present for my nan's birthday", [("recipient", "grandmother"), ("occasion", "birthday")]),
        ("my son broke it", []),
        ("I read it in Reading", [("city", "Reading")]),
        ("to the Netherlands", [("country", "Netherlands")]),
        ("less expensive than that", [("comparison", "cheaper")]),
        ("cheaper than 20 pounds", [("price", 2000)]),
        ("twenty-five pounds", [("price", 2500)]),
        ("nothing over a tenner", [("price", 1000)]),
        ("clear my cart", []),
        ("a clear one", [("colour", "clear")]),
        ("plastic mugs", [("material", "plastic"), ("category", "Mugs and Cups")]),
        ("by card", []),
        ("wooden cups", [("material", "wood"), ("category", "Mugs and Cups")]),
        ("20 quid tops", [("price", 2000)]),
    ],
)
def test_what_people_write_about_themselves_and_their_wishes(vocabulary, text, expected):
    assert found(text, vocabulary) == expected


@pytest.mark.parametrize(
    ("text", "product"),
    [
        ("the linen shirt", "Linen Shirt"),
        ("linnen shrit", "Linen Shirt"),
        ("linen shirt, white, m", "Linen Shirt, White, M"),
        ("that wall clock", "Enamel Wall Clock"),
        ("hanging hart tlight holder", "Hanging Heart T-Light Holder"),
    ],
)
def test_a_product_is_known_without_its_variant_and_misspelt(vocabulary, text, product):
    assert ("product", product) in found(text, vocabulary)


def test_the_article_names_all_its_skus(vocabulary):
    assert extract("linen shirt", vocabulary)[0]["skus"] == ["LS-1", "LS-2"]


@pytest.mark.parametrize("text", ["while I wait", "coated", "a table lamp", "a nice clock"])
def test_plain_words_are_no_product_and_no_misspelt_colour(vocabulary, text):
    assert not {"product", "colour"} & {entity for entity, _ in found(text, vocabulary)}


def test_a_letter_may_be_wrong_only_in_a_word_that_is_no_english(vocabulary):
    assert found("a grean one", vocabulary) == [("colour", "green")]
    assert found("while", vocabulary) == []
    assert found("a grean one", Vocabulary.of(WORDS)) == []  # without a list of English words, letters are only swapped or halved


def test_entities_of_several_things_are_grouped(vocabulary):
    two = extract("2 of the first one and 1 of the third one", vocabulary)
    assert [(entity["entity"], entity["value"], entity["group"]) for entity in two] == [
        ("quantity", 2, "1"),
        ("ordinal", 1, "1"),
        ("quantity", 1, "2"),
        ("ordinal", 3, "2"),
    ]
    assert all("group" not in entity for entity in extract("a white and green lamp", vocabulary))


def test_long_noise_is_read_in_little_time(vocabulary):
    import time

    began = time.process_time()
    extract("the 12 of may call 0 " * 400 + "x" * 2000, vocabulary)
    assert time.process_time() - began < 2


def test_whichever_order_number_and_address_is_named_the_message_reads_the_same():
    one, other = "order SK-7Q2M-X9KD came broken, write to ada@old.example", "order sk 4f8h t2wz came broken, write to Bo.Lin@new.example"
    assert masked(one) == masked(other) != one
