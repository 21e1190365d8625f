"""Recipes: settings of `train` that belong together, as TOML files; some are shipped."""

import importlib.resources
from collections.abc import Mapping
from typing import Any

from arraysim.synapses.settings import SynapseSettings
from arraysim.training.task import DataSettings
from dwcore.errors import InputError, nearest
from dwcore.parameters import read_value
from dwcore.toml import is_toml, parse_toml, read_toml
from dwsynapse.given import Given
from dwsynapse.settings import Settings
from dwsynapse.train_settings import SETTINGS, config_of, layers

FOLDER = "recipes"


def shipped() -> list[str]:
    """Return the names of the shipped recipes."""
    files = importlib.resources.files("dwsynapse_data").joinpath(FOLDER).iterdir()
    return sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml"))


def load_recipe(source: str) -> dict[str, Any]:
    """Return what a recipe holds: its meaning, and settings by section.

    Args:
        source: name of a shipped recipe, or path of a TOML file.

    Raises:
        InputError: there is none, or it is not laid out as a recipe.
    """
    if is_toml(source):
        found = read_toml(source)
    elif source in (names := shipped()):
        file = importlib.resources.files("dwsynapse_data").joinpath(FOLDER, f"{source}.toml")
        found = parse_toml(file.read_text(encoding="utf-8"), source)
    else:
        raise InputError(f'recipe "{source}" is unknown{nearest(source, names)}; or give a .toml file')
    meaning = found.pop("meaning", source)
    if not isinstance(meaning, str):
        raise InputError(f"{source}: meaning = {meaning!r} must be a text")
    for name, section in found.items():
        if not isinstance(section, Mapping):
            raise InputError(f"{source}: {name} = {section!r} must be in a section, such as [training]")
    return {"meaning": meaning, **found}


def follow(source: str, settings: Settings, given: Given) -> None:
    """Set what a recipe says and the command line does not.

    Args:
        source: as of ``load_recipe``.
        settings: that the command knows.
        given: what its options set; added to.

    Raises:
        InputError: the recipe holds a setting or a value that there is not.
    """
    found: dict[str, dict[str, Any]] = {}
    for section, values in load_recipe(source).items():
        for name, value in values.items() if section != "meaning" else ():
            try:
                setting = settings.find(f"{section}.{name}")
                found.setdefault(setting.section, {})[setting.field.name] = read_value(setting.field, value)
            except InputError as error:
                raise InputError(f"{source}: {error}") from None
    given.under(found, source)


def recipe_settings(source: str) -> dict[str, dict[str, Any]]:
    """Return every setting of `train` by section and name as a recipe leaves it, checked as a training checks them.

    Args:
        source: as of ``load_recipe``.

    Raises:
        InputError: it holds what there is not, or its settings do not fit together.
    """
    SETTINGS.complete()
    given = Given(SETTINGS.sections)
    follow(source, SETTINGS, given)
    SETTINGS.check_effect(given, layers)
    try:
        SynapseSettings(**given["synapse"]), DataSettings(**given["data"]), config_of(given)
    except InputError as error:
        raise InputError(f"{source}: {error}") from None
    values: dict[str, dict[str, Any]] = {section: {} for section in SETTINGS.sections}
    for setting in SETTINGS.all.values():
        values[setting.section][setting.field.name] = given[setting.section].get(
            setting.field.name, setting.field.default
        )
    return values
