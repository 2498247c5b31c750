"""The YAML language server of an editor, asked as an editor asks it: by its protocol, over stdio."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

#: The environment variable with the path of the server's program; otherwise it is looked for on the PATH.
VARIABLE = "SAGERECON_YAML_LANGUAGE_SERVER"


def found() -> str | None:
    """Return the path of the server's program; None where it or node is absent."""
    return shutil.which(os.environ.get(VARIABLE) or "yaml-language-server") if shutil.which("node") else None


class LanguageServer:
    """A running server, which fetches no schemas from the network."""

    def __init__(self, program: str, folder: Path) -> None:
        self._process = subprocess.Popen(
            [program, "--stdio"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
        )
        self._folder = folder
        self._asked = 0
        self._diagnostics: dict[str, list[Any]] = {}
        capabilities = {
            "workspace": {"configuration": True},
            "textDocument": {"completion": {}, "hover": {}, "publishDiagnostics": {}},
        }
        self._ask(
            "initialize",
            {"processId": os.getpid(), "rootUri": folder.as_uri(), "capabilities": capabilities},
        )
        self._tell("initialized", {})

    def close(self) -> None:
        """End the server."""
        self._ask("shutdown", None)
        self._tell("exit", None)
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()
        self._process.wait(timeout=20)

    def opened(self, name: str, text: str) -> list[tuple[str, str]]:
        """Open a text as a file and return its faults: what each stands under, and its message."""
        self._tell(
            "textDocument/didOpen",
            {"textDocument": {"uri": self._uri(name), "languageId": "yaml", "version": 1, "text": text}},
        )
        while self._uri(name) not in self._diagnostics:
            self._receive()
        lines = text.splitlines()
        return [
            (lines[at["start"]["line"]][at["start"]["character"] : at["end"]["character"]], each["message"])
            for each in self._diagnostics.pop(self._uri(name))
            if (at := each["range"])
        ]

    def completed(self, name: str, text: str) -> dict[str, str]:
        """Return what the server offers at the `^` of a text: each label with its description."""
        items = self._asked_at("completion", name, text)["items"]
        return {each["label"]: str(each.get("documentation", "")) for each in items}

    def explained(self, name: str, text: str) -> str:
        """Return what the server shows over the word at the `^` of a text."""
        return str(self._asked_at("hover", name, text)["contents"]["value"])

    def _asked_at(self, what: str, name: str, text: str) -> Any:
        before, _, after = text.partition("^")
        self.opened(name, before + after)
        position = {"line": before.count("\n"), "character": len(before.rpartition("\n")[2])}
        return self._ask(
            f"textDocument/{what}", {"textDocument": {"uri": self._uri(name)}, "position": position}
        )

    def _uri(self, name: str) -> str:
        return (self._folder / name).as_uri()

    def _ask(self, method: str, parameters: Any) -> Any:
        self._asked += 1
        self._send({"id": self._asked, "method": method, "params": parameters})
        while True:
            message = self._receive()
            if message.get("id") == self._asked and "method" not in message:
                return message["result"]

    def _tell(self, method: str, parameters: Any) -> None:
        self._send({"method": method, "params": parameters})

    def _send(self, message: dict[str, Any]) -> None:
        content = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(content), content))
        self._process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        """Return the next message, after keeping the faults in it or answering what it asks."""
        assert self._process.stdout is not None
        length = 0
        while line := self._process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        assert length, "the language server has ended"
        message: dict[str, Any] = json.loads(self._process.stdout.read(length))
        if message.get("method") == "textDocument/publishDiagnostics":
            self._diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif "method" in message and "id" in message:
            self._send({"id": message["id"], "result": self._answer(message)})
        return message

    @staticmethod
    def _answer(message: dict[str, Any]) -> Any:
        settings = {
            "validate": True,
            "completion": True,
            "hover": True,
            "schemaStore": {"enable": False},
            "kubernetesCRDStore": {"enable": False},
        }
        if message["method"] != "workspace/configuration":
            return None
        return [settings if each.get("section") == "yaml" else {} for each in message["params"]["items"]]
