"""What the check of the bot's data refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent / "data"


def checked(path: Path) -> None:
    from rasa.shared.importers.importer import TrainingDataImporter

    from bot.rasa.check import check

    importer = TrainingDataImporter.load_from_config(str(HERE / "config.yml"), str(HERE / "domain.yml"), [str(HERE / "nlu_data")])
    check(importer.get_domain(), HERE / "domain.yml", [*sorted((HERE / "nlu_data").glob("*.yml")), path], fewest=3)


def test_a_step_with_a_customers_text_is_refused_with_its_line(tmp_path: Path):
    from bot.rasa.check import BadData

    story = tmp_path / "story.yml"
    story.write_text("stories:\n- story: end to end\n  steps:\n  - user: hello there\n  - action: action_listen\n")
    with pytest.raises(BadData, match=r"story\.yml:4: .*`- user:`"):
        checked(story)


def test_the_data_without_it_is_accepted(tmp_path: Path):
    story = tmp_path / "story.yml"
    story.write_text("stories:\n- story: silent\n  steps:\n  - action: action_listen\n")
    checked(story)
