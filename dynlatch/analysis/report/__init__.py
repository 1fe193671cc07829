"""The report of an audit: findings in words, one HTML page, and the same as JSON."""

from dynlatch.analysis.report.data import as_dict as as_dict
from dynlatch.analysis.report.data import schema as schema
from dynlatch.analysis.report.data import write_json as write_json
from dynlatch.analysis.report.findings import findings as findings
from dynlatch.analysis.report.page import write_html as write_html
