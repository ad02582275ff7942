"""Why an item is shown, in words, from its largest true contribution."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from recommender.contract import Event, Reason

# What a scorer's contribution means to a customer, as the end of a sentence. {title} is the item that is the evidence.
WITH_EVIDENCE = {
    "ease": "often chosen together with {title}",
    "next": "often the next thing chosen after {title}",
    "again": "often the next thing chosen after {title}",
    "habit": "{did} it before",
    "itemknn": "customers who chose {title} also chose this",
    "copurchase": "often bought with {title}",
    "content": "because {did} {title}",
    "terms": "because {did} {title}",
    "category": "because {did} {title}",
}
WITHOUT = {
    "popularity": "popular with our customers right now",
    "trending": "popular with our customers in these days",
    "fresh": "it is new since about the last time you were here",
    "interest": "it fits what you have been looking for",
    "text": "it comes close to what you described",
    "title": "it matches what you asked for",
    "words": "it matches what you asked for",
    "meaning": "it comes close to what you asked for",
    "spelling": "it sounds like what you asked for",
}
LIKENESS = ("content", "terms", "category")
ANYTHING = "from our range"
SIMILAR = "similar to {title}"
# The strongest thing the customer did with the evidence, strongest first.
DID = {
    "purchase": "you bought",
    "rating": "you rated",
    "like": "you liked",
    "cart": "you put in your cart",
    "click": "you looked at",
    "view": "you looked at",
}


def reason(
    contributions: Mapping[str, float], evidence: Mapping[str, int | None], titles: Mapping[int, str], did: Mapping[int, str]
) -> Reason:
    """From the contributions to the score, the evidence item of each scorer, the evidence items' titles, and what the customer did with
    them (an item that is missing there was pointed at, not done anything with)."""
    for scorer in sorted(contributions, key=lambda name: -contributions[name]):
        if contributions[scorer] <= 0:
            break
        item = evidence.get(scorer)
        if item is not None and scorer in WITH_EVIDENCE:
            phrase = SIMILAR if scorer in LIKENESS and item not in did else WITH_EVIDENCE[scorer]
            return Reason(scorer, item, phrase.format(title=titles[item], did=did.get(item, "you liked")))
        if scorer in WITHOUT:
            return Reason(scorer, None, WITHOUT[scorer])
    return Reason("catalogue", None, ANYTHING)


def what_they_did(history: Iterable[Event]) -> dict[int, str]:
    """Item -> the strongest thing the customer did with it, in words."""
    strongest: dict[int, int] = {}
    order = list(DID)
    for event in history:
        if event.kind in DID:
            strongest[event.item] = min(strongest.get(event.item, len(order)), order.index(event.kind))
    return {item: DID[order[k]] for item, k in strongest.items()}
