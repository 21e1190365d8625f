"""Loads and stores that tell the compiler what the language cannot: the lookup table is never written.

In a loop that reads a table at computed places and writes its lanes, the compiler must assume that a write may
change the table, and gives up vectorizing. `load_constant` marks a read as belonging to a scope, `load_lane` and
`store_lane` mark their accesses as never touching that scope (scoped-noalias metadata of the LLVM language reference).
"""

from llvmlite import ir
from numba import config, types
from numba.extending import intrinsic

_BYTES = ir.IntType(8).as_pointer()


def _scope(module):
    domain = module.add_metadata(["dwsynapse"])
    scope = module.add_metadata(["dwsynapse constant table", domain])
    return module.add_metadata([scope])


def _element(context, builder, signature, arguments):
    array = context.make_array(signature.args[0])(context, builder, value=arguments[0])
    return builder.gep(array.data, [arguments[1]])


@intrinsic
def load_constant(typing_context, array, index):
    """Return the element `index` (uint64, not checked) of a contiguous one-dimensional array that nothing writes."""

    def codegen(context, builder, signature, arguments):
        value = builder.load(_element(context, builder, signature, arguments))
        value.set_metadata("alias.scope", _scope(builder.module))
        return value

    return array.dtype(array, types.uint64), codegen


@intrinsic
def load_lane(typing_context, array, index):
    """Return the element `index` (uint64, not checked) of a contiguous one-dimensional array of lanes."""

    def codegen(context, builder, signature, arguments):
        value = builder.load(_element(context, builder, signature, arguments))
        value.set_metadata("noalias", _scope(builder.module))
        return value

    return array.dtype(array, types.uint64), codegen


@intrinsic
def store_lane(typing_context, array, index, value):
    """Write element `index` (uint64, not checked) of a contiguous one-dimensional array of lanes."""

    def codegen(context, builder, signature, arguments):
        store = builder.store(arguments[2], _element(context, builder, signature, arguments))
        store.set_metadata("noalias", _scope(builder.module))
        return context.get_dummy_value()

    return types.void(array, types.uint64, array.dtype), codegen


@intrinsic
def prefetch(typing_context, array, index):
    """Have the element `index` (int64, not checked) of a contiguous one-dimensional array on its way to the cache.

    A loop that jumps about in memory waits for each place in turn. Where the places are known ahead, asking for many
    of them first lets their waits overlap (``llvm.prefetch`` of the LLVM language reference). No result depends on it.
    """

    def codegen(context, builder, signature, arguments):
        place = builder.bitcast(_element(context, builder, signature, arguments), _BYTES)
        kind = ir.FunctionType(ir.VoidType(), (_BYTES, *(ir.IntType(32),) * 3))
        call = builder.module.declare_intrinsic("llvm.prefetch", (_BYTES,), kind)
        to_read, keep, data = (ir.Constant(ir.IntType(32), number) for number in (0, 3, 1))
        builder.call(call, (place, to_read, keep, data))
        return context.get_dummy_value()

    return types.void(array, types.int64), codegen


if getattr(config, "DISABLE_JIT"):  # noqa: B009 - numba sets it at run time

    def load_constant(array, index):  # type: ignore[misc]
        """Return an element."""
        return array[index]

    load_lane = load_constant

    def store_lane(array, index, value):  # type: ignore[misc]
        """Write an element."""
        array[index] = value

    def prefetch(array, index):  # type: ignore[misc]
        """Do nothing: plain Python does not feel the cache."""
