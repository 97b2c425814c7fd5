"""Static files under names with their hash where they were collected, under their plain names beside a checkout."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage  # type: ignore[import-untyped] # ships no types


class HashedWhereCollected(CompressedManifestStaticFilesStorage):  # type: ignore[misc] # it has no types
    """Cached for ever in production; without `collectstatic` (demo, tests) WhiteNoise serves them from the apps."""

    def stored_name(self, name: str) -> str:
        try:
            return str(super().stored_name(name))
        except ValueError:  # in no manifest, and no such file in STATIC_ROOT to make a hash of
            return name
