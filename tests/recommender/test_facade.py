"""The recommender on a small shop, on both databases: what its callers count on."""

from __future__ import annotations

import shutil
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import delete, update

from recommender import candidates, contract, serving, versions
from recommender import data as door
from recommender import train as training
from recommender.batch import best_for_all
from recommender.contract import Ask, Constraints
from recommender.facade import Recommender
from recommender.train import train
from shop.consent import set_consent
from shop.importers import import_file
from shop.models import ConsentEvent, Customer, Evidence, Interaction, Order, OrderLine, Product

PRODUCTS = [  # sku, article, title, category, colour, size, material, price, stock
    ("CAN-1", "candle", "Scented Candle", "Home > Candles", "white", "", "soy wax", 1200, 9),
    ("HOL-1", "holder", "Brass Candle Holder", "Home > Candles", "gold", "", "brass", 1800, 9),
    ("SHI-BM", "shirt", "Linen Shirt, Blue, M", "Clothing > Shirts", "blue", "M", "linen", 4900, 5),
    ("SHI-BL", "shirt", "Linen Shirt, Blue, L", "Clothing > Shirts", "blue", "L", "linen", 4900, 0),
    ("SHI-WM", "shirt", "Linen Shirt, White, M", "Clothing > Shirts", "white", "M", "linen", 4900, 5),
    ("JUM-1", "jumper", "Lambswool Jumper", "Clothing > Knitwear", "grey", "M", "100% wool", 6500, 4),
    ("THR-1", "throw", "Woven Throw", "Home > Textiles", "grey", "", "wool", 5500, 6),
    ("MUG-1", "mug", "Stoneware Mug", "Kitchen > Mugs", "blue", "", "stoneware", 900, 20),
    ("TEA-1", "teapot", "Stoneware Teapot", "Kitchen > Teapots", "blue", "", "stoneware", 3200, 3),
    ("LAM-1", "lamp", "Table Lamp", "Home > Lighting", "green", "", "glass", 5800, 2),
]
NOW = datetime.now(UTC)


@pytest.fixture
def ready(settings, encoder_folder):
    """Settings whose encoder is exported."""
    settings.var_dir.mkdir(parents=True)
    (settings.var_dir / "encoder").symlink_to(encoder_folder.parent)
    return settings


@pytest.fixture
def shop(store, factory, ready):
    columns = ("sku", "group_key", "title", "category_path", "colour", "size", "material", "price_minor", "stock")
    product = {row[0]: Product(**dict(zip(columns, row, strict=True)), currency="GBP") for row in PRODUCTS}
    people = [Customer(external_id=f"person-{k}") for k in range(12)]
    habits = [("CAN-1", "HOL-1", "THR-1"), ("MUG-1", "TEA-1", "LAM-1")]

    def row(customer, sku: str, kind: str = "purchase", days_ago: float = 1.0) -> Interaction:
        at = NOW - timedelta(days=days_ago)
        return Interaction(customer_id=customer.id, product_id=product[sku].id, kind=kind, source="demo", at=at)

    def did(*what, **when) -> int:
        with store.write() as session:
            session.add(made := row(*what, **when))
        return made.id

    with store.write() as session:
        session.add_all([*product.values(), *people])
        session.flush()
        session.add_all(row(p, sku, days_ago=30 - day) for k, p in enumerate(people) for day, sku in enumerate(habits[k % 2]))
        for number, basket in enumerate([("JUM-1", "MUG-1")] * 4 + [("SHI-BM",)]):  # orders of people who gave no name
            lines = [OrderLine(product_id=product[sku].id, title=sku, quantity=1, unit_price_minor=100) for sku in basket]
            session.add(Order(number=f"SK-{number}", currency="GBP", subtotal_minor=100, total_minor=100, lines=lines))
    return SimpleNamespace(store=store, settings=ready, product=product, people=people, did=did, factory=factory)


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory):
    """A folder for the model of the shop above, which is the same shop in every test."""
    return tmp_path_factory.mktemp("trained") / "recommender"


