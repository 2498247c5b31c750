"""Reading the lines of a text file within limits, with the line of a byte that is not in its encoding."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedReader, TextIOWrapper

from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.limits import RECORD
from sagerecon.model.place import Place
from sagerecon.sources.files import source_error, text_codec

#: Bytes by which the encoding of a file is recognised.
_HEAD = 1024


def text_lines(stream: BufferedReader, name: str, encoding: str) -> Iterator[tuple[int, str]]:
    """Yield each line with its number, without its end.

    Raises:
        SourceError: a line is longer than a record may be, or the file is not in the encoding.
    """
    encoding = text_codec(stream.peek(_HEAD)[:_HEAD], encoding, name)
    line = 0
    try:
        for line, text in enumerate(_decoded(stream, encoding), start=1):
            if len(text) > RECORD.most:
                message = f"the line is longer than a record may be; {RECORD.sentence}."
                raise source_error(Finding(Code.TOO_LONG, Place(name, line), message, "Check the line ends."))
            yield line, text.rstrip("\r\n")
    except UnicodeError as error:
        subject = "a byte"
        if isinstance(error, UnicodeDecodeError) and not _is_wide(encoding):
            subject = f"byte 0x{error.object[error.start]:02x}"
        message = f"{subject} is not valid {encoding.removesuffix('-sig')}."
        hint = (
            f"Set the encoding of the file, such as encoding: {'utf-8' if _is_wide(encoding) else 'cp1252'}."
        )
        raise source_error(
            Finding(Code.NOT_IN_ENCODING, Place(name, 0 if _is_wide(encoding) else line + 1), message, hint)
        ) from error


def _decoded(stream: BufferedReader, encoding: str) -> Iterator[str]:
    most = RECORD.most + 1
    if _is_wide(encoding):
        with TextIOWrapper(stream, encoding=encoding, newline="") as text:
            while part := text.readline(most):
                yield part
        return
    codec = encoding
    while line := stream.readline(most * 4):  # bytes of a character of UTF-8
        yield line.decode(codec)
        codec = encoding.removesuffix("-sig")  # only the first line may have a mark


def _is_wide(encoding: str) -> bool:
    return encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32"))
