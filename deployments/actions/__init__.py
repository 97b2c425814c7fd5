"""One file per verb. The admin, the API, pages and commands all call the same object, so that all behave alike.

An action is made with what it is about and who asks (`Actor`). `check()` raises `ActionRefused` where it may not be;
`execute()` checks again under the locks that it needs, changes rows, and writes one event. None changes AWS but
`take_over`, which moves one owner record.
"""
