"""An agenda-based shopper (Schatzmann et al. 2007): what is still to be said, and how the bot's answer changes it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

import yaml

from cli.simulation.goals import Goal
from shop.models import Product

PATIENCE = 9  # messages without coming nearer, at most
LONGEST = 20  # messages
TYPOS = 0.15  # share of messages with one
ASKS_NUMBER = re.compile(r"\border number\b|which order", re.IGNORECASE)
ASKS_EMAIL = re.compile(r"\bemail\b", re.IGNORECASE)


@lru_cache(maxsize=1)
def phrases() -> Mapping[str, Sequence[str]]:
    return yaml.safe_load(Path(__file__).with_name("phrases.yml").read_text(encoding="utf-8"))


@dataclass
class Outcome:
    """How a conversation went. `violations`: titles shown against the shopper's aversion. `said` and `answers`: the conversation."""

    goal: Goal
    success: bool = False
    turns: int = 0
    fallbacks: int = 0
    seconds: float = 0.0
    violations: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)


class Shopper:
    """`agenda`: acts (names in phrases.yml) still to be said, the next one last."""

    def __init__(self, goal: Goal, rng: Random, products: Mapping[str, Product]) -> None:
        self.goal, self.rng, self.products = goal, rng, products
        self.patience = PATIENCE - rng.randint(0, 3)
        self.averse_said = False
        self.recipient = rng.choice(phrases()["recipients"])
        self.agenda = opening(goal, rng)
        self.thing = goal.first or goal.thing
        self.position = 0
        self.done = False

    def talk(self, say: Callable[[str], dict[str, Any]], clock: Callable[[], float]) -> Outcome:
        """Holds the conversation. `say` sends a message and returns the turn as `shopkeeper chat --json` prints it."""
        outcome = Outcome(self.goal)
        began = clock()
        while self.agenda and self.patience > 0 and outcome.turns < LONGEST and not self.done:
            act = self.agenda.pop()
            text = self.words(act)
            turn = say(text)
            outcome.turns += 1
            outcome.said.append(text)
            outcome.answers.append(" ".join(message.get("text") or "" for message in turn["messages"]))
            outcome.fallbacks += turn["intent"] in ("nlu_fallback", "out_of_scope")
            self.averse_said |= act == "aversion"
            shown = [self.products[card["sku"]] for card in cards(turn) if card["sku"] in self.products]
            if self.averse_said:
                outcome.violations += [product.title for product in shown if self.goal.violated_by(product)]
            self.react(act, turn, shown)
        outcome.success, outcome.seconds = self.done, clock() - began
        return outcome

    def words(self, act: str) -> str:
        goal = self.goal
        template = self.rng.choice(phrases()[act])
        text = template.format(
            thing=plural(self.thing), attribute=goal.colour or goal.material, colour=goal.colour, material=goal.material,
            averse=goal.averse,
            price=(goal.price_max or 0) // (120 if goal.kind == "gift" else 100), likes=goal.likes,
            recipient=self.recipient, number=goal.order[0], email=goal.order[1], ordinal=phrases()["ordinals"][self.position],
        )  # fmt: skip
        return mistyped(text, self.rng) if act not in ("number", "email", "track", "return") and self.rng.random() < TYPOS else text

    def react(self, act: str, turn: dict[str, Any], shown: list[Product]) -> None:
        """What the answer means for what is said next."""
        self.patience -= 1
        if self.goal.kind in ("track", "return"):
            self.follow_order(turn)
        elif act in ("add", "add_only"):
            self.done = added(turn)
            if not self.done:
                self.agenda.append(self.once_more)
        elif act == "switch":
            self.thing = self.goal.thing
            self.choose(shown)
        elif asked_yes_no(turn):
            self.agenda.append("decline")  # never wants what it said it did not want
        elif self.agenda and self.agenda[-1] == "switch":
            self.patience += 1
        else:
            self.choose(shown)

    @property
    def once_more(self) -> str:
        return "open_gift" if self.goal.kind == "gift" else "again"

    def choose(self, shown: list[Product]) -> None:
        """Takes the first product that fits; else says another of the wishes, else looks further."""
        if not self.agenda or self.agenda[-1] not in ("aversion",):
            for position, product in enumerate(shown[:5]):
                if self.goal.met_by(product):
                    self.position = position
                    self.agenda.append("add_only" if len(shown) == 1 else "add")
                    return
        if not self.agenda:
            self.agenda.append(self.rng.choice(["more", self.once_more]) if shown else self.once_more)

    def follow_order(self, turn: dict[str, Any]) -> None:
        text = " ".join(message.get("text") or "" for message in turn["messages"])
        actions = (turn.get("facts") or {}).get("actions") or []
        if self.goal.kind == "track":
            self.done = any((message.get("order") or {}).get("number") == self.goal.order[0] for message in turn["messages"])
        else:
            self.done = "action_confirmed" in actions and "is noted" in text
        if self.done:
            return
        if asked_yes_no(turn):
            self.agenda.append("agree")
        elif ASKS_EMAIL.search(text):
            self.agenda.append("email")
        elif ASKS_NUMBER.search(text):
            self.agenda.append("number")
        else:
            self.agenda.append(self.goal.kind)


def opening(goal: Goal, rng: Random) -> list[str]:
    """The agenda at the start, the first act last."""
    if goal.kind in ("track", "return"):
        return [goal.kind]
    wishes = [act for act, value in (("price_max", goal.price_max),) if value and goal.kind != "gift"]
    attribute = "colour" if goal.colour else "material" if goal.material else ""
    first = "open_gift" if goal.kind == "gift" else "open_find"
    if attribute and rng.random() < 0.5 and goal.kind == "find":
        first = "open_find_attribute"
    elif attribute:
        wishes.append(attribute)
    rng.shuffle(wishes)
    if goal.averse:
        wishes.append("aversion")
    return [*wishes, *(["switch"] if goal.kind == "switch" else []), first]


def cards(turn: dict[str, Any]) -> list[dict[str, Any]]:
    return [card for message in turn["messages"] for card in message.get("products") or ()]


def added(turn: dict[str, Any]) -> bool:
    return any((message.get("cart") or {}).get("count") for message in turn["messages"])


def asked_yes_no(turn: dict[str, Any]) -> bool:
    return any({"Yes", "No"} <= set(message.get("quick_replies") or ()) for message in turn["messages"])


def plural(thing: str) -> str:
    if thing.endswith(("s", "x", "ch", "sh")):
        return thing if thing.endswith("s") else thing + "es"
    if thing.endswith("y") and thing[-2:-1] not in "aeiou":
        return thing[:-1] + "ies"
    return thing[:-1] + "ves" if thing.endswith(("arf", "elf", "alf")) else thing + "s"


def mistyped(text: str, rng: Random) -> str:
    """One letter of one word left out, doubled or swapped with the next."""
    words = text.split(" ")
    long = [k for k, word in enumerate(words) if len(word) > 3 and word.isalpha()]
    if not long:
        return text
    k = rng.choice(long)
    word, at = words[k], rng.randint(1, len(words[k]) - 2)
    words[k] = rng.choice(
        [word[:at] + word[at + 1 :], word[:at] + word[at] + word[at:], word[:at] + word[at + 1] + word[at] + word[at + 2 :]]
    )
    return " ".join(words)