@pytest.fixture
def opened(shop, trained_once, encoder):
    if trained_once.exists():
        shutil.copytree(trained_once, versions.home(shop.settings))
    else:
        train(shop.settings, shop.store)
        shutil.copytree(versions.home(shop.settings), trained_once)
    return Recommender(shop.settings, shop.store, encoder)


def skus(shop, answer) -> list[str]:
    names = {product.id: sku for sku, product in shop.product.items()}
    return [names.get(recommendation.item, recommendation.item) for recommendation in answer.items]


def now_look(recommender) -> None:
    recommender._checked = 0.0  # rather than wait a second


def test_a_customer_is_shown_what_people_like_them_chose_and_told_why(shop, opened):
    someone = shop.factory.customer()
    shop.did(someone, "CAN-1")
    answer = opened.recommend(opened.ask_for(someone.id))
    assert answer.method == "personal"
    assert skus(shop, answer)[:2] in (["HOL-1", "THR-1"], ["THR-1", "HOL-1"])
    assert answer.items[0].reason.because == shop.product["CAN-1"].id
    assert "Scented Candle" in answer.items[0].reason.text


def test_contributions_sum_to_the_score_and_the_reason_is_one_of_them(shop, opened):
    for person in shop.people[:2]:
        answer = opened.recommend(replace(opened.ask_for(person.id), text="a warm light", exclude_bought=False))
        for one in answer.items:
            assert sum(one.contributions.values()) == pytest.approx(one.score, abs=1e-9)
            assert one.contributions[one.reason.scorer] > 0
        assert [one.score for one in answer.items] == sorted((one.score for one in answer.items), reverse=True)


def test_what_was_bought_and_its_variants_are_not_recommended_again(shop, opened):
    someone = shop.factory.customer()
    shop.did(someone, "SHI-BM")
    shown = skus(shop, opened.recommend(opened.ask_for(someone.id, n=10)))
    assert not {"SHI-BM", "SHI-BL", "SHI-WM"} & set(shown)
    again = skus(shop, opened.recommend(replace(opened.ask_for(someone.id, n=10), exclude_bought=False)))
    assert {"SHI-BM", "SHI-WM"} & set(again)


def test_a_stranger_gets_what_is_popular(shop, opened):
    answer = opened.recommend(opened.ask_for(None))
    assert answer.method == "popular"
    assert len(answer.items) == 5


def test_stated_aversions_and_dislikes_hold_in_every_list(shop, opened):
    someone = shop.factory.customer()
    liked = shop.did(someone, "CAN-1", "like")
    shop.did(someone, "TEA-1", "dislike")
    with shop.store.write() as session:
        said = [{"kind": "aversion", "key": "material:wool", "weight": 1.0}]
        session.add(Evidence(customer_id=someone.id, interaction_id=liked, at=NOW, signals=said))
    ask = opened.ask_for(someone.id, n=10)
    assert ask.constraints.not_materials == ("wool",)
    like = (shop.product["THR-1"].id,)
    for answer in (
        opened.recommend(ask),
        opened.search(replace(ask, text="wool throw")),
        opened.similar(replace(ask, like=like)),
        opened.complements(replace(ask, like=like)),
    ):
        assert answer.items
        assert not {"JUM-1", "THR-1", "TEA-1"} & set(skus(shop, answer))


def test_nothing_is_used_of_a_customer_who_opted_out(shop, opened):
    person = shop.people[0]
    with shop.store.write() as session:
        set_consent(session, person.id, "personalisation", False, "chat")
    ask = opened.ask_for(person.id)
    assert (ask.history, ask.interest, ask.constraints) == ([], None, Constraints())
    assert opened.recommend(ask).method == "popular"


