"""Rasa does without TensorFlow, and what is left out of it is what needs TensorFlow."""

import ast
import json
import subprocess
from functools import cache
from pathlib import Path

from deploy import local, train

LOCK = train.RASA_PROJECT / "requirements.lock"
TOLD = """
import json, sys
import lean
from rasa.__main__ import main
import rasa.core.policies.rule_policy
from rasa.engine.recipes import default_components
from rasa.graph_components.validators import default_recipe_validator
print(json.dumps([lean.LEFT_OUT, sorted(sys.modules), rasa.__path__[0]]))
"""


def rasa(code: str) -> subprocess.CompletedProcess[str]:
    """What Rasa's Python says to it."""
    command = [str(local.RASA_PYTHON), "-W", "ignore", "-c", code]
    return subprocess.run(command, cwd=train.RASA_PROJECT, capture_output=True, text=True)


@cache
def told() -> tuple[dict[str, list[str]], set[str], Path]:
    """What is left out, the modules that a Rasa has loaded which can train and run, and where its code lies."""
    left_out, loaded, place = json.loads(rasa(TOLD).stdout.splitlines()[-1])
    return left_out, set(loaded), Path(place).parent


def test_no_tensorflow() -> None:
    """C23: Rasa loads neither TensorFlow nor what belongs to it, and its environment and image hold none."""
    left_out, loaded, _ = told()
    assert left_out.keys() <= loaded
    heavy = {"tensorflow", "tensorflow-text", "tensorflow-hub", "keras", "jax", "jaxlib", "tensorboard"}
    assert not heavy & loaded
    locked = {line.partition("==")[0] for line in LOCK.read_text("utf-8").splitlines() if "==" in line}
    assert "rasa" in locked
    assert not heavy & locked


def test_stand_ins() -> None:
    """Each module that is left out needs TensorFlow, and has the names that the others take from it."""
    left_out, loaded, place = told()
    for name, classes in left_out.items():
        source = ast.parse((place / f"{name.replace('.', '/')}.py").read_text("utf-8"))
        assert set(classes) <= {part.name for part in source.body if isinstance(part, ast.ClassDef)}
        assert any(needed.startswith("tensorflow") for needed, _ in imports(source))
    for module in loaded - left_out.keys():
        if module.startswith("rasa.") and (file := place / f"{module.replace('.', '/')}.py").is_file():
            for source_name, taken in imports(ast.parse(file.read_text("utf-8"))):
                assert source_name not in left_out or taken in left_out[source_name], f"{module} needs {taken}"


def imports(source: ast.Module) -> list[tuple[str, str]]:
    """Each module from which something is taken, and what."""
    found = []
    for part in ast.walk(source):
        if isinstance(part, ast.ImportFrom) and part.module:
            found += [(part.module, alias.name) for alias in part.names]
        if isinstance(part, ast.Import):
            found += [(alias.name, "") for alias in part.names]
    return found


def test_what_is_left_out_says_so() -> None:
    """Whoever takes a component that needs TensorFlow is told what to do; so is who loads Rasa too early."""
    done = rasa("import lean; from rasa.nlu.classifiers.diet_classifier import DIETClassifier; DIETClassifier({})")
    assert "NotImplementedError: DIETClassifier needs TensorFlow" in done.stderr
    late = "import sys; sys.modules['rasa.utils.tensorflow.callback'] = sys; import lean"
    assert "ImportError: lean has to be imported before rasa.utils.tensorflow.callback." in rasa(late).stderr


def test_a_config_with_tensorflow(tmp_path: Path) -> None:
    """A training whose configuration names such a component fails, and names it."""
    (tmp_path / "config.yml").write_text("recipe: default.v1\nlanguage: xx\npipeline: [{name: DIETClassifier}]\n")
    command = ["sh", "../deploy/rasa.sh", "train", "nlu", "--config", str(tmp_path / "config.yml")]
    command += ["--domain", "domain.yml", "--nlu", "data", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=train.RASA_PROJECT, capture_output=True, text=True)
    assert done.returncode != 0
    assert "Can't load class for name 'DIETClassifier'" in done.stdout
