"""Pictures of products: well-formed, self-contained, and safe for any text."""

from __future__ import annotations

from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shop.demo.articles import articles
from shop.demo.images import colour_of, draw, kind_of
from shop.demo.shapes import KINDS, SHAPES

ALLOWED = {"svg", "defs", "radialGradient", "stop", "filter", "feDropShadow", "rect", "g", "path", "circle", "ellipse"}


def thing(title: str = "", colour: str = "", category: str = "", key: str = "k") -> SimpleNamespace:
    return SimpleNamespace(title=title, colour=colour, category_path=category, group_key=key)


@pytest.mark.parametrize("kind", SHAPES)
def test_every_shape_is_a_well_formed_picture_without_outside_references(kind):
    title = next((words for words, named in KINDS.items() if named == kind and kind_of(words) == kind), kind)
    picture = draw(thing(title, "blue"))
    tags = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(picture).iter()}
    assert tags <= ALLOWED
    assert "{" not in picture
    assert "href" not in picture


@settings(max_examples=60, deadline=None)
@given(st.text(), st.text(), st.text(), st.text())
def test_no_text_of_a_product_gets_into_its_picture(title, colour, category, key):
    hostile = '"/><script>alert(1)</script>'
    picture = draw(thing(title + hostile, colour + hostile, category + hostile, key + hostile))
    assert "script" not in picture
    assert {e.tag.rpartition("}")[2] for e in ElementTree.fromstring(picture).iter()} <= ALLOWED


def test_every_demo_article_has_a_picture_of_its_kind():
    assert not [article.title for article in articles() if not kind_of(article.title)]


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("White Hanging Heart T-Light Holder", "heart"),
        ("Regency Cake Plate", "plate"),
        ("Candle Plate", "plate"),
        ("Red Retrospot Mug", "mug"),
        ("Enamel Flower Necklace", "flowernecklace"),
        ("Something Unheard Of", ""),
    ],
)
def test_the_title_tells_what_is_drawn(title, kind):
    assert kind_of(title) == kind


def test_a_products_own_colour_wins_over_its_titles():
    assert colour_of("navy", "Red Mug", "k") != colour_of("", "Red Mug", "k") == colour_of("red", "", "k")
