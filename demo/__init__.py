"""What `make demo` and `make test` stand on: the virtual environment, the engines, the supervisor, the demo service.

Outside the product: nothing in controlplane, deployments or regions imports it.
"""
