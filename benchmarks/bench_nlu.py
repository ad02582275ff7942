"""Understanding beside its peers: python -m benchmarks.bench_nlu --data DIR [DIR ...] [--stock auto|always|never] [--long] [--json FILE].

DIR is a data set or a folder of them: train.csv and test.csv, columns text and intent, and perhaps oos_test.csv. Ours, the same untuned,
MiniLM with logistic regression, the same with n-grams and Rasa's default pipeline (DIET, 100 epochs) are trained and tested; a set of
more than 2,000 texts leaves the last out unless --stock always: it takes an hour there. A set with 20 texts an intent or more is tested
once more with ten an intent to learn from. With --long ours is also tuned deeper and longer.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import stock_rasa
from benchmarks.bench_nlu_data import few_of_each, rows
from cli.prepare import RASA_PYTHON, rasa_environment
from recommender.export import export
from shop.settings import PROJECT, Settings

NAMES = {
    **{"stock": "stock Rasa (DIET)", "minilm": "MiniLM + LR", "ngrams": "MiniLM + n-grams + LR"},
    **{"ours_untuned": "ours, encoder as it is", "ours": "ours", "ours_long": "ours, long tuning"},
}
STOCK_AT_MOST = 2_000  # texts
SHOTS = 10
PERCENT = {
    "accuracy": "accuracy",
    "macro_f1": "macro-F1",
    "typos": "typos",
    "lower": "lower case",
    "oos_recall": "OOS recall at 10 %",
    "auroc": "AUROC",
}
PLAIN = {
    "train_s": "train s",
    "train_cpu_s": "train CPU s",
    "parse_p50_ms": "p50 ms",
    "parse_p95_ms": "p95 ms",
    "peak_mb": "peak MB",
    "size_mb": "size MB",
}
console = Console(width=160)


def main() -> int:
    arguments = _arguments()
    sets = [found for folder in arguments.data for found in data_sets(folder)]
    if not sets:
        wanted = "a folder with train.csv and test.csv (columns text, intent) is wanted"
        print(f"No data set in {', '.join(map(str, arguments.data))}: {wanted}.", file=sys.stderr)
        return 2
    settings = Settings()
    export(settings)  # does nothing when the encoder is there
    results: dict[str, dict[str, dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for folder in sets:
            parts, few = {folder.name: folder}, Path(scratch) / str(len(results))
            if few_of_each(folder, few, SHOTS):
                parts[f"{folder.name}, {SHOTS} examples an intent"] = few
            for name, part in parts.items():
                results[name] = {system: measured(system, part, settings) for system in systems(part, arguments)}
                console.print(table(name, results[name]))
                if arguments.json:
                    arguments.json.write_text(json.dumps(results, indent=1))
    return 0


def systems(folder: Path, arguments: argparse.Namespace) -> list[str]:
    size = len(rows(folder / "train.csv"))
    stock = arguments.stock == "always" or (arguments.stock == "auto" and size <= STOCK_AT_MOST)
    if arguments.stock == "auto" and not stock:
        console.print(f"[dim]{folder.name}: stock Rasa is left out, {size:,} texts would take it an hour (--stock always)[/dim]")
    return [*(["stock"] if stock else []), "minilm", "ngrams", "ours_untuned", "ours", *(["ours_long"] if arguments.long else [])]


def data_sets(folder: Path) -> list[Path]:
    """The folder itself, or those of its folders that hold train.csv and test.csv."""
    candidates = [folder, *sorted(path for path in folder.iterdir() if path.is_dir())] if folder.is_dir() else []
    return [path for path in candidates if (path / "train.csv").is_file() and (path / "test.csv").is_file()]


def measured(system: str, data: Path, settings: Settings) -> dict[str, float]:
    """What benchmarks/bench_nlu_systems.py measured in a process of its own. Raises CalledProcessError if it failed."""
    console.print(f"[dim]{NAMES[system]} on {data.name} ...[/dim]")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "found.json"
        command = [str(RASA_PYTHON), "-m", "benchmarks.bench_nlu_systems", system, str(data.resolve()), str(out)]
        subprocess.run(
            [*command, "--pipeline", json.dumps(stock_rasa.default(epochs=100)["pipeline"])],
            cwd=PROJECT,
            env=rasa_environment(settings),
            check=True,
        )
        return json.loads(out.read_text())


def table(name: str, results: dict[str, dict[str, float]]) -> Table:
    shown = Table(title=name, title_justify="left")
    shown.add_column("system")
    for heading in (*PERCENT.values(), *PLAIN.values()):
        shown.add_column(heading, justify="right")
    for system, found in results.items():
        percent = [f"{100 * found[key]:.1f}" if key in found else "" for key in PERCENT]
        shown.add_row(NAMES[system], *percent, *(f"{found[key]:.1f}" for key in PLAIN))
    return shown


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="data sets, or folders of them")
    parser.add_argument("--stock", choices=("auto", "always", "never"), default="auto", help="Rasa's default pipeline too (slow)")
    parser.add_argument("--long", action="store_true", help="also ours with long tuning (minutes)")
    parser.add_argument("--json", type=Path, help="write the numbers here too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
