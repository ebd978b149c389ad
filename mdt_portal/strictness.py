"""What the framework would guess, and we refuse: unknown fields, other types, days of other centuries.

A place is a path such as `seats.0.discipline`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import fields, serializers

FIRST_YEAR, LAST_YEAR = 1900, 2199
Reader = serializers.BaseSerializer | serializers.Field

_TEXT = (
    fields.CharField, fields.DateField, fields.DateTimeField, fields.TimeField, serializers.SlugRelatedField,
)  # fmt: skip
TYPES: list[tuple[type | tuple[type, ...], Callable[[Any], bool], str | Promise]] = [
    (fields.BooleanField, lambda value: isinstance(value, bool), gettext_lazy("Write true or false.")),
    (
        fields.IntegerField,
        lambda value: isinstance(value, int | float) and not isinstance(value, bool) and value == int(value),
        gettext_lazy("Write a whole number."),
    ),
    (
        fields.FloatField,
        lambda value: isinstance(value, int | float) and not isinstance(value, bool),
        gettext_lazy("Write a number."),
    ),
    (_TEXT, lambda value: isinstance(value, str), gettext_lazy("Write a text.")),
]
"""What JSON must hold for a field. The framework takes "true" for true, 12 for "12" and much else."""


def refuse_other_types(reader: Reader, raw: Any) -> None:
    """Raises ValidationError naming every place where JSON holds another type than the schema says."""
    if found := dict(_mistyped(reader, raw, "")):
        raise serializers.ValidationError({place: [message] for place, message in found.items()})


def refuse_unknown(reader: Reader, raw: Any) -> None:
    """Raises ValidationError naming every key that `reader` has no field for, so that a misspelt one is noticed."""
    if found := list(_unknown(reader, raw, "")):
        raise serializers.ValidationError({place: [_("This field is not known.")] for place in found})


def refuse_far_days(given: Any, place: str = "") -> None:
    """Raises ValidationError where a day lies in no century in which somebody is treated: nothing can be computed."""
    if isinstance(given, date) and not FIRST_YEAR < given.year < LAST_YEAR:
        message = _("Write a day between %(first)d and %(last)d.") % {"first": FIRST_YEAR, "last": LAST_YEAR}
        raise serializers.ValidationError({place: [message]})
    for _key, value, here in _parts(given, place):
        refuse_far_days(value, here)


def _parts(value: Any, place: str) -> Iterator[tuple[Any, Any, str]]:
    """Key, value and place of whatever `value` holds."""
    pairs: Any = ()
    if isinstance(value, Mapping):
        pairs = value.items()
    elif isinstance(value, list | tuple):
        pairs = enumerate(value)
    for key, part in pairs:
        yield key, part, f"{place}.{key}" if place else str(key)


def _below(reader: Reader, raw: Any, place: str) -> Iterator[tuple[Reader | None, Any, str]]:
    """What `raw` holds with its readers, one level down; None for the reader of an unknown key."""
    for key, value, here in _parts(raw, place):
        if isinstance(reader, serializers.Serializer) and isinstance(raw, Mapping):
            yield reader.fields.get(key), value, here
        elif (isinstance(reader, fields.DictField) and isinstance(raw, Mapping)) or (
            isinstance(reader, serializers.ListSerializer | fields.ListField) and isinstance(raw, list)
        ):
            yield reader.child, value, here
        elif isinstance(reader, serializers.ManyRelatedField) and isinstance(raw, list):
            yield reader.child_relation, value, here


def _mistyped(reader: Reader, raw: Any, place: str) -> Iterator[tuple[str, str]]:
    if raw is None or getattr(reader, "read_only", False):
        return
    for kinds, fits, message in TYPES:
        if isinstance(reader, kinds):
            if not fits(raw):
                yield place, str(message)
            return
    if isinstance(reader, fields.ChoiceField) and not any(type(raw) is type(one) for one in reader.choices):
        yield place, _("Choose one of: %(choices)s.") % {"choices": ", ".join(map(str, reader.choices))}
    for child, value, here in _below(reader, raw, place):
        if child is not None:
            yield from _mistyped(child, value, here)


def _unknown(reader: Reader, raw: Any, place: str) -> Iterator[str]:
    if isinstance(reader, serializers.Serializer | serializers.ListSerializer):
        for child, value, here in _below(reader, raw, place):
            if child is None:
                yield here
            else:
                yield from _unknown(child, value, here)
