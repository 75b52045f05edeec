"""A real RabbitMQ on this machine, with ports and a folder of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from pydantic import SecretStr

from toolkit.spool.rabbitmq import Queue

_SERVER = ("/usr/lib/rabbitmq/bin/rabbitmq-server", "/usr/sbin/rabbitmq-server")


def server() -> str | None:
    """The program, or None where there is none."""
    found = next((path for path in _SERVER if os.access(path, os.X_OK)), None)
    return found or shutil.which("rabbitmq-server")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Broker:
    """One node, started, killed and started again over the same data.

    Args:
        folder: its data, log and configuration.
        tls: certificate and key of a second listener, PEM.
    """

    def __init__(self, folder: Path, tls: tuple[Path, Path] | None = None) -> None:
        self.folder, self.port, self.tls_port = folder, free_port(), free_port() if tls else 0
        self._distribution, self._mapper = free_port(), free_port()
        self._started: subprocess.Popen[bytes] | None = None
        (folder / "home").mkdir(parents=True)
        lines = [f"listeners.tcp.1 = 127.0.0.1:{self.port}", "loopback_users = none"]
        if tls:
            lines += [
                f"listeners.ssl.1 = 127.0.0.1:{self.tls_port}",
                f"ssl_options.certfile = {tls[0]}",
                f"ssl_options.keyfile = {tls[1]}",
            ]
        (folder / "rabbitmq.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def start(self) -> None:
        """Returns when it answers."""
        program = server()
        assert program is not None
        with (self.folder / "said.txt").open("ab") as said:
            self._started = subprocess.Popen(
                [program], env=self._surroundings(), stdout=said, stderr=said, start_new_session=True
            )
        until = time.monotonic() + 120
        while time.monotonic() < until:
            if self._started.poll() is not None:
                break
            if self._answers():
                return
            time.sleep(0.1)
        raise AssertionError((self.folder / "said.txt").read_text(encoding="utf-8", errors="replace")[-2000:])

    def settle(self) -> None:
        """Have it write down which queues it has.

        RabbitMQ 3.10 keeps the names of quorum queues in a table that reaches the disk every three minutes:
        a queue younger than that is empty and without a leader after `kill -9` (seen 2026-11-23).
        """
        program = str(Path(server() or "").with_name("rabbitmqctl"))
        asked = [program, "eval", "[dets:sync(Table) || Table <- dets:all()]."]
        subprocess.run(asked, env=self._surroundings(), check=True, capture_output=True)

    def _surroundings(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder / "home"),
            "RABBITMQ_NODENAME": f"b24kit{self.port}@localhost",
            "RABBITMQ_MNESIA_BASE": str(self.folder / "kept"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_DIST_PORT": str(self._distribution),
            "ERL_EPMD_PORT": str(self._mapper),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
        }

    def kill(self) -> None:
        """`kill -9`, as the power would."""
        assert self._started is not None
        os.killpg(self._started.pid, signal.SIGKILL)
        self._started.wait()
        while self._answers():  # the shell that started it is gone a moment before the node itself
            time.sleep(0.01)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        """Gone for good, with the process in which Erlang's nodes find each other."""
        if self._started is not None:
            self.kill()
        for _ in range(50):  # it refuses while it believes the node to live
            asked = subprocess.run(
                ["epmd", "-kill"],
                env={**os.environ, "ERL_EPMD_PORT": str(self._mapper)},
                capture_output=True,
                text=True,
                check=False,
            )
            if "not allowed" not in asked.stdout + asked.stderr:
                return
            time.sleep(0.1)

    def queue(self, name: str, **more: object) -> Queue:
        address = SecretStr(f"amqp://guest:guest@127.0.0.1:{self.port}/")
        given = {"dead": f"{name}.dead", **more}
        return Queue("centre", address, name, **given)  # type: ignore[arg-type]  # as named
