"""The message types as Cyclone DDS wants them, made from the tables of `layout`.

Bytes are declared `byte`, never `uint8`: the type information then equals that of Cyclone DDS 0.10.2, which Unitree's
SDK and Debian 12 ship. Declared `uint8`, the 11.0 package describes them in a way that makes a 0.10.2 peer crash.
"""

from __future__ import annotations

import functools
from typing import Any

from cyclonedds.idl import IdlStruct, make_idl_struct, types
from cyclonedds.idl.annotations import final

from hardware.unitree.layout import Struct

_KINDS: dict[str, Any] = {
    "u1": types.byte,
    "u2": types.uint16,
    "u4": types.uint32,
    "i2": types.int16,
    "i4": types.int32,
    "i8": types.int64,
    "b1": bool,
    "text": str,
    "bytes": types.sequence[types.byte],
    "f4": types.float32,
}


@functools.cache
def idl_type(struct: Struct) -> type[IdlStruct]:
    """Return the DDS type of a structure."""
    fields: dict[str, Any] = {}
    for name, kind, *count in struct.fields:
        member = idl_type(kind) if isinstance(kind, Struct) else _KINDS[kind]
        fields[name] = types.array[(member, *count)] if count else member
    made: type[IdlStruct] = final(make_idl_struct(struct.name.rpartition(".")[2], struct.name, fields))
    return made
