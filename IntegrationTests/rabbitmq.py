"""A RabbitMQ node of the tests' own: own ports, own data folder, own node name, own epmd; gone afterwards."""

import os
import shutil
import signal
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path

from server import unused_port, wait_until

# The script itself: the wrapper in /usr/sbin insists on being root or the user rabbitmq.
SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


class Authority:
    """A certificate authority made for one test, and a certificate for the names and addresses of this machine."""

    def __init__(self, folder: Path, names: str = "DNS:localhost,IP:127.0.0.1"):
        folder.mkdir(parents=True, exist_ok=True)
        self.ca, self.certificate, self.key = folder / "ca.pem", folder / "server.pem", folder / "server.key"
        ca_key, request, extensions = folder / "ca.key", folder / "server.csr", folder / "server.ext"
        extensions.write_text(f"subjectAltName={names}\n")
        self._openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=Test Authority",
                      "-keyout", ca_key, "-out", self.ca)
        self._openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=broker", "-keyout", self.key,
                      "-out", request)
        self._openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", ca_key, "-CAcreateserial",
                      "-days", "2", "-extfile", extensions, "-out", self.certificate)

    @staticmethod
    def _openssl(*arguments) -> None:
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=30)


class Broker:
    """One RabbitMQ node on loopback. `start()` it, or use it in a `with` statement; `stop()` throws its data away.

    `settings` are further lines of rabbitmq.conf. With `authority`, it listens for TLS too.
    """

    def __init__(
        self, folder: Path, *, user: str = "guest", password: str = "guest", authority: Authority | None = None,
        settings: dict[str, str] | None = None,
    ):
        self.folder, self.user, self.password, self.authority = folder, user, password, authority
        self.port, self.tls_port = unused_port(), unused_port() if authority else None
        self.epmd_port, self.distribution_port = unused_port(), unused_port()
        self.node = f"worldsystem{self.port}@localhost"
        self.settings = settings or {}
        self._server: subprocess.Popen | None = None
        self._epmd: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"amqp://{self.user}:{self.password}@127.0.0.1:{self.port}/"

    @property
    def tls_url(self) -> str:
        """With the authority's certificate; the name is `localhost`, which the certificate has."""
        assert self.authority, "this broker has no TLS"
        return (f"amqps://{self.user}:{self.password}@localhost:{self.tls_port}/"
                f"?cacertfile={self.authority.ca}")

    @property
    def log(self) -> Path:
        return self.folder / "broker.log"

    def start(self, timeout: float = 60) -> "Broker":
        """Starts the node, on the data that it left if it ran before, and waits until it speaks AMQP."""
        assert not self.is_running, "the broker already runs"
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "rabbitmq.conf").write_text("".join(f"{k} = {v}\n" for k, v in self._configuration().items()))
        for name in ("enabled_plugins", "environment.conf"):
            (self.folder / name).write_text("[].\n" if name == "enabled_plugins" else "")
        self._start_epmd()
        with self.log.open("ab") as log:
            self._server = subprocess.Popen(
                [str(SERVER)], env=self._environment(), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True)
        try:
            wait_until(self._speaks_amqp, timeout, "the broker speaks AMQP", interval=0.1)
        except AssertionError as error:
            tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-40:])
            self.kill()
            raise AssertionError(f"{error}\n{tail}") from None
        return self

    def kill(self) -> None:
        """Kills the node without warning: kill -9 of the Erlang VM and all that belongs to it."""
        if self._server:
            os.killpg(self._server.pid, signal.SIGKILL)
            self._server.wait()
            self._server = None

    def sync(self) -> None:
        """Writes what was declared to disk, where a node that is killed right afterwards finds it again."""
        self.control("eval", "mnesia:sync_log().")

    def restart(self) -> None:
        """Starts it on the same data; kills it first when it runs."""
        self.kill()
        self.start()

    def stop(self) -> None:
        """Ends the node and removes its data."""
        self.kill()
        if self._epmd:
            self._epmd.kill()
            self._epmd.wait()
            self._epmd = None
        shutil.rmtree(self.folder / "data", ignore_errors=True)

    def control(self, *arguments: str, timeout: float = 60) -> str:
        """Output of `rabbitmqctl`. Takes a second or two."""
        command = [str(SERVER.with_name("rabbitmqctl")), "--node", self.node, "--quiet", *arguments]
        result = subprocess.run(command, env=self._environment(), capture_output=True, text=True, timeout=timeout)
        assert result.returncode == 0, f"{' '.join(command)}: {result.stdout}{result.stderr}"
        return result.stdout

    @contextmanager
    def away(self):
        """Kills the node for the time of a `with` block and starts it again on the same data."""
        self.kill()
        yield
        self.start()

    @property
    def is_running(self) -> bool:
        return self._server is not None and self._server.poll() is None

    def __enter__(self) -> "Broker":
        return self.start()

    def __exit__(self, *_) -> None:
        self.stop()

    def _start_epmd(self) -> None:
        if self._epmd and self._epmd.poll() is None:
            return
        # In the foreground, so that it can be ended; a node would start one as a daemon and leave it behind.
        self._epmd = subprocess.Popen(
            ["epmd", "-address", "127.0.0.1", "-port", str(self.epmd_port)], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        wait_until(lambda: self._accepts(self.epmd_port), 10, "epmd listens")

    def _configuration(self) -> dict[str, str]:
        lines = {
            "listeners.tcp.1": f"127.0.0.1:{self.port}",
            "default_user": self.user,
            "default_pass": self.password,
            "loopback_users": "none",
            "disk_free_limit.absolute": "50MB",
            "log.console": "true",
            "log.console.level": "info",
            "log.file": "false",
        }
        if self.authority:
            lines |= {
                "listeners.ssl.1": f"127.0.0.1:{self.tls_port}",
                "ssl_options.cacertfile": str(self.authority.ca),
                "ssl_options.certfile": str(self.authority.certificate),
                "ssl_options.keyfile": str(self.authority.key),
                "ssl_options.verify": "verify_none",
                "ssl_options.fail_if_no_peer_cert": "false",
            }
        return lines | self.settings

    def _environment(self) -> dict[str, str]:
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        return {name: value for name, value in os.environ.items() if not name.startswith("RABBITMQ_")} | {
            "HOME": str(self.folder),  # Where the Erlang cookie lies.
            "RABBITMQ_NODENAME": self.node,
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self.distribution_port),
            "RABBITMQ_MNESIA_BASE": str(data),
            "RABBITMQ_LOG_BASE": str(self.folder),
            "RABBITMQ_SCHEMA_DIR": str(data / "schema"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(data / "config"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.folder / "advanced.config"),
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "environment.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            # Two schedulers that sleep when idle: tests share few cores.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS":
                "+S 2:2 +SDio 8 +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}",
            "ERL_EPMD_PORT": str(self.epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "LANG": "C.UTF-8",
        }

    def _speaks_amqp(self) -> bool:
        assert self.is_running, "the broker ended while it started"
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                connection.sendall(b"AMQP\x00\x00\x09\x01")
                return connection.recv(1) == b"\x01"  # The first byte of a method frame: connection.start.
        except OSError:
            return False

    @staticmethod
    def _accepts(port: int) -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=2).close()
            return True
        except OSError:
            return False
