"""The page of `shopkeeper train --report`: what the recommender that serves now can do, drawn."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader

from cli import charts

if TYPE_CHECKING:
    from recommender.report import Report
    from shop.settings import Settings
    from shop.store import Store

EXAMPLES = 3  # customers shown before and after
SHOWN = 5  # products of each list


@dataclass(frozen=True)
class Example:
    """A customer's latest choices, and what they were and are recommended."""

    liked: list[str]
    before: list[str]
    after: list[str]


def write(settings: Settings, store: Store, path: Path) -> Path:
    """Measures the model that serves on customers' last days and writes the page. Raises NoModel when nothing was trained."""
    from recommender import data, versions
    from recommender.encoder import Encoder
    from recommender.learn import Learned
    from recommender.report import measure
    from recommender.scorers import FURTHER
    from recommender.serving import restored

    version = versions.current(settings)
    arrays, described = versions.read(version)
    encoder = Encoder.open(settings)
    dataset = data.dataset(store, encoder)
    blend = restored(dataset, version.name, arrays, described)
    further = tuple(name for name in described["scorers"] if name in FURTHER)
    tuning, metrics = described.get("tuning", {}), version.manifest["metrics"]
    learned = Learned(blend.weights, blend.again, tuning, metrics, blend.rare, blend.again_rare, further, blend.trees)
    report = measure(dataset, learned)
    examples, before = _examples(settings, store, encoder, dataset)
    page = render(report, examples, before, version.name, version.manifest)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    return path


def render(report: Report, examples: list[Example], before: str, name: str, manifest: dict[str, Any]) -> str:
    from recommender.report import LENGTHS, SHARES

    lengths = [f"{low}" if low == high else f"{low}+" if high > 1000 else f"{low}-{high}" for low, high in LENGTHS]
    lengths = [f"{text} ({count})" for text, count in zip(lengths, report.sizes, strict=True)]
    tenths = [f"{k + 1}" for k in range(10)]
    drawn = {
        "accuracy": charts.bars(report.accuracy, lengths, "products known of a customer (how many customers)", "NDCG@10"),
        "curve": charts.lines(report.curve, [f"{share:.0%}" for share in SHARES], "customers learned from", "NDCG@10"),
        "bias": charts.bars(report.bias, tenths, "tenth of the catalogue, most popular first", "share of what is shown"),
        "calibration": charts.scatter(report.calibration, "what the score stands for", "share chosen"),
    }
    loader = FileSystemLoader(Path(__file__).parent / "templates")
    template = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True).get_template("training.html")
    return template.render(
        report=report, drawn=drawn, examples=examples, before=before, name=name, manifest=manifest, written=datetime.now(UTC)
    )


def _examples(settings: Settings, store: Store, encoder: Any, dataset: Any) -> tuple[list[Example], str]:
    """Lists of the model before (or of what is popular, when there was none) and of the one that serves."""
    from recommender import answers, versions
    from recommender.contract import Ask
    from recommender.facade import Recommender
    from recommender.serving import trained
    from recommender.versions import NoModel

    recommender = Recommender(settings, store, encoder)
    now = recommender.serving
    then, said = None, "what is popular"
    if (previous := versions.previous(settings)) is not None:
        with suppress(NoModel):  # of a program that was another
            then = trained(now.data, previous.name, *versions.read(previous), encoder.is_word)
            said = f"version {previous.name}"
    counts = dataset.interactions.groupby("user").size().sort_values()
    places = [len(counts) * k // (EXAMPLES + 1) for k in range(1, EXAMPLES + 1)] if len(counts) else []
    customers = [int(user) for user in counts.index[places]]

    def titles(serving: Any, ask: Ask) -> list[str]:
        found = answers.recommend(serving, ask, encoder.encode_one).items
        return [f"{now.data.items['title'].iloc[now.data.position[one.item]]} ({one.reason.text})" for one in found]

    examples = []
    for customer in customers:
        ask = recommender.ask_for(customer, n=SHOWN)
        latest = list(dict.fromkeys(event.item for event in reversed(ask.history) if event.item in now.data.position))[:SHOWN]
        old = titles(then, ask) if then is not None else titles(now, replace(ask, history=(), interest=None))
        liked = [str(now.data.items["title"].iloc[now.data.position[item]]) for item in latest]
        examples.append(Example(liked, old, titles(now, ask)))
    return examples, said
