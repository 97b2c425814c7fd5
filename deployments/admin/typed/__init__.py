"""Typed forms from schemas: a JSON Schema becomes fields, what a browser sent becomes JSON values, and both are shown.

    schema → fields (what can be said) → state (what is said) → bound (both, with problems at their fields) → template

Knows JSON Schema and no field of the manifest by name, so that a new field or kind of component needs no change here.
"""
