"""Files of rows with named columns, as spreadsheets write them.

Pure.

Rules
- The first line names the columns, in English or Russian, in any order. Separator is a semicolon, a comma or a tab,
  whichever the first line has most of. UTF-8 (with or without a mark) or Windows-1251.
- A cell that a spreadsheet would take for a formula goes out behind an apostrophe, which is taken off on the way in.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping

from api.errors import FieldFault, InvalidBody
from api.language import Words

FAULTS_MAX = 100
ROWS_MAX = 50_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def read_rows(raw: bytes, names: Mapping[str, Words], needed: frozenset[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells of each row that is not empty; raises `InvalidBody` for what is no such file."""
    text = _decoded(raw)
    first = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=max(";,\t", key=first.count), strict=True)
    count = 0
    try:
        columns = _columns(next(rows, []), names, needed)
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            count += 1
            if count > ROWS_MAX:
                words = Words(f"more than {ROWS_MAX} lines: split the file", f"больше {ROWS_MAX} строк: разделите файл")
                raise InvalidBody(FieldFault("file", words))
            yield rows.line_num, {name: _bare(cell) for name, cell in zip(columns, row, strict=False) if name}
    except csv.Error as error:
        raise InvalidBody(FieldFault(f"line {rows.line_num}", _broken(str(error)))) from None


def safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1251", errors="replace")


def _broken(reason: str) -> Words:
    return Words(f"this is no CSV: {reason}", f"это не CSV: {reason}")


def _columns(header: list[str], names: Mapping[str, Words], needed: frozenset[str]) -> list[str]:
    known = {name.casefold(): column for column, words in names.items() for name in (words.en, words.ru)}
    said = [cell.strip().casefold() for cell in header]
    columns = [known.get(name, "") for name in said]
    all_en = ", ".join(words.en for words in names.values())
    all_ru = ", ".join(words.ru for words in names.values())
    faults = [
        FieldFault(
            "line 1",
            Words(f"no column is named '{name}'; known: {all_en}", f"нет столбца «{name}»; известны: {all_ru}"),
        )
        for name, column in zip(said, columns, strict=True)
        if name and not column
    ]
    faults += [
        FieldFault("line 1", Words(f"the column '{words.en}' is missing", f"не хватает столбца «{words.ru}»"))
        for name, words in names.items()
        if name in needed and name not in columns
    ]
    if faults:
        raise InvalidBody(*faults)
    return columns


def _bare(cell: str) -> str:
    cell = cell.strip()
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell
