"""The summary of the licence report as a PDF to sign and to file: A4, its text can be searched and copied."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from fpdf import FPDF
from fpdf.enums import TableBordersLayout
from fpdf.fonts import FontFace
from ttf_opensans import OPENSANS_BOLD, OPENSANS_REGULAR

from reports import tables
from reports.licences import Report
from reports.locales import Forms
from reports.tables import Table

FONT = "OpenSans"
INK, SOFT, WASH = (27, 35, 48), (89, 98, 115), (238, 241, 245)
PRODUCTS = ["product", "site", "paid", "billed", "used", "review", "wasted", "cost", "monthly", "at_renewal"]
RENEWALS = ["effective", "act_by", "contract", "site", "counted", "paid", "yearly", "at_renewal"]
INVOICES = [
    "contract",
    "number",
    "period",
    "currency",
    "invoiced",
    "expected",
    "seats",
    "price",
    "tax",
    "unknown",
]
REASONS = ["reason", "seats", "monthly", "at_renewal"]
DATA = ["name", "known_at", "age_days", "rows", "complete"]


def write(report: Report, path: Path, *, locale: str | None = None) -> Path:
    """Write the summary: the figures, what to know of them, products, renewals, invoices, reasons, evidence.

    Args:
        report: what to show.
        path: file to write.
        locale: how numbers, days and money are written; see `Forms`.
    """
    forms = Forms(locale, report.currency)
    page = _Page(report, forms)
    page.figures(_figures(report, forms))
    page.notes(report.notes)
    for table, names in [
        (tables.products(report), PRODUCTS),
        (tables.renewals(report), RENEWALS),
        (tables.invoices(report), INVOICES),
        (_with_seats(tables.reasons(report)), REASONS),
        (tables.data(report), DATA),
    ]:
        page.rows_of(_without_money(table, names, report.currency))
    page.definitions(report)
    page.signature()
    page.output(str(path))
    return path


def _figures(report: Report, forms: Forms) -> Iterator[tuple[str, str]]:
    head = report.headline
    yield "Paid seats", forms.count(head.billed)
    yield "Wasted seats, ready to be freed", f"{forms.count(head.wasted)} ({forms.share(head.wasted_share)})"
    yield "Seats to review, and protected", f"{forms.count(head.review)}, {forms.count(head.protected)}"
    yield "Activity known", forms.share(head.known_share)
    if report.currency is None:
        return
    yield "Cost a month, without tax", forms.priced(head.cost)
    yield "Saved in this cycle", forms.priced(head.this_cycle)
    yield "Saved a month from the next cycle", forms.priced(head.monthly)
    day = f", {forms.day(head.renewal_day)}" if head.renewal_day else ""
    yield f"Saved at the next renewal{day}", forms.priced(head.next_renewal)


def _with_seats(table: Table) -> Table:
    return table._replace(frame=table.frame[table.frame["seats"] > 0])


def _without_money(table: Table, names: Sequence[str], currency: str | None) -> Table:
    """The columns that a page holds; money bears its currency, and stays away where there are no prices."""
    kept = [column for column in table.columns if column.name in names]
    if currency is None:
        kept = [column for column in kept if column.kind != "money" and column.name != "paid"]
    if not any(column.name == "currency" for column in kept):
        kept = [
            column._replace(title=f"{column.title}, {currency}") if column.kind == "money" else column
            for column in kept
        ]
    return table._replace(columns=kept)


class _Page(FPDF):
    """The pages, with which report and prices they are of on each."""

    def __init__(self, report: Report, forms: Forms) -> None:
        super().__init__(format="A4")
        self._forms = forms
        self._foot = f"Licence report of {forms.instant(report.at)}"
        self._foot += f" · prices: {report.book}" if report.book else ""
        self.set_title(self._foot)
        self.set_lang("en")
        self.set_margins(16, 16)
        self.set_auto_page_break(auto=True, margin=18)
        for style, file in (("", OPENSANS_REGULAR.path), ("B", OPENSANS_BOLD.path)):
            self.add_font(FONT, style, file)
        self.add_page()
        self._line("Licence report", 20, "B")
        self._line(self._foot.removeprefix("Licence report of "), 8.5, color=SOFT)
        self.ln(3)

    def footer(self) -> None:
        """Name the report below each page, for pages are parted."""
        self.set_y(-13)
        self.set_font(FONT, size=7)
        self.set_text_color(*SOFT)
        self.cell(0, 4, f"Page {self.page_no()} of {{nb}}", align="R")
        self.set_x(self.l_margin)
        self.cell(self.epw - 24, 4, self._cut(self._foot))

    def figures(self, rows: Iterator[tuple[str, str]]) -> None:
        """What and how much, one a line."""
        self.set_font(FONT, size=11)
        self.set_text_color(*INK)
        with self._grid([3, 2], ["LEFT", "RIGHT"], first_row_as_headings=False, line_height=7) as grid:
            for what, much in rows:
                row = grid.row()
                row.cell(what)
                row.cell(much, style=FontFace(emphasis="BOLD"))

    def notes(self, notes: Sequence[str]) -> None:
        """What a reader must know first."""
        if notes:
            self._heading("Before you use these figures")
        for note in notes:
            self._line(f"•  {note}", 8.5)

    def rows_of(self, table: Table) -> None:
        """One table over the width of the page, its head on each; nothing where it has no rows."""
        if table.frame.empty:
            return
        self._heading(table.title)
        self.set_font(FONT, size=7)
        self.set_text_color(*INK)
        aligned = ["LEFT" if column.kind in {"text", "flag"} else "RIGHT" for column in table.columns]
        widths = [3 if column.kind == "text" else 2 for column in table.columns]
        with self._grid(widths, aligned, line_height=4) as grid:
            head = grid.row()
            for column in table.columns:
                head.cell(column.title)
            for record in table.records:
                row = grid.row()
                for column in table.columns:
                    row.cell(self._written(record[column.name], column.kind))

    def definitions(self, report: Report) -> None:
        """What the figures above mean."""
        shown = {"Billed", "In use", "To review", "Wasted", "Activity known"}
        if report.currency is not None:
            shown |= {"Paid for", "Cost a month", "Saving a month", "Saving at renewal"}
        self._heading("What the figures mean")
        for entry in report.definitions:
            if entry.figure in shown:
                self._line(f"**{entry.figure}**: {entry.meaning}", 8, marked=True)

    def signature(self) -> None:
        """A line for whoever answers for the figures."""
        self.ln(12)
        self._line("Approved by: " + "_" * 40 + "   on: " + "_" * 16, 9)

    def _grid(self, widths: Sequence[int], aligned: Sequence[str], **more: Any) -> Any:
        """A table of fpdf2 in our look."""
        return self.table(
            width=self.epw,
            col_widths=tuple(widths),
            text_align=tuple(aligned),
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            headings_style=FontFace(emphasis="BOLD", fill_color=WASH),
            padding=(0.6, 1),
            **more,
        )

    def _written(self, value: Any, kind: str) -> str:
        if kind == "flag":
            return "yes" if value else "no"
        return self._forms.shown(value, kind)

    def _heading(self, text: str) -> None:
        self.ln(5)
        self._line(text, 12, "B")

    def _line(
        self, text: str, size: float, style: str = "", *, color: Any = INK, marked: bool = False
    ) -> None:
        self.set_font(FONT, style, size)
        self.set_text_color(*color)
        self.multi_cell(0, size * 0.5, text, align="L", new_x="LMARGIN", new_y="NEXT", markdown=marked)

    def _cut(self, text: str) -> str:
        """As much of a line as fits beside the number of the page."""
        while self.get_string_width(text) > self.epw - 26:
            text = text[:-2]
        return text
