"""Rasa's default recipe, without the components that need TensorFlow."""

from __future__ import annotations

import sys
import types
from typing import Any

from rasa.engine.graph import GraphComponent, GraphModelConfiguration
from rasa.shared.importers.importer import TrainingDataImporter


class AlreadyChecked(GraphComponent):
    """Stands in for Rasa's validators: that of configurations imports DIET and TED to look for their mistakes (check.py checks ours), and
    that of finetuning takes fingerprints of all data, for a kind of training that we have no use for."""

    @classmethod
    def create(cls, *_: Any, **__: Any) -> AlreadyChecked:
        return cls()

    def validate(self, importer: TrainingDataImporter) -> TrainingDataImporter:
        return importer


def graph_configuration(config: dict[str, Any]) -> GraphModelConfiguration:
    """The training and prediction graphs for config.yml's pipeline and policies. Components of ours are named by their module path."""
    _replace("rasa.engine.recipes.default_components", DEFAULT_COMPONENTS=[])  # importing it would import every component there is
    _replace("rasa.graph_components.validators.default_recipe_validator", DefaultV1RecipeValidator=AlreadyChecked)
    _replace("rasa.graph_components.validators.finetuning_validator", FinetuningValidator=AlreadyChecked)
    # Importing a component registers it.
    import rasa.core.policies.memoization
    import rasa.core.policies.rule_policy
    import rasa.nlu.classifiers.fallback_classifier  # noqa: F401
    from rasa.engine.recipes.default_recipe import DefaultV1Recipe
    from rasa.shared.data import TrainingType

    return DefaultV1Recipe().graph_config_for_recipe(config, {}, TrainingType.BOTH)


def _replace(name: str, **content: Any) -> None:
    module = types.ModuleType(name)
    module.__dict__.update(content)
    sys.modules[name] = module
