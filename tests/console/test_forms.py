"""What is wrong with a form stands beside its field, what was typed stays, and nothing is changed."""

from __future__ import annotations

import re

import httpx
import pytest

from shop import canned, conversations, staff
from tests.console.conftest import PASSWORD

pytestmark = pytest.mark.parametrize("store", ["sqlite"], indirect=True)
NEW = {"name": "Ann Lee", "email": "ann@shop.example", "role": "agent", "team": "returns", "password": PASSWORD}


def problem_of(page: str, field: str) -> str:
    """What stands beside the field, to which the field points for those who hear the page."""
    assert re.search(rf'aria-describedby="{field}-problem" aria-invalid="true"[^>]* id="{field}"', page), page
    return re.search(rf'<p class="problem" role="alert" id="{field}-problem">([^<]*)</p>', page)[1]


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("name", "", "A name has 1 to 120 characters."),
        ("name", "x" * 121, "A name has 1 to 120 characters."),
        ("email", "nobody", "This is not an email address."),
        ("role", "king", "Not a valid choice."),
        ("team", "x" * 61, "A team&#39;s name has at most 60 characters."),
        ("password", "too short", "A password has 12 to 200 characters."),
    ],
)
def test_a_new_colleague_who_is_not_right_is_not_added(sign_in, hire, store, field, value, problem):
    page = sign_in(hire("admin")).post("/people", **{**NEW, field: value})
    assert (page.status_code, problem_of(page.text, field)) == (422, problem)
    assert PASSWORD not in page.text
    assert field == "team" or 'value="returns"' in page.text, "what was typed stays"
    with store.read() as session:
        assert len(staff.everyone(session)) == 1


def test_an_email_that_somebody_has_is_said_beside_it(sign_in, hire):
    chief = sign_in(hire("admin"))
    assert chief.post("/people", **NEW).status_code == 303
    assert problem_of(chief.post("/people", **NEW).text, "email") == "There is an account with this email already."


def test_another_colleagues_new_password_is_refused_beside_their_name(sign_in, hire):
    chief, ann = sign_in(hire("admin")), hire(name="Ann Lee")
    page = chief.post(f"/people/{ann.id}/password", password="short")
    assert page.status_code == 422
    assert 'aria-label="New password of Ann Lee" size="12" aria-invalid="true" aria-describedby="wrong"' in page.text
    assert 'id="wrong">A password has 12 to 200 characters.' in page.text


def test_a_wrong_password_or_code_is_said_beside_it_and_the_secret_stays(sign_in, hire):
    colleague = sign_in(hire())
    assert "present password is not right" in problem_of(
        colleague.post("/account/password", old="wrong", new="long enough now").text, "old"
    )
    assert "12 to 200" in problem_of(colleague.post("/account/password", old=PASSWORD, new="short").text, "new")
    secret = "JBSWY3DPEHPK3PXP" * 2
    page = colleague.post("/account/two-factors", password=PASSWORD, secret=secret, code="000000").text
    assert "not right" in problem_of(page, "code")
    assert f'value="{secret}"' in page, "the app that has it needs no other"
    for spoilt in ("x", secret + "A", secret.lower(), "<b>"):
        page = colleague.post("/account/two-factors", password=PASSWORD, secret=spoilt, code="000000")
        assert (page.status_code, problem_of(page.text, "secret")[:28]) == (422, "This is no secret of ours. N")
        assert f'value="{spoilt}"' not in page.text
    assert "present password is not right" in problem_of(
        colleague.post("/account/two-factors", password="x", secret=secret).text, "password"
    )


def test_an_answer_that_cannot_be_saved_keeps_its_words(sign_in, hire, store):
    ann = sign_in(hire())
    page = ann.post("/replies", shortcut="two words", title="T", text="Typed for long")
    assert (page.status_code, problem_of(page.text, "shortcut-new")) == (422, "A short name has letters, digits and dashes.")
    assert "Typed for long</textarea>" in page.text
    assert ann.post("/replies", shortcut="late", title="T", text="Sorry").status_code == 303
    with store.read() as session:
        reply = canned.everything(session)[0]
    page = ann.post(f"/replies/{reply.id}", shortcut="late", title="Kept", text="")
    assert problem_of(page.text, f"text-{reply.id}") == "An answer has 1 to 2000 characters."
    assert 'value="Kept"' in page.text
    assert ann.post("/replies", shortcut="late", title="", text="x").status_code == 422


def test_a_sign_in_that_is_not_filled_in_says_so_beside_the_field(url, hire):
    who = hire()
    with httpx.Client(base_url=url + "/console", headers={"Origin": url}, timeout=20) as http:
        page = http.post("/sign-in", data={"email": who.email, "password": ""})
        assert (page.status_code, problem_of(page.text, "password")) == (422, "A password has 1 to 200 characters.")
        assert f'value="{who.email}"' in page.text
        page = http.post("/sign-in", data={"email": "", "password": PASSWORD})
        assert (page.status_code, problem_of(page.text, "email")) == (422, "An email address has 1 to 320 characters.")
        assert PASSWORD not in page.text
        page = http.post("/sign-in/code", data={"code": "letters"})
        assert (page.status_code, problem_of(page.text, "code")) == (422, "A code has six digits.")


@pytest.mark.parametrize(
    ("path", "sent", "problem"),
    [
        ("/review/undo", {"lessons": "1,x"}, "Choose 1 to 200 messages."),
        ("/review/undo", {}, "Choose 1 to 200 messages."),
        ("/review/pick", {"turn": "٣"}, "There is no such message."),
        ("/review/pick", {}, "There is no such message."),
        ("/review/decide", {"lessons": "1", "state": "burnt"}, "This decision does not fit the messages."),
        ("/review/decide", {"lessons": "1", "state": "corrected", "intent": "fly"}, "There is no intent &#39;fly&#39;."),
        ("/transcripts/filters", {"q": "x", "name": " "}, "The filter&#39;s name has 1 to 80 characters."),
        ("/transcripts/filters", {"q": "", "name": "all"}, "A filter has 1 to 2000 characters."),
        ("/transcripts/filters/remove", {"name": "x" * 81}, "The filter&#39;s name has 1 to 80 characters."),
    ],
)
def test_what_a_page_sends_and_is_not_right_changes_nothing_and_says_why(sign_in, hire, path, sent, problem):
    answer = sign_in(hire()).post(path, **sent)
    assert (answer.status_code, problem in answer.text) == (422, True), answer.text


def test_an_assignment_a_transfer_and_a_look_name_what_there_is(sign_in, hire, store, factory):
    with store.write() as session:
        chat = conversations.open_conversation(session, "web", "1", factory.customer().id)
    ann, at = sign_in(hire()), f"/inbox/{chat.public_id}"
    assert ann.post(f"{at}/take").status_code == 200
    for name, sent, problem in (
        ("assign", {"to": "99"}, "There is no such colleague."),
        ("assign", {"to": "x"}, "There is no such colleague."),
        ("transfer", {"to": "team:"}, "Choose a colleague or a team."),
        ("transfer", {"to": "-1"}, "Choose a colleague or a team."),
        ("hand-back", {"slots": "not a slot"}, "this does not: not a slot"),
        ("product", {"sku": ""}, "A product&#39;s number has 1 to 200 characters."),
        ("here", {"read": "far"}, "There is no such thing."),
    ):
        answer = ann.post(f"{at}/{name}", **sent)
        assert (answer.status_code, problem in answer.text) == (422, True), (name, sent, answer.text)
    assert ann.post(f"{at}/assign", to="").status_code == ann.post(f"{at}/assign", to=str(ann.who.id)).status_code == 200
