"""Rasa without TensorFlow; to be imported before Rasa.

Rasa 3.6.21 loads TensorFlow at each start for components that config.yml doesn't name. It would take 250 MiB of memory,
two seconds and more, and 1.9 GB of disk. The modules of those components are empty here but for their names.
"""

import sys
from types import ModuleType
from typing import Any, Text

# It looks for every name it trusts in every module that is loaded: two seconds if Rasa's are, nothing now.
import skops.io  # noqa: F401

LEFT_OUT = {
    "rasa.core.policies.ted_policy": ("TEDPolicy",),
    "rasa.core.policies.unexpected_intent_policy": ("UnexpecTEDIntentPolicy",),
    "rasa.nlu.classifiers.diet_classifier": ("DIETClassifier",),
    "rasa.nlu.featurizers.dense_featurizer.convert_featurizer": ("ConveRTFeaturizer",),
    "rasa.nlu.featurizers.dense_featurizer.lm_featurizer": ("LanguageModelFeaturizer",),
    "rasa.nlu.selectors.response_selector": ("ResponseSelector",),
    "rasa.utils.tensorflow.callback": ("RasaModelCheckpoint", "RasaTrainingLogger"),
    "rasa.utils.tensorflow.data_generator": ("RasaBatchDataGenerator",),
}
"""Modules of Rasa that need TensorFlow, and what others take from them."""


class LeftOut:
    """What a stand-in is: nothing, and it says so when somebody wants to use it."""

    def __init__(self, *_given: Any, **_options: Any) -> None:
        raise NotImplementedError(
            f"{type(self).__name__} needs TensorFlow, which the assistant does without. If config.yml is to name it, "
            "take the overrides out of pyproject.toml, make the lock anew, and let nothing import lean.py."
        )


def install() -> None:
    """Puts the stand-ins where Rasa looks for its modules. Raises ImportError when Rasa has loaded one already."""
    if loaded := LEFT_OUT.keys() & sys.modules.keys():
        raise ImportError(f"lean has to be imported before {', '.join(sorted(loaded))}.")
    sys.modules.update({name: _stand_in(name) for name in LEFT_OUT})


def _stand_in(name: Text) -> ModuleType:
    module = ModuleType(name, LeftOut.__doc__)
    for one in LEFT_OUT[name]:
        setattr(module, one, type(one, (LeftOut,), {"__module__": name}))
    return module


install()
