"""Bodies of requests to the API: an object that holds the fields of a serializer and no others."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class OnlyItsFields:
    """Mixed into a serializer: a field that it does not know is refused, instead of being ignored."""

    def to_internal_value(self, data: Any) -> Any:
        fields: dict[str, Any] = self.fields  # type: ignore[attr-defined]
        if isinstance(data, dict):
            unknown = sorted(set(data) - set(fields))
            if unknown:
                known = ", ".join(fields) or "none"
                raise serializers.ValidationError(
                    {name[:80]: [f"is no field here; the fields are: {known}"] for name in unknown}, "unknown_field"
                )
        return super().to_internal_value(data)  # type: ignore[misc]


class Asked(OnlyItsFields, serializers.Serializer[Any]):
    """A request's body."""
