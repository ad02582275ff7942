"""Why an item is shown, in words, from its largest true contribution."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from recommender.contract import Event, Reason

Found = Mapping[str, tuple[int, str]]  # scorer -> the item that is its evidence, and its title

# What a scorer's contribution means to a customer, as the end of a sentence. {title} is the item that is the evidence.
WITH_EVIDENCE = {
    "ease": "often chosen together with {title}",
    "next": "often the next thing chosen after {title}",
    "again": "often the next thing chosen after {title}",
    "habit": "{did} it before",
    "due": "{did} it before, and it is about time again",
    "userknn": "chosen by customers who, like you, chose {title}",
    "userknn_pearson": "chosen by customers who, like you, chose {title}",
    "itemknn_cosine": "customers who chose {title} also chose this",
    "itemknn_pearson": "customers who chose {title} also chose this",
    "als": "customers who chose {title} also chose this",
    "bpr": "customers who chose {title} also chose this",
    "towers": "because {did} {title}",
    "itemknn": "customers who chose {title} also chose this",
    "copurchase": "often bought with {title}",
    "content": "because {did} {title}",
    "terms": "because {did} {title}",
    "category": "because {did} {title}",
}
WITHOUT = {
    "popularity": "popular with our customers right now",
    "trending": "popular with our customers in these days",
    "segment": "popular with customers like you",
    "fresh": "it is new since about the last time you were here",
    "price": "it is priced as what you usually choose",
    "interest": "it fits what you have been looking for",
    "text": "it comes close to what you described",
    "title": "it matches what you asked for",
    "words": "it matches what you asked for",
    "meaning": "it comes close to what you asked for",
    "spelling": "it sounds like what you asked for",
    "critique": "it comes closer to what you asked for",
    "rules": "our shop's own choice",
    "freshness": "new in our shop",
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


def reasons(contributions: Mapping[str, float], evidence: Found, did: Mapping[int, str]) -> list[Reason]:
    """All that can be said for an item, strongest contribution first; never empty. An evidence item that is missing in `did` was pointed
    at, not done anything with."""
    found = []
    for scorer in sorted(contributions, key=lambda name: -contributions[name]):
        if contributions[scorer] <= 0:
            break
        if scorer in evidence and scorer in WITH_EVIDENCE:
            item, title = evidence[scorer]
            phrase = SIMILAR if scorer in LIKENESS and item not in did else WITH_EVIDENCE[scorer]
            found.append(Reason(scorer, item, phrase.format(title=title, did=did.get(item, "you liked"))))
        elif scorer in WITHOUT:
            found.append(Reason(scorer, None, WITHOUT[scorer]))
    return found or [Reason("catalogue", None, ANYTHING)]


def tested(ranked: Sequence[Reason], contributions: Mapping[str, float], falls: Mapping[int, float]) -> Reason:
    """The first of the reasons that holds, with what it is worth. `falls`: by how much the score falls without an evidence item; where it
    does not fall, the item is no reason."""
    for one in ranked:
        worth = (
            falls.get(one.because, contributions.get(one.scorer, 0.0)) if one.because is not None else contributions.get(one.scorer, 0.0)
        )
        if worth > 0:
            return replace(one, worth=worth)
    return Reason("catalogue", None, ANYTHING, 0.0)


def what_they_did(history: Iterable[Event]) -> dict[int, str]:
    """Item -> the strongest thing the customer did with it, in words."""
    strongest: dict[int, int] = {}
    order = list(DID)
    for event in history:
        if event.kind in DID:
            strongest[event.item] = min(strongest.get(event.item, len(order)), order.index(event.kind))
    return {item: DID[order[k]] for item, k in strongest.items()}
