from __future__ import annotations

import json
import threading

from shop import catalogue
from shop.models import Product


def titles(products) -> list[str]:
    return [product.title for product in products]


def test_products_come_in_the_order_asked_for_and_missing_ones_are_left_out(store, factory):
    made = [factory.product() for _ in range(3)]
    wanted = [made[2].id, 999_999, made[0].id, made[1].id]
    with store.read() as session:
        assert [p.id for p in catalogue.products(session, wanted)] == [made[2].id, made[0].id, made[1].id]


def test_more_products_than_one_statement_takes_are_found(store, factory):
    first = factory.product()
    with store.read() as session:
        assert [p.id for p in catalogue.products(session, [*range(10**6, 10**6 + 1200), first.id])] == [first.id]


def test_variants_are_the_active_products_of_the_same_article(store, factory):
    red = factory.product(group_key="mug", colour="Red")
    factory.product(group_key="mug", colour="Blue")
    factory.product(group_key="mug", colour="Green", active=False)
    factory.product(group_key="bowl", colour="Blue")
    with store.read() as session:
        assert [p.colour for p in catalogue.variants(session, red)] == ["Blue", "Red"]


def test_a_page_shows_each_article_once_and_continues_where_the_last_one_ended(store, factory):
    for article in range(5):
        for colour in ("Red", "Blue"):
            factory.product(title=f"Mug {article}", group_key=f"mug-{article}", colour=colour)
    with store.read() as session:
        first = catalogue.page(session, limit=3)
        second = catalogue.page(session, after=first[-1].id, limit=3)
    assert titles(first) == ["Mug 0", "Mug 1", "Mug 2"]
    assert titles(second) == ["Mug 3", "Mug 4"]


def test_a_page_shows_the_variant_that_was_searched_for(store, factory):
    factory.product(title="Mug", group_key="mug", colour="Red")
    factory.product(title="Mug", group_key="mug", colour="Blue")
    with store.read() as session:
        assert [p.colour for p in catalogue.page(session, query="blue MUG")] == ["Blue"]
        assert catalogue.page(session, query="100%") == []


def test_a_category_is_named_by_its_path_or_by_a_part_of_it(store, factory):
    factory.product(title="Candle", category_path="Home > Lighting > Candles")
    factory.product(title="Lamp", category_path="Home > Lighting")
    factory.product(title="Shirt", category_path="Clothing > Home wear")
    with store.read() as session:
        assert titles(catalogue.page(session, category="Home > Lighting")) == ["Candle", "Lamp"]
        assert titles(catalogue.page(session, category="Lighting")) == ["Candle", "Lamp"]
        assert titles(catalogue.page(session, category="Home")) == ["Candle", "Lamp"]
        assert titles(catalogue.page(session, category="Candles")) == ["Candle"]
        assert catalogue.categories(session) == ["Clothing > Home wear", "Home > Lighting", "Home > Lighting > Candles"]


def test_the_vocabulary_holds_the_words_of_active_products_only(store, factory):
    factory.product(sku="A", title="Candle", category_path="Home > Lighting", brand="Elm & Ash", colour="Blue", size="L", material="Wax")
    factory.product(sku="B", title="Candle", category_path="Home", colour="Red")
    factory.product(title="Hidden", colour="Puce", active=False)
    with store.read() as session:
        words = catalogue.vocabulary(session)
    assert words == {
        "categories": ["Home", "Lighting"],
        "brands": ["Elm & Ash"],
        "colours": ["Blue", "Red"],
        "sizes": ["L"],
        "materials": ["Wax"],
        "titles": ["Candle"],
        "skus": {"Candle": ["A", "B"]},
    }


def test_a_reader_of_the_vocabulary_never_sees_half_a_file(store, factory, tmp_path):
    for _ in range(50):
        factory.product()
    path = tmp_path / "deep" / "vocabulary.json"
    with store.read() as session:
        catalogue.write_vocabulary(session, path)
    stop = threading.Event()
    sizes = set()

    def read() -> None:
        while not stop.is_set():
            sizes.add(len(json.loads(path.read_text())["titles"]))

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(10):
        factory.product()
        with store.read() as session:
            catalogue.write_vocabulary(session, path)
    stop.set()
    reader.join()
    assert sizes <= set(range(50, 61))
    assert list(path.parent.iterdir()) == [path]


def test_an_unchanged_vocabulary_is_not_written_again(store, factory, tmp_path):
    factory.product()
    path = tmp_path / "vocabulary.json"
    with store.read() as session:
        catalogue.write_vocabulary(session, path)
        first = path.stat()
        catalogue.write_vocabulary(session, path)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (first.st_ino, first.st_mtime_ns)


def test_the_catalogues_version_changes_with_every_kind_of_change_and_only_then(store, factory):
    product = factory.product()
    seen = [_version(store)]
    assert _version(store) == seen[0]
    for change in ({"title": "New"}, {"price_minor": 5}, {"stock": 3}, {"active": False}):
        with store.write() as session:
            for column, value in change.items():
                setattr(session.get(Product, product.id), column, value)
        seen.append(_version(store))
    factory.product()
    seen.append(_version(store))
    assert len(set(seen)) == len(seen)


def _version(store) -> str:
    with store.read() as session:
        return catalogue.catalogue_version(session)
