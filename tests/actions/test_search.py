"""Finding, narrowing, choosing."""

from __future__ import annotations


def found(talk, text="mug", entities=()):
    return talk.do("action_search", text, "search_product", entities)


def test_a_search_shows_cards_with_live_price_and_why_they_were_chosen(guest, mugs):
    reply = found(guest)
    card = reply.payloads[0]["products"][0]
    assert reply.titles == ["Blue Mug", "Red Mug", "Glass Mug"]
    assert (card["price"], card["stock"], card["position"], card["url"]) == ("£12.00", "in_stock", 1, f"/p/{mugs[0].sku}")
    assert card["contributions"] == {"popularity": 1.0}
    assert card["surface"] == "chat_search"
    assert len({c["list_id"] for c in reply.payloads[0]["products"]}) == 1


def test_a_search_without_result_says_so_and_offers_a_way_on(guest, mugs):
    reply = found(guest, "zeppelin")
    assert reply.responses == ["utter_not_found"]
    assert reply.titles == []


def test_a_search_in_vain_leaves_the_list_on_the_screen_to_be_pointed_at(guest, mugs, entity):
    found(guest)
    assert found(guest, "flurbl wumpf").responses == ["utter_not_found"]
    assert "Red Mug" in guest.do("action_choose", "the second", "choose_product", [entity("ordinal", 2)]).text


def test_cheaper_means_cheaper_than_all_that_was_shown(guest, mugs):
    found(guest, "mug", [{"entity": "material", "value": "Stoneware"}])
    reply = guest.do("action_refine", "cheaper", "ask_cheaper")
    assert reply.responses == ["utter_nothing_cheaper"]
    assert "£12.00" in reply.text


def test_one_cheaper_thing_is_no_choice(guest, mugs):
    found(guest)
    reply = guest.do("action_refine", "im broke so cheap please", "ask_cheaper")
    assert [card["price"] for card in reply.payloads[0]["products"]] == ["£9.00", "£12.00"]


def test_dearer_than_the_one_in_focus(guest, mugs):
    found(guest)
    guest.do("action_choose", "the third one", "choose_product", [{"entity": "ordinal", "value": 3}])
    reply = guest.do("action_refine", "something better", "ask_dearer")
    assert reply.titles == ["Blue Mug", "Red Mug"]


def test_a_later_colour_replaces_an_earlier_one_and_a_price_is_kept(guest, mugs, entity):
    found(guest, "mug under 20 pounds", [entity("price", 2000, "max", start=4, end=19)])
    assert guest.do("action_refine", "in blue", "refine", [entity("colour", "Blue")]).titles == ["Blue Mug"]
    assert guest.do("action_refine", "no, red", "refine", [entity("colour", "Red")]).titles == ["Red Mug"]
    assert guest.slots["constraints"] == {"price_max": 1999, "colours": ["Red"]}


def test_what_is_unwanted_stays_out(guest, mugs, entity):
    found(guest)
    reply = guest.do("action_refine", "not red", "refine", [entity("colour", "Red", "not")])
    assert reply.titles == ["Blue Mug", "Glass Mug"]


def test_what_is_ruled_out_is_not_described(guest, mugs, entity):
    found(guest)
    assert guest.do("action_product_detail", "not red, it would clash", "product_detail", [entity("colour", "Red", "not")]).titles == [
        "Blue Mug",
        "Glass Mug",
    ]


def test_an_ordinal_opens_that_product_and_counts_from_the_end_too(guest, mugs, entity):
    found(guest)
    assert "Red Mug" in guest.do("action_choose", "the second", "choose_product", [entity("ordinal", 2)]).text
    reply = guest.do("action_choose", "the last one", "choose_product", [entity("ordinal", -1)])
    assert "Glass Mug" in reply.text
    assert "Only 1 left" in reply.text
    assert guest.slots["focus"] == mugs[2].id


def test_a_position_beyond_the_list_is_asked_back(guest, mugs, entity):
    found(guest)
    reply = guest.do("action_choose", "the ninth", "choose_product", [entity("ordinal", 9)])
    assert reply.responses == ["utter_no_such_position"]


def test_the_blue_one_is_the_only_one_shown_in_blue(guest, mugs, entity):
    found(guest)
    assert "Blue Mug" in guest.do("action_choose", "the blue one", "choose_product", [entity("colour", "Blue")]).text


def test_another_colour_shows_the_variants_of_the_same_article_first(guest, mugs, entity):
    found(guest)
    guest.do("action_choose", "the first", "choose_product", [entity("ordinal", 1)])
    assert guest.do("action_other_variant", "other colours?", "ask_other_variant").titles == ["Red Mug"]
    reply = guest.do("action_other_variant", "in red?", "ask_other_variant", [entity("colour", "Red")])
    assert reply.titles == ["Red Mug"]


def test_without_a_variant_similar_products_in_another_colour_are_shown(guest, mugs, entity):
    found(guest)
    guest.do("action_choose", "the third", "choose_product", [entity("ordinal", 3)])
    reply = guest.do("action_other_variant", "in another colour", "ask_other_variant")
    assert reply.responses == ["utter_no_variant"]
    assert "Glass Mug" not in reply.titles
    assert reply.titles[:2] == ["Blue Mug", "Red Mug"]


