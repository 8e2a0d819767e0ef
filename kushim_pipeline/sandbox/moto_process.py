"""A process of its own that is AWS: moto's server on a free loopback port, which it prints. It ends when stdin does.

So it ends with the process that started it, however that one ended. Run as
`python -m kushim_pipeline.sandbox.moto_process`.
"""

import logging
import os
import sys


def main() -> None:
    """Serve until stdin ends."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    sys.stdin.buffer.read()
    os._exit(0)  # nothing here is worth an orderly end, which takes werkzeug half a second


if __name__ == "__main__":
    main()
