"""Full-width vectors for the loops that gain from them.

LLVM halves the vectors on Intel server processors, because heavy instructions once lowered their clock. The time loops
are nothing but such instructions and run 1.3 to 2 times faster at full width. The wish is an attribute of the one
function (`prefer-vector-width` of the LLVM language reference) and no global setting; processors without such vectors use
what they have, and results do not depend on the width.
"""

from numba import config, types
from numba.extending import intrinsic

_WISH = '"prefer-vector-width"="512"'


@intrinsic
def prefer_wide_vectors(typing_context):
    """Compile the jitted function that calls this with vectors of up to 512 bits."""

    def codegen(context, builder, signature, arguments):
        # The set itself refuses what llvmlite does not list; string attributes are newer than its list.
        set.add(builder.function.attributes, _WISH)
        return context.get_dummy_value()

    return types.void(), codegen


def _nothing() -> None:
    """Do nothing: plain Python has no vectors."""


if getattr(config, "DISABLE_JIT"):  # noqa: B009 - numba sets it at run time
    prefer_wide_vectors = _nothing  # type: ignore[assignment]
