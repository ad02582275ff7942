"""What forms ask for: reading an answer out of a message, or seeing that it is none.

A validation action returns a SlotSet for each detail it could read (None for an answer that will not do, which is then asked for again)
and nothing for a message that does not answer: Rasa then answers that message by its own rule and comes back to the form.
"""

from __future__ import annotations

import re

from rasa_sdk.events import SlotSet

from actions import reviews, wording
from actions.running import action
from actions.turn import Events, Turn
from shop.addresses import FIELDS, checked_email
from shop.errors import ShopError
from shop.numbers import normalise
from shop.text import clean

# Intents that short answers are easily taken for; every other one, heard clearly, interrupts the form.
GIVING = {"inform", "give_order_number"}
ANSWERS = GIVING | {"nlu_fallback", "out_of_scope", "greet", ""}
HEARD_CLEARLY = 0.6
CERTAIN = 0.9
QUESTION_WORDS = 10
LONGEST_TEXT = 2000
SHAPED = ("order_number", "email", "postcode")
# Names and towns that are also words of the catalogue (Bath, Sandwich, Rose Green) are heard as wishes for it.
SOUND_LIKE_NAMES = {"search_product", "choose_product", "product_detail", "refine", "state_preference", "state_aversion", "track_order"}
NOT_IN_NAMES = {
    *("a", "add", "any", "basket", "cart", "do", "find", "for", "have", "i", "me", "my", "no", "not", "order", "show", "some", "something"),
    *("the", "want", "what", "where", "which"),
}
LEAVING = {"stop", "deny", "affirm", "no_order_number", "talk_to_person", "goodbye", "help", "repeat"}
# Nobody complains, or writes a review, in words like these.
OTHER_WISHES = {"track_order", "list_orders", "view_cart", "checkout", "cancel_order", "start_return", "ask_about_me", "ask_case"}
ORDER_NUMBER = re.compile(r"\b[A-Z]{0,3}[- ]?\d[\dA-Z]{3}[- ]?[\dA-Z]{2,8}\b|\bSK[- ]?[\dA-Z]{4}[- ]?[\dA-Z]{4}\b", re.IGNORECASE)
QUESTION = re.compile(r"(?:who|whom|what|when|where|how|which|can|could|do|does|is|are|will)\b", re.IGNORECASE)
POSTCODE = re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b|\b\d{4,6}\b", re.IGNORECASE)
SAYS_POSTCODE = re.compile(r"\b(?:post ?code|zip)\b", re.IGNORECASE)
LEAD_IN = re.compile(
    r"^(hi|hello)?[,.!]?\s*(my name is|my name's|i am|i'm|it's|it is|this is|the address is|i live (in|at)|in|at)\s+", re.IGNORECASE
)


# What names the detail that it gives; the value ends where the sentence does.
_VALUE = r"(?:spelt |spelled |actually |really )?(?P<value>[^.!?;\n]{2,80}?)(?:,? not\b.*|, (?:i|sorry|my)\b.*)?[.!]*$"
CORRECTIONS = {
    "name": re.compile(rf"\b(?:my |the |full )*name(?:'s| is| was| should be)\s+{_VALUE}", re.IGNORECASE),
    "city": re.compile(rf"\b(?:my |the )?(?:city|town)(?:'s| is| was| should be)\s+{_VALUE}", re.IGNORECASE),
    "address_line": re.compile(rf"\b(?:my |the )?(?:address|street)(?:'s| is| was| should be)\s+{_VALUE}", re.IGNORECASE),
}


@action
def validate_order_form(turn: Turn) -> Events:
    return validated(turn, ("order_number", "email"))


@action
def validate_checkout_form(turn: Turn) -> Events:
    return validated(turn, ("name", "email", "address_line", "city", "postcode"))


@action
def validate_address_form(turn: Turn) -> Events:
    return validated(turn, ("address_line", "city", "postcode"))


@action
def validate_review_form(turn: Turn) -> Events:
    requested = turn.slot("requested_slot")
    if requested == "review_text":
        return own_words(turn, "review_text", nothing="")
    told = reviews.stars(turn.text, alone=True)
    if requested != "rating" or (told is None and not answers(turn, "rating")):
        return []
    if told is None:
        turn.say("utter_bad_rating")
    return [SlotSet("rating", told)]


@action
def validate_complaint_form(turn: Turn) -> Events:
    # On the message that began the form nothing has been asked for yet; "I want to complain", said again, tells nothing.
    tells = turn.intent != "complain" or wording.tells(turn.text)
    return own_words(turn, "complaint_text") if turn.slot("requested_slot") and tells else []


def own_words(turn: Turn, slot: str, nothing: str | None = None) -> Events:
    """Whatever the customer writes is the answer, but for a clear wish to leave, a short question or a short wish of another kind. A no
    becomes `nothing`."""
    if turn.intent == "deny":
        return [] if nothing is None else [SlotSet(slot, nothing)]
    leaves = turn.intent in LEAVING - {"affirm", "help", "repeat"} | {"start_over"} and turn.confidence >= HEARD_CLEARLY
    wishes = turn.intent in OTHER_WISHES and turn.confidence >= CERTAIN
    question = QUESTION.match(turn.text.strip()) and turn.intent.startswith(("ask_", "contact_")) and turn.confidence >= HEARD_CLEARLY
    asks = (wishes or question or turn.text.rstrip().endswith("?")) and len(turn.text.split()) <= QUESTION_WORDS
    if leaves or asks:
        return []
    said = clean(turn.text, LONGEST_TEXT)
    if sum(c.isalpha() for c in said) < 3:
        turn.say(f"utter_bad_{slot}")
        said = None
    return [SlotSet(slot, said)]


