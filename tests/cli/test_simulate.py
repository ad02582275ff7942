"""Simulated shoppers: the same for the same seed, with words of their own, and never shown what they cannot stand."""

from __future__ import annotations

import string
from random import Random

import pytest

from cli.simulate import run
from cli.simulation.goals import Goal, Shop, draw, head
from cli.simulation.shopper import Shopper, mistyped, phrases, plural
from shop.models import Product
from shop.settings import PROJECT
from tests.harness.stack import copy_of_template, running


def product(number: int, title: str, **columns) -> Product:
    given = {"id": number, "sku": f"S-{number}", "title": title, "price_minor": 2000, "stock": 5, "colour": "", "material": "", "size": ""}
    return Product(**given | {"category_path": "Home > Throws", "active": True} | columns)


THROWS = [
    product(1, "Chunky Knit Throw", material="wool", colour="cream"),
    product(2, "Herringbone Throw", material="cotton", colour="teal"),
]


def answer(shown=(), text: str = "Here.", intent: str = "search_product", **more) -> dict:
    message = {"text": text, "products": [{"sku": one.sku} for one in shown], **more}
    return {"messages": [message], "intent": intent, "facts": {"actions": []}}


def test_the_same_seed_makes_the_same_shoppers():
    shop = Shop(THROWS, [("SK-1", "a@example.com")], [("SK-2", "b@example.com")])
    first, again = ([draw(shop, n, Random(f"7:{n}")) for n in range(30)] for _ in range(2))
    assert first == again
    assert [draw(shop, n, Random(f"8:{n}")) for n in range(30)] != first


def test_a_shopper_who_is_shown_what_fits_takes_it():
    said = []

    def say(text: str) -> dict:
        said.append(text)
        return answer(THROWS) if len(said) == 1 else answer(cart={"count": 1})

    outcome = Shopper(Goal("find", "throw", colour="teal"), Random(1), {one.sku: one for one in THROWS}).talk(say, lambda: 0.0)
    assert (outcome.success, outcome.violations) == (True, [])
    assert any("second" in text for text in said)


def test_wool_for_somebody_who_said_no_wool_is_a_violation():
    goal = Goal("find", "lamp", averse="wool")
    outcome = Shopper(goal, Random(1), {one.sku: one for one in THROWS}).talk(lambda text: answer(THROWS), lambda: 0.0)
    assert not outcome.success
    assert set(outcome.violations) == {"Chunky Knit Throw"}
    assert any("wool" in text for text in outcome.said)


def test_patience_ends():
    outcome = Shopper(Goal("find", "lamp"), Random(1), {}).talk(lambda text: answer(intent="nlu_fallback"), lambda: 0.0)
    assert not outcome.success
    assert outcome.turns <= 9
    assert outcome.fallbacks == outcome.turns


def test_an_order_is_followed_through_number_and_email():
    asked = iter(["What is the order number?", "Which email address?"])

    def say(text: str) -> dict:
        question = next(asked, None)
        return answer(text=question) if question else answer(order={"number": "SK-1"})

    outcome = Shopper(Goal("track", order=("SK-1", "a@example.com")), Random(2), {}).talk(say, lambda: 0.0)
    assert outcome.success
    assert any("a@example.com" in text for text in outcome.said)


def test_their_words_are_none_of_the_training_examples():
    lines = [
        line.strip().removeprefix("- ").casefold()
        for path in (PROJECT / "nlu_data").glob("*.yml")
        for line in path.read_text().splitlines()
    ]
    short = {"{number}", "{email}"}  # everybody says these
    said = {text for act, texts in phrases().items() if act not in ("recipients", "ordinals", "agree", "decline") for text in texts} - short
    assert said & set(lines) == set()
    for text in said:
        fields = {name for _, name, _, _ in string.Formatter().parse(text) if name}
        assert fields <= {"thing", "attribute", "colour", "material", "averse", "price", "likes", "recipient", "number", "email", "ordinal"}


def test_a_typing_error_is_one_in_one_word():
    rng = Random(3)
    for _ in range(50):
        words, wrong = ["browsing", "for", "candle", "holders"], mistyped("browsing for candle holders", rng).split(" ")
        assert sum(one != other for one, other in zip(words, wrong, strict=True)) <= 1


@pytest.mark.parametrize(
    ("one", "many"), [("scarf", "scarves"), ("throw", "throws"), ("box", "boxes"), ("berry", "berries"), ("glass", "glass")]
)
def test_things_in_the_plural(one, many):
    assert plural(one) == many


def test_a_product_is_asked_for_by_the_end_of_its_name():
    assert head(product(3, "Hanging Heart T-Light Holder, White")) == "holder"
    assert head(product(4, "Linen Napkins Set of 4, Navy")) == "napkins"


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with running(copy_of_template(tmp_path_factory.mktemp("simulate") / "var")) as stack:
        yield stack


def test_a_few_shoppers_are_served_by_the_real_bot(shop):
    outcomes = run(shop.settings, shop.url, users=12, seed=7, at_once=3)
    assert [title for outcome in outcomes for title in outcome.violations] == []
    assert sum(outcome.success for outcome in outcomes) >= 8, [(outcome.goal, outcome.said) for outcome in outcomes if not outcome.success]


@pytest.mark.slow
def test_two_hundred_shoppers_are_served_and_none_sees_what_they_cannot_stand(shop):
    outcomes = run(shop.settings, shop.url, users=200, seed=7, at_once=4)
    assert [title for outcome in outcomes for title in outcome.violations] == []
    assert sum(outcome.success for outcome in outcomes) >= 150
