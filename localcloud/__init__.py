"""An AWS of your own on this machine, for the demo and the tests.

One process, one event loop: ministack behind a gate that gives each region an address of its own, takes regions down,
injects faults, and refuses what AWS refuses. Nothing in the product imports it.
"""
