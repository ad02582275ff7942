"""Answers to a form, and messages that are none."""

from __future__ import annotations

import pytest


def asked(talk, action, requested, text, intent="inform", confidence=0.9, entities=()):
    talk.loop, talk.slots["requested_slot"] = "a_form", requested
    return talk.do(action, text, intent, entities, confidence=confidence)


def given(reply):
    return {event["name"]: event["value"] for event in reply.events if event["event"] == "slot"}


@pytest.mark.parametrize(
    ("requested", "text", "intent", "confidence", "expected"),
    [
        ("name", "Jo Miller", "inform", 0.9, {"name": "Jo Miller"}),
        ("name", "my name is Aoife O'Neill", "greet", 0.5, {"name": "Aoife O'Neill"}),
        ("name", "Grace Lamb", "search_product", 0.4, {"name": "Grace Lamb"}),
        ("email", "it's Jo.Miller@Example.com, thanks", "inform", 0.9, {"email": "jo.miller@example.com"}),
        ("address_line", "12 High Street", "search_product", 0.7, {"address_line": "12 High Street"}),
        ("city", "in Leeds", "inform", 0.9, {"city": "Leeds"}),
        ("city", "Bath", "search_product", 0.98, {"city": "Bath"}),
        ("name", "Ines Duarte", "ask_dearer", 0.65, {"name": "Ines Duarte"}),
        ("postcode", "ls1 4ap", "inform", 0.9, {"postcode": "LS1 4AP"}),
    ],
)
def test_an_answer_is_read(guest, requested, text, intent, confidence, expected):
    assert given(asked(guest, "validate_checkout_form", requested, text, intent, confidence)) == expected


@pytest.mark.parametrize(
    ("requested", "text", "response"),
    [
        ("name", "12345", "utter_bad_name"),
        ("email", "jo at example", "utter_bad_email"),
        ("email", "jo@@example", "utter_bad_email"),
        ("postcode", "somewhere", "utter_bad_postcode"),
    ],
)
def test_an_answer_that_will_not_do_is_asked_for_again_with_the_reason(guest, requested, text, response):
    reply = asked(guest, "validate_checkout_form", requested, text)
    assert reply.responses == [response]
    assert given(reply) == {requested: None}


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("how long does delivery take?", "ask_delivery_time"),
        ("how much is shipping", "ask_delivery_cost"),
        ("stop", "stop"),
        ("no", "deny"),
        ("what is in my cart", "view_cart"),
        ("can I pay by card?", "inform"),
    ],
)
@pytest.mark.parametrize("requested", ["name", "address_line", "city", "email"])
def test_a_question_in_the_middle_is_left_to_its_own_rule(guest, requested, text, intent):
    reply = asked(guest, "validate_checkout_form", requested, text, intent)
    assert (reply.responses, reply.events) == ([], [])


def test_number_and_email_in_one_message_fill_both(guest, entity):
    text = "it's SK-7Q2M-X9KD, jo@example.com"
    reply = asked(guest, "validate_order_form", "order_number", text, entities=[entity("order_number", "sk 7q2m x9kd")])
    assert given(reply) == {"order_number": "SK-7Q2M-X9KD", "email": "jo@example.com"}


def test_an_order_number_is_read_without_the_extractors_help(guest):
    assert given(asked(guest, "validate_order_form", "order_number", "SK7Q2MX9KD")) == {"order_number": "SK-7Q2M-X9KD"}
    assert asked(guest, "validate_order_form", "order_number", "dunno mate").responses == ["utter_bad_order_number"]


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        ("12 Mill Lane, Leeds, LS1 4AB", "LS1 4AB", {"address_line": "12 Mill Lane", "city": "Leeds"}),
        ("it's 12 Mill Lane, Flat 2, Leeds LS1 4AB.", "LS1 4AB", {"address_line": "12 Mill Lane, Flat 2", "city": "Leeds"}),
        ("Rose Cottage\nYork\nYO1 7HH", "YO1 7HH", {"address_line": "Rose Cottage", "city": "York"}),
        ("12 Mill Lane LS1 4AB", "LS1 4AB", {"address_line": "12 Mill Lane"}),
        ("Mill House, Flat 2, LS1 4AB", "LS1 4AB", {"address_line": "Mill House, Flat 2"}),
        ("my postcode is LS1 4AB, not LS2", "LS1 4AB", {}),
        ("LS1 4AB", "LS1 4AB", {}),
    ],
)
def test_an_address_written_out_at_once_is_read_at_once(guest, text, code, expected):
    entity = {"entity": "postcode", "value": code, "start": text.index(code), "end": text.index(code) + len(code)}
    reply = asked(guest, "validate_checkout_form", "address_line", text, entities=[entity])
    assert given(reply) == {"postcode": code, **expected}
    assert not reply.responses
