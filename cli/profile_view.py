"""A profile as plain values, and how it looks in the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.terminal import plain
from shop.money import format_minor
from shop.profile import Interest, Profile, Rfm, Source, Stated
from shop.settings import Settings

SHOWN, SOURCES = 5, 3  # interests of a kind, sources of a fact; JSON has all
FADED = 0.005  # a weight that has decayed below this is left to JSON, too
BAR = 12  # characters


def document(
    customer: Mapping[str, Any], profile: Profile, moods: Iterable[Source], orders: Rfm, consents: Mapping[str, bool]
) -> dict[str, Any]:
    """Times as ISO 8601, money in minor units, weights as they count now."""
    price, sentiment, days = profile.price, profile.sentiment, orders.recency_days
    return {
        "customer": dict(customer),
        "consent": dict(consents),
        "interests": {kind: [interest(fact) for fact in facts] for kind, facts in profile.interests.items() if kind != "price"},
        "aversions": [stated(fact) for fact in profile.aversions],
        "preferences": [stated(fact) for fact in profile.preferences],
        "price": price and {
            "low_minor": price.low, "typical_minor": price.typical, "high_minor": price.high,
            "sources": told(source for band in profile.interests.get("price", ()) for source in band.sources),
        },
        "sentiment": None if sentiment is None else {"value": rounded(sentiment), "sources": told(moods)},
        "issues": [{"key": one.key, "opened_at": one.opened_at.isoformat(), "sources": told([one.source])} for one in profile.issues],
        "embedding": profile.vector is not None,
        "orders": {
            "recency_days": None if days is None else rounded(days), "frequency": orders.frequency,
            "monetary_minor": orders.monetary_minor, "currency": orders.currency,
        },
    }  # fmt: skip


def interest(fact: Interest) -> dict[str, Any]:
    return {"key": fact.key, "weight": rounded(fact.weight), "share": rounded(fact.share), "sources": told(fact.sources)}


def stated(fact: Stated) -> dict[str, Any]:
    return {"attribute": fact.attribute, "value": fact.value, "sources": told([fact.source])}


def told(sources: Iterable[Source]) -> list[dict[str, Any]]:
    """The strongest first."""
    ranked = sorted(sources, key=lambda source: (-abs(source.weight), -source.at.timestamp()))
    return [
        {"turn": s.turn_id, "interaction": s.interaction_id, "at": s.at.isoformat(), "weight": rounded(s.weight), "text": s.text}
        for s in ranked
    ]


def rounded(number: float) -> float:
    return round(number, 4)


def draw(console: Console, found: Mapping[str, Any], why: bool, settings: Settings) -> None:
    customer = found["customer"]
    name = customer.get("name") or customer.get("email") or "a guest"
    console.print(plain(name, "bold") + plain(f"  customer {customer['id']}, {customer['public_id']}", "dim"))
    console.print(plain(", ".join(str(customer[key]) for key in ("email", "external_id", "country") if customer.get(key)), "dim"))
    consents = ", ".join(f"{purpose}: {'yes' if granted else 'no'}" for purpose, granted in found["consent"].items())
    console.print(plain(f"consent   {consents}"))
    if not found["consent"]["personalisation"]:
        console.print("\nThis customer has opted out of personalisation: nothing is used or learnt.", style="yellow")
        return
    console.print(plain(f"orders    {orders_line(found['orders'], settings)}"))
    facts = table_of(found, why, settings)
    console.print()
    console.print(facts if facts.row_count else Text("Nothing is known about this customer yet.", "dim"))


def orders_line(orders: Mapping[str, Any], settings: Settings) -> str:
    if not orders["frequency"]:
        return "none"
    spent = format_minor(orders["monetary_minor"], orders["currency"], settings.locale)
    return f"{orders['frequency']}, {spent} in all, the last {orders['recency_days']:.0f} days ago"


def table_of(found: Mapping[str, Any], why: bool, settings: Settings) -> Table:
    """One row a fact; with `why` its sources on the lines below."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False)
    for title in ("about", "fact", "strength"):
        table.add_column(title)
    if why:
        table.add_column("because", ratio=1)
    for kind, fact, strength, sources in rows(found, settings):
        table.add_row(Text(kind, "dim"), plain(fact), Text(strength, "green"), *([because(sources)] if why else []))
    return table


def rows(found: Mapping[str, Any], settings: Settings) -> Iterable[tuple[str, str, str, list]]:
    for issue in found["issues"]:
        yield "open issue", f"{issue['key']} since {issue['opened_at'][:10]}", "", issue["sources"]
    for kind, facts in (("dislikes", found["aversions"]), ("likes", found["preferences"])):
        for fact in facts:
            yield kind, f"{fact['value']} ({fact['attribute']})", "stated", fact["sources"]
    for kind, facts in found["interests"].items():
        for fact in [fact for fact in facts if fact["weight"] >= FADED][:SHOWN]:
            yield f"{kind} interest", fact["key"], bar(fact["share"]), fact["sources"]
    if price := found["price"]:
        low, typical, high = (
            format_minor(price[f"{name}_minor"], settings.currency, settings.locale) for name in ("low", "typical", "high")
        )
        yield "prices", f"{low} to {high}, typically {typical}", "", price["sources"]
    if found["sentiment"] is not None:
        yield "sentiment", f"{found['sentiment']['value']:+.2f} (-1 to 1)", "", found["sentiment"]["sources"]


def bar(share: float) -> str:
    return "█" * max(1, round(share * BAR)) + f" {share:.0%}"


def because(sources: list[dict[str, Any]]) -> Text:
    """The strongest sources, each with where and when it was, what was said or done, and its weight now."""
    fresh = [source for source in sources if abs(source["weight"]) >= FADED] or sources[:1]
    lines = [
        plain(f"{origin(source)}, {source['at'][:16].replace('T', ' ')}  ", "dim")
        + plain(f'"{source["text"]}"')
        + plain(f"  {source['weight']:+.2f}", "dim")
        for source in fresh[:SOURCES]
    ]
    more = [plain(f"and {len(sources) - len(lines)} more", "dim")] if len(sources) > len(lines) else []
    return Text("\n").join(lines + more)


def origin(source: Mapping[str, Any]) -> str:
    return f"turn {source['turn']}" if source["turn"] else f"interaction {source['interaction']}"
