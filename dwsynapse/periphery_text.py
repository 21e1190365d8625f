"""Settings of a periphery as the command line gives them."""

from arraysim.periphery.config import Periphery, periphery_from_mapping


def with_setting(periphery: Periphery, section: str, key: str, text: str) -> Periphery:
    """Return a periphery with one setting changed.

    Args:
        periphery: what is changed.
        section: its section.
        key: of the setting.
        text: its value, as in a file: a number, a number with a unit, or a word.

    Raises:
        InputError: no such setting, or a value it cannot have.
    """
    sections = periphery.to_dict()
    sections.setdefault(section, {})
    sections[section] = sections[section] | {key: _value(text)}
    return periphery_from_mapping(sections, "--set or --vary")


def _value(text: str):
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