def test_pages_go_on_and_back_and_end(guest, factory):
    for n in range(7):
        factory.product(title=f"Candle {n}")
    found(guest, "candle 0 1 2 3 4 5 6")
    assert guest.do("action_page", "more", "next_page").titles == ["Candle 5", "Candle 6"]
    assert guest.do("action_page", "more", "next_page").responses == ["utter_no_more"]
    assert guest.do("action_page", "back", "previous_page").titles == [f"Candle {n}" for n in range(5)]
    assert guest.do("action_page", "back", "previous_page").responses == ["utter_first_page"]


def test_nothing_shown_yet_is_said_rather_than_guessed(guest, mugs):
    assert guest.do("action_choose", "the second", "choose_product").responses == ["utter_no_list"]
    assert guest.do("action_page", "more", "next_page").responses == ["utter_no_list"]


def test_what_no_intent_was_sure_about_is_searched_for_when_it_names_a_product(guest, mugs, entity):
    reply = guest.do("action_fallback", "blue mug thing", "nlu_fallback", [entity("product", "Blue Mug")])
    assert "Blue Mug" in reply.titles
    assert guest.do("action_fallback", "hmpf", "nlu_fallback").responses == ["utter_fallback"]


def test_a_product_taken_off_sale_is_not_described(guest, mugs, store, entity):
    found(guest)
    with store.write() as session:
        session.get(type(mugs[0]), mugs[0].id).active = False
    assert guest.do("action_choose", "the first", "choose_product", [entity("ordinal", 1)]).responses == ["utter_no_such_product"]


def test_similar_is_measured_at_the_first_shown_and_takes_the_price_from_the_message(guest, mugs, entity):
    found(guest)
    reply = guest.do("action_similar", "similar under 10 pounds", "similar", [entity("price", 1000, "max", start=8, end=23)])
    assert reply.titles == ["Glass Mug"]
    assert guest.runtime.recommender.asked[-1].like == (mugs[0].id,)
    assert guest.runtime.recommender.asked[-1].constraints.price_max == 999


def test_why_repeats_the_reason_that_was_given_when_shown(guest, mugs):
    guest.do("action_recommend", "recommend something", "recommend")
    assert "because many like it" in guest.do("action_why", "why these", "ask_why").text


def test_an_aversion_said_in_the_chat_rules_out_at_once_and_for_later_searches(guest, mugs, entity):
    assert "stoneware" in guest.do("action_state_taste", "no stoneware", "state_aversion", [entity("material", "Stoneware")]).text
    assert found(guest).titles == ["Glass Mug"]


def test_asking_for_the_disliked_thing_by_name_is_asked_about_first(guest, mugs, entity):
    guest.do("action_state_taste", "i don't like red", "state_aversion", [entity("colour", "Red")])
    asked = found(guest, "red mug", [entity("colour", "Red")])
    assert (asked.responses, asked.titles) == (["utter_confirm_despite_aversion"], [])
    assert guest.do("action_confirmed", "yes", "affirm").titles == ["Red Mug"]


def test_the_disliked_thing_stays_away_after_a_no(guest, mugs, entity):
    guest.do("action_state_taste", "i don't like red", "state_aversion", [entity("colour", "Red")])
    found(guest, "red mug", [entity("colour", "Red")])
    assert guest.do("action_declined", "no", "deny").titles == ["Blue Mug", "Glass Mug"]


def test_wishes_that_contradict_each_other_are_asked_about(guest, mugs, entity):
    low, high = ({"entity": "price", "value": value, "role": role} for value, role in ((5000, "min"), (1000, "max")))
    assert found(guest, "a mug over 50 and under 10", [low, high]).responses == ["utter_contradiction_price"]
    blue = [entity("colour", "Blue"), {**entity("colour", "Blue"), "role": "not"}]
    assert found(guest, "a blue mug but not blue", blue).responses == ["utter_contradiction"]


def test_what_went_into_the_cart_has_been_looked_at_and_what_was_looked_at_last_comes_first(guest, mugs, entity):
    assert guest.do("action_viewed", "what did i look at", "ask_viewed").responses == ["utter_viewed_none"]
    guest.do("action_search", "mug", "search_product")
    guest.do("action_add_to_cart", "add the first one", "add_to_cart", [entity("ordinal", 1)])
    guest.do("action_product_detail", "the second one", "product_detail", [entity("ordinal", 2)])
    assert guest.do("action_viewed", "what did i look at", "ask_viewed").titles == ["Red Mug", "Blue Mug"]


def test_comparing_with_what_is_not_sold_says_so(guest, mugs, entity):
    said = [entity("material", "Glass"), entity("material", "Linen")]
    reply = guest.do("action_compare", "how do the glass mug and the linen one differ", "compare_products", said)
    assert reply.responses == ["utter_compare_not_there"]
    assert "no linen here" in reply.text


def test_what_is_ruled_out_alone_leaves_the_rest_of_the_list(guest, mugs, entity):
    found(guest)
    reply = guest.do(
        "action_search", "hm, no glass please, she has loads", "search_product", [{**entity("material", "Glass"), "role": "not"}]
    )
    assert reply.titles == ["Blue Mug", "Red Mug"]
    anew = guest.do("action_search", "no glass, show me a bowl", "search_product", [{**entity("material", "Glass"), "role": "not"}])
    assert anew.titles == ["Oak Bowl"]
