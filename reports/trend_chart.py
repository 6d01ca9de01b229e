"""The chart of a workbook beside its trend: paid seats and those ready to be freed, by day."""

from __future__ import annotations

from xlsxwriter.workbook import Workbook

from reports.time_tables import TREND

SHEET = "Trend"
COLOURS = {"paid_seats": "#41688C", "ready": "#BF5335"}


def draw_trend(book: Workbook) -> None:
    """Draw the chart beside the rows of the sheet; a workbook without that sheet stays as it is."""
    sheet = book.get_worksheet_by_name(SHEET)
    if sheet is None:
        return
    last = sheet.dim_rowmax
    chart = book.add_chart({"type": "line"})
    for place, column in enumerate(TREND):
        if column.name in COLOURS:
            chart.add_series(
                {
                    "name": column.title,
                    "categories": [SHEET, 1, 0, last, 0],
                    "values": [SHEET, 1, place, last, place],
                    "line": {"color": COLOURS[column.name], "width": 2},
                }
            )
    chart.set_x_axis({"date_axis": True, "num_format": "yyyy-mm-dd"})
    chart.set_y_axis({"min": 0})
    chart.set_legend({"position": "bottom"})
    sheet.insert_chart(1, len(TREND) + 1, chart, {"x_scale": 1.6, "y_scale": 1.3})
