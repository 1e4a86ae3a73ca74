"""A way to the sandbox that can be shut, so that a target refuses connections and still has its ledger."""

import socket
import threading

# A loopback address of its own: limits and breakers are per host.
ADDRESS = "127.0.0.2"
PIECE_BYTES = 65_536


class Gate:
    """Passes bytes between the server and the sandbox while it is open."""

    def __init__(self, sandbox_port):
        self.sandbox_port = sandbox_port
        self.listener = None
        self.port = 0
        self.open()

    @property
    def url(self):
        return f"http://{ADDRESS}:{self.port}"

    @property
    def is_open(self):
        return self.listener is not None

    def open(self):
        """Accepts connections from now on."""
        if self.is_open:
            return
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((ADDRESS, self.port))
        listener.listen(128)
        self.port = listener.getsockname()[1]
        self.listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def shut(self):
        """Refuses connections from now on; those that are open go on."""
        if self.is_open:
            # Without the shutdown, the thread in `accept` would keep the socket listening.
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.listener = None

    def _accept(self, listener):
        while True:
            try:
                caller, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass, args=(caller,), daemon=True).start()

    def _pass(self, caller):
        try:
            target = socket.create_connection(("127.0.0.1", self.sandbox_port))
        except OSError:
            caller.close()
            return
        back = threading.Thread(target=pump, args=(target, caller), daemon=True)
        back.start()
        pump(caller, target)
        back.join()
        caller.close()
        target.close()


def pump(source, sink):
    """Copies until one side ends, and tells the other."""
    try:
        while piece := source.recv(PIECE_BYTES):
            sink.sendall(piece)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RD if end is source else socket.SHUT_WR)
        except OSError:
            pass