def test_the_past_can_be_asked_for(shop, opened):
    assert opened.ask_for(shop.people[0].id, at=NOW - timedelta(days=29, hours=12)).history[0].item == shop.product["CAN-1"].id
    assert opened.ask_for(shop.people[0].id, at=NOW - timedelta(days=90)).history == []


def test_similar_is_like_it_and_neither_it_nor_its_variants(shop, opened):
    answer = opened.similar(Ask(like=(shop.product["MUG-1"].id,)))
    assert answer.method == "similar"
    assert skus(shop, answer)[0] == "TEA-1"
    shirt = opened.similar(Ask(like=(shop.product["SHI-BM"].id,), n=10))
    assert not {"SHI-BM", "SHI-BL", "SHI-WM"} & set(skus(shop, shirt))


def test_complements_are_learned_from_anonymous_orders_too(shop, opened):
    answer = opened.complements(Ask(like=(shop.product["JUM-1"].id,)))
    assert answer.method == "complement"
    assert skus(shop, answer)[0] == "MUG-1"
    assert answer.items[0].reason.text == "often bought with Lambswool Jumper"


def test_similar_to_nothing_known_is_a_recommendation(shop, opened):
    assert opened.similar(Ask(like=(987654,))).items
    assert opened.complements(Ask()).items


def test_search_shows_the_variant_that_was_asked_for(shop, opened):
    assert skus(shop, opened.search(Ask(text="white linen shirt")))[0] == "SHI-WM"
    assert skus(shop, opened.search(Ask(text="linen shirt", constraints=Constraints(colours=("white",)))))[0] == "SHI-WM"


def test_search_gives_up_a_constraint_by_name_rather_than_the_product(shop, opened):
    answer = opened.search(Ask(text="table lamp", constraints=Constraints(price_max=2000)))
    assert answer.relaxed == ("price",)
    assert skus(shop, answer)[0] == "LAM-1"
    assert opened.search(Ask(text="table lamp", constraints=Constraints(price_max=6000))).relaxed == ()


@pytest.mark.parametrize("text", ["qwxzvbn", "flurb glorp 77"])
def test_search_for_nonsense_finds_nothing_rather_than_what_is_popular(shop, opened, text):
    answer = opened.search(Ask(text=text))
    assert (answer.method, answer.items) == ("search", ())


def test_a_sold_out_product_is_no_answer_and_a_sale_shows_within_a_second(shop, opened):
    assert "TEA-1" in skus(shop, opened.search(Ask(text="teapot")))
    with shop.store.write() as session:
        session.execute(update(Product).where(Product.sku == "TEA-1").values(stock=0))
        session.execute(update(Product).where(Product.sku == "MUG-1").values(price_minor=450))
    now_look(opened)
    assert "TEA-1" in skus(shop, opened.search(Ask(text="teapot", constraints=Constraints(in_stock=False))))
    assert opened.search(Ask(text="teapot")).relaxed == ("stock",)
    assert opened.item(shop.product["MUG-1"].id).price == 450
    assert skus(shop, opened.search(Ask(text="mug", constraints=Constraints(price_max=500)))) == ["MUG-1"]


def test_new_changed_and_removed_products_need_no_training(shop, opened):
    new = shop.factory.product(title="Copper Kettle", category_path="Kitchen > Kettles", description="Boils water for tea.")
    with shop.store.write() as session:
        session.execute(update(Product).where(Product.sku == "LAM-1").values(title="Reading Light"))
        session.execute(delete(Product).where(Product.sku == "SHI-WM"))
    assert opened.reload_if_changed()
    assert opened.search(Ask(text="kettle")).items[0].item == new.id
    assert opened.search(Ask(text="reading light")).items[0].item == shop.product["LAM-1"].id
    assert opened.item(shop.product["SHI-WM"].id) is None
    assert opened.similar(Ask(like=(new.id,))).items
    assert not opened.reload_if_changed()


