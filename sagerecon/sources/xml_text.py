"""Parsing an XML text that a stranger may have made, piece by piece and within limits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from xml.parsers.expat import ErrorString, ExpatError, ParserCreate
from xml.parsers.expat import errors as expat_errors

from sagerecon.files.reading import open_bounded
from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.limits import CELL, SOURCE_FILE
from sagerecon.model.place import Place
from sagerecon.sources.files import file_errors, source_error

_PIECE = 1 << 16

#: Errors of the parser that mean that the text ends too early.
_TRUNCATED = frozenset(
    {
        expat_errors.XML_ERROR_NO_ELEMENTS,
        expat_errors.XML_ERROR_UNCLOSED_TOKEN,
        expat_errors.XML_ERROR_PARTIAL_CHAR,
        expat_errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    }
)


class XmlError(Exception):
    """The text is not XML at a line and column, or passes a limit there."""

    def __init__(self, code: Code, line: int, column: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.line = line
        self.column = column
        self.message = message
        self.hint = hint


class XmlText(ABC):
    """A text that is parsed as it is fed.

    A document type declaration is refused, so that no entity can be declared, inside or outside the file.
    """

    def __init__(self) -> None:
        self._fed = 0
        self._parser = ParserCreate(namespace_separator="}")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._declaration

    @property
    def position(self) -> tuple[int, int]:
        """The line and column that is being parsed, both from 1."""
        return self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber + 1

    def parse(self, piece: bytes) -> None:
        """Parse the next bytes.

        Raises:
            XmlError: they are not XML, or pass a limit.
        """
        self._parse(piece, is_last=False)
        unfinished = self._fed - self._parser.CurrentByteIndex  # a tag or a comment without an end
        self._fed += len(piece)
        if unfinished > CELL.most:
            raise self.error(Code.TOO_LONG, f"a tag is longer than a value may be; {CELL.sentence}.")

    def close(self) -> None:
        """End the text.

        Raises:
            XmlError: it is truncated.
        """
        self._parse(b"", is_last=True)

    def error(self, code: Code, message: str, hint: str = "") -> XmlError:
        """Return an error at the place that is being parsed."""
        return XmlError(code, *self.position, message, hint)

    @abstractmethod
    def _start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Begin an element."""

    @abstractmethod
    def _end(self, tag: str) -> None:
        """End an element."""

    @abstractmethod
    def _text(self, text: str) -> None:
        """Take a part of the text of the element that is open."""

    def _parse(self, piece: bytes, *, is_last: bool) -> None:
        try:
            self._parser.Parse(piece, is_last)
        except ExpatError as error:
            reason = ErrorString(error.code)
            if is_last and reason in _TRUNCATED:
                message, hint = "the XML is truncated here.", "Download or export the file again."
                raise XmlError(Code.TRUNCATED, error.lineno, error.offset + 1, message, hint) from None
            message = f"invalid XML: {reason}."
            raise XmlError(Code.NOT_XML, error.lineno, error.offset + 1, message) from None
        except (LookupError, ValueError) as error:  # for an encoding that is not one
            raise self.error(Code.NOT_XML, f"invalid XML: {error}.") from None

    def _declaration(self, *_: object) -> None:
        message = "the file has a document type declaration, which is refused: it may name other files."
        raise self.error(Code.NOT_XML, message, "Remove the line that begins with <!DOCTYPE.")


@contextmanager
def xml_errors(name: str) -> Iterator[None]:
    """Raise a SourceError for a text that is not XML, or a file that cannot be read, in the block."""
    try:
        with file_errors(Place(name)):
            yield
    except XmlError as error:
        place = Place(name, error.line, error.column)
        raise source_error(Finding(error.code, place, error.message, error.hint)) from error


def xml_pieces(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file, some at a time.

    Raises:
        OSError: it cannot be read.
    """
    with open_bounded(path, SOURCE_FILE) as stream:
        while piece := stream.read(_PIECE):
            yield piece


def local_name(name: str) -> str:
    """Return a name without its namespace."""
    return name.rpartition("}")[2]