def validated(turn: Turn, asked_for: tuple[str, ...]) -> Events:
    requested = turn.slot("requested_slot")
    read: dict[str, str | None] = {}
    # Details that are recognised by their shape may come in any order, several at once.
    for slot, value in (("order_number", order_number(turn)), ("email", email(turn)), ("postcode", postcode(turn))):
        if slot in asked_for and value:
            read[slot] = value
    for slot, pattern in CORRECTIONS.items():
        # "No, my name is ...", said when something else was asked for.
        if slot in asked_for and slot != requested and slot not in read and (said := pattern.search(turn.text)):
            read[slot] = free_text(turn, slot, said["value"]) or turn.slot(slot)
    if requested == "address_line" and answers(turn, requested):
        read |= whole_address(turn)
    # Once another detail was read, the rest of the message is not taken for a free text.
    if requested in asked_for and requested not in read and not read and answers(turn, requested):
        value = free_text(turn, requested)
        if value is None:
            turn.say(f"utter_bad_{requested}")
        read[requested] = value
    return [SlotSet(slot, value) for slot, value in read.items()]


def answers(turn: Turn, requested: str) -> bool:
    """Whether the message is meant as an answer, rather than as a question of its own or a wish to leave."""
    if turn.intent in LEAVING or turn.text.rstrip().endswith("?"):
        return False
    if requested in SHAPED and turn.intent not in GIVING and not any(c.isdigit() or c == "@" for c in turn.text):
        return False
    if requested == "order_number" and turn.entity("postcode"):  # an address, told before it was asked for
        return False
    if requested in ("name", "city") and sounds_like_name(turn.text) and (turn.intent in SOUND_LIKE_NAMES or turn.confidence < CERTAIN):
        return True
    if requested == "address_line" and any(c.isdigit() for c in turn.text) and turn.confidence < CERTAIN:
        return True
    return turn.intent in ANSWERS or turn.confidence < HEARD_CLEARLY


def sounds_like_name(text: str) -> bool:
    """One to three plain words, as of a person or a town."""
    words = text.casefold().replace("'", "").replace("-", "").rstrip(".!").split()
    return 1 <= len(words) <= 3 and all(word.isalpha() for word in words) and not NOT_IN_NAMES & set(words)


def free_text(turn: Turn, slot: str, given: str | None = None) -> str | None:
    """The answer, cleaned; None when it cannot be one."""
    if slot in SHAPED:  # their shape would have been recognised
        return None
    text = clean(LEAD_IN.sub("", (given or turn.text).strip()), FIELDS["line1" if slot == "address_line" else slot]).rstrip(".!")
    letters = sum(c.isalpha() for c in text)
    if slot in ("name", "city"):
        return text if letters >= 2 and not any(c.isdigit() or c in "@<>{}" for c in text) and len(text.split()) <= 6 else None
    return text if letters >= 3 and len(text) >= 5 else None


def whole_address(turn: Turn) -> dict[str, str | None]:
    """ "12 Mill Lane, Leeds, LS1 4AB": street and town of an address written out with its postcode; nothing when there is no such. Without
    a postcode the last part is not split off: it may belong to the street ("12 Mill Lane, Flat 2")."""
    if turn.entity("postcode") is None or SAYS_POSTCODE.search(turn.text):
        return {}
    text = turn.text_without((entity for entity in turn.entities if entity["entity"] in ("postcode", "country")), instead=",")
    *street, last = [part for piece in re.split(r"[,\n]", text) if (part := piece.strip(" .!"))] or [""]
    if not street:
        return {"address_line": free_text(turn, "address_line", last)} if any(c.isdigit() for c in last) else {}
    town = free_text(turn, "city", last)
    line = free_text(turn, "address_line", ", ".join(street if town else [*street, last]))
    return {"address_line": line} | ({"city": town} if town else {}) if line else {}


def order_number(turn: Turn) -> str | None:
    value = turn.entity("order_number")
    if value is None and (turn.slot("requested_slot") == "order_number") and (found := ORDER_NUMBER.search(turn.text)):
        value = found.group()
    return normalise(str(value)) if value else None


def email(turn: Turn) -> str | None:
    value = turn.entity("email")
    if value is None:
        value = next((word.strip("<>,;:()") for word in turn.text.split() if "@" in word), None)
    try:
        return checked_email(str(value).rstrip(".")) if value else None
    except ShopError:
        return None


def postcode(turn: Turn) -> str | None:
    value = turn.entity("postcode")
    if value is None and turn.slot("requested_slot") == "postcode" and (found := POSTCODE.search(turn.text)):
        value = found.group()
    return clean(str(value), FIELDS["postcode"]).upper() if value else None