def test_new_products_are_found_without_being_asked_to_look(shop, opened):
    new = shop.factory.product(title="Copper Kettle", category_path="Kitchen > Kettles")
    now_look(opened)
    opened.search(Ask(text="kettle"))
    deadline = datetime.now(UTC) + timedelta(seconds=10)
    while opened.item(new.id) is None and datetime.now(UTC) < deadline:
        opened._rebuilding.acquire(timeout=1) and opened._rebuilding.release()
    assert opened.item(new.id).title == "Copper Kettle"


@pytest.mark.slow
def test_an_imported_product_is_recommended_within_two_seconds(shop, opened, tmp_path):
    file = tmp_path / "new.csv"
    file.write_text("sku,title,category,price,stock\nKET-1,Copper Kettle,Kitchen > Kettles,35.00,4\n")
    opened.recommend(Ask())
    import_file(shop.store, file, "generic", "products")
    began = time.monotonic()
    while "KET-1" not in {opened.item(one.item).sku for one in opened.recommend(Ask(n=10, text="a copper kettle")).items}:
        assert time.monotonic() - began < 2
        time.sleep(0.05)


def test_while_the_search_index_is_made_searching_goes_on_with_the_state_before(shop, opened, monkeypatch):
    waiting, go_on = threading.Event(), threading.Event()
    build = serving.SearchIndex

    def slowly(*given):
        waiting.set()
        go_on.wait(20)
        return build(*given)

    monkeypatch.setattr(serving, "SearchIndex", slowly)
    new = shop.factory.product(title="Copper Kettle", category_path="Kitchen > Kettles")
    now_look(opened)
    opened.recommend(Ask())
    assert waiting.wait(20)
    try:
        assert new.id in {one.item for one in opened.recommend(Ask(n=10, text="a copper kettle")).items}
        assert "TEA-1" in skus(shop, opened.search(Ask(text="teapot")))
    finally:
        go_on.set()
    with opened._rebuilding:
        assert opened.search(Ask(text="kettle")).items[0].item == new.id


def test_products_are_found_by_name(shop, opened):
    def named(text):
        item = opened.resolve(text)
        return item and opened.item(item).sku

    assert named("can-1") == "CAN-1"
    assert named("the scented candel") == "CAN-1"
    assert named("please add the table lamp to my cart") == "LAM-1"
    assert named("what else goes with the brass candle holder, which my sister adores?") == "HOL-1"
    assert named("linen shirt") == "SHI-BM"
    assert named("Linen Shirt, White, M") == "SHI-WM"
    assert named("stoneware") is None  # a mug or a teapot?
    assert named("surfboard") is None
    assert named("") is None


def test_without_a_model_content_and_popularity_answer_and_it_is_said(shop):
    recommender = Recommender.open(shop.settings, shop.store)
    health = recommender.health()
    assert (health["ok"], health["version"], health["items"]) == (False, None, len(PRODUCTS))
    assert "shopkeeper train" in health["problem"]
    answer = recommender.recommend(recommender.ask_for(shop.people[0].id))
    assert answer.items
    untrained = {"content", "terms", "category", "popularity", "trending", "fresh"}
    assert {name for one in answer.items for name in one.contributions} <= untrained
    assert recommender.similar(Ask(like=(shop.product["MUG-1"].id,))).items
    assert recommender.complements(Ask(like=(shop.product["MUG-1"].id,))).items


def test_a_damaged_model_is_not_served_and_a_new_one_is_taken_up(shop, opened):
    version = versions.current(shop.settings)
    arrays = version.folder / "arrays.npz"
    arrays.write_bytes(arrays.read_bytes()[:-20])
    damaged = Recommender.open(shop.settings, shop.store)
    assert "damaged" in damaged.health()["problem"]
    assert damaged.recommend(Ask()).items
    newer = train(shop.settings, shop.store)
    assert newer.name != version.name
    assert damaged.reload_if_changed()
    assert damaged.health() == {"ok": True, "version": newer.name, "items": len(PRODUCTS), "problem": None}


