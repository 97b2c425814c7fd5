"""Route 53's name servers: they answer on a real port from the records that were written through the API.

    server (UDP, TCP, EDNS) → zones (which zone, which set) → choose (which record, by policy and health) → server

Written from the Route 53 documentation alone, and from nothing of the product: what this answers is a second opinion.
"""
