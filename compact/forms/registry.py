"""The closed forms there are, by name."""

from compact.forms import drift_diffusion, gamma_passage
from compact.forms.forms import Form
from dwcore.errors import InputError, nearest

FORMS = {form.name: form for form in (*drift_diffusion.FORMS, *gamma_passage.FORMS)}
DEFAULT = "drift-diffusion"
"""The best of all by held-out likelihood on the reference devices, see docs/theory-compact.md."""


def form_by_name(name: str) -> Form:
    """Return a form.

    Raises:
        InputError: no form has this name.
    """
    if name not in FORMS:
        raise InputError(f'form "{name}" is unknown{nearest(name, FORMS)}')
    return FORMS[name]