def test_training_is_skipped_until_something_happened(shop, ready):
    first = train(ready, shop.store)
    assert train(ready, shop.store).name == first.name
    shop.did(shop.people[0], "LAM-1", "view")
    assert train(ready, shop.store).name != first.name
    assert train(ready, shop.store, force=True).name != first.name


def test_a_changed_program_trains_anew(shop, ready, monkeypatch):
    first = train(ready, shop.store)
    monkeypatch.setattr(training, "FORMAT", training.FORMAT + 1)
    assert train(ready, shop.store).name != first.name


def test_who_opted_out_is_not_learned_from(shop, ready):
    train(ready, shop.store)
    with shop.store.write() as session:
        session.add_all(
            ConsentEvent(customer_id=person.id, purpose="personalisation", granted=False, source="chat") for person in shop.people
        )
    arrays, _ = versions.read(train(ready, shop.store, force=True))
    assert arrays["support"].sum() == 0
    assert len(arrays["ease/data"]) == 0


def test_an_empty_shop_is_no_error(store, ready):
    train(ready, store)
    recommender = Recommender.open(ready, store)
    for answer in (recommender.recommend(Ask()), recommender.search(Ask(text="lamp")), recommender.similar(Ask(like=(1,)))):
        assert answer.items == ()
    assert recommender.resolve("lamp") is None


def test_a_large_catalogue_gets_the_same_answers_from_candidates(shop, opened, monkeypatch):
    asks = [
        replace(opened.ask_for(person.id, n=4), **more)
        for person in shop.people[:3]
        for more in ({}, {"text": "warm light"}, {"exclude_bought": False}, {"constraints": Constraints(colours=("blue",), price_max=5000)})
    ]
    like = (shop.product["MUG-1"].id,)

    def answers():
        for ask in asks:
            yield from (opened.recommend(ask), opened.similar(replace(ask, like=like)), opened.complements(replace(ask, like=like)))

    whole = list(answers())
    monkeypatch.setattr(candidates, "FROM", 1)
    for few in (candidates.FEW, 0):
        monkeypatch.setattr(candidates, "FEW", few)
        for ours, theirs in zip(answers(), whole, strict=True):
            assert (ours.method, ours.relaxed) == (theirs.method, theirs.relaxed)
            assert [one.item for one in ours.items] == [one.item for one in theirs.items]
            for one, other in zip(ours.items, theirs.items, strict=True):
                assert one.contributions == pytest.approx(other.contributions, rel=1e-4)
                assert one.reason == other.reason


def test_a_long_list_of_a_large_catalogue_is_as_long_as_asked_for(shop, opened, monkeypatch):
    ask = replace(opened.ask_for(shop.people[0].id), n=8, text="warm light")
    whole = opened.recommend(ask).items
    for name, value in {"FROM": 1, "FEW": 0, "EACH": 1, "BEST": 1}.items():
        monkeypatch.setattr(candidates, name, value)
    monkeypatch.setattr(contract, "BEST", 1)
    assert len(opened.recommend(ask).items) == len(whole) > 3


def test_many_customers_at_once_get_what_each_would_get(shop, opened):
    shop.did(shop.people[0], "TEA-1", "view")
    with shop.store.read() as session:
        did = replace(opened._serving.data, interactions=door.interactions(session))
    at = NOW + timedelta(seconds=1)
    lists = best_for_all(opened._serving, did, at.timestamp(), n=3)
    assert sorted(lists.users) == sorted(person.id for person in shop.people)
    for user, items, scores in zip(lists.users.tolist(), lists.items.tolist(), lists.scores, strict=True):
        alone = opened.recommend(replace(opened.ask_for(user, at=at, n=3), interest=None))
        assert items == [one.item for one in alone.items]
        assert scores == pytest.approx([one.score for one in alone.items], rel=1e-4)
