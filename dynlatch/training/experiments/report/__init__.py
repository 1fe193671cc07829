"""The report of `dynlatch reproduce`: one page, and the files beside it."""

from dynlatch.training.experiments.report.folder import write_report as write_report
from dynlatch.training.experiments.report.page import report_page as report_page
