"""Waits until whoever started it is gone, then ends all that was started under its mark. See processes.Guard.

Reads one process id a line from standard input; the end of input is the starter's end: the kernel closes the pipe even
at a `kill -9`. Never starts anything.
"""

import signal
import sys

from demo.processes import end, living, marked


def main() -> None:
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    watched = [process for line in sys.stdin for process in living([int(line)])]
    end([*watched, *marked(sys.argv[1])])


if __name__ == "__main__":
    main()
