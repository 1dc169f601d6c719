"""The report as JUnit XML: a suite for each check, a case for each revision it was judged at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from pgharness.findings import CheckResult
from pgharness.report.model import WHOLE_CHAIN, Cell, Report
from pgharness.report.text import finding_in_text

# What XML 1.0 cannot hold, not even escaped.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_junit(report: Report) -> str:
    """Return the document; a cell of the grid that is broken is a failure, one that was not tried is skipped."""
    cases = [list(_cases(report, result)) for result in report.results]
    suites = ET.Element(
        "testsuites", _attributes("pgharness", [case for one in cases for case in one], report.duration_s)
    )
    for result, of_result in zip(report.results, cases, strict=True):
        suite = ET.SubElement(suites, "testsuite", _attributes(result.name, of_result, result.duration_s))
        suite.extend(of_result)
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _cases(report: Report, result: CheckResult) -> Iterator[ET.Element]:
    for revision in report.rows:
        label = revision.label if revision is not None else WHOLE_CHAIN
        case = ET.Element("testcase", classname=f"pgharness.{result.name}", name=_xml(label))
        cell, findings = report.cell(result, revision)
        if cell is Cell.BROKEN:
            first = findings[0]
            failure = ET.SubElement(case, "failure", message=_xml(f"{first.subject}: {first.message}"))
            failure.text = _xml("\n\n".join(finding_in_text(finding, label, whole=True) for finding in findings))
        elif cell is Cell.UNTRIED:
            reason = result.reason or (
                f"deployed: since {report.label(report.since)}" if report.is_earlier(revision) else "not judged"
            )
            ET.SubElement(case, "skipped", message=_xml(reason))
        yield case


def _attributes(name: str, cases: list[ET.Element], duration_s: float) -> dict[str, str]:
    return {
        "name": name,
        "tests": str(len(cases)),
        "failures": str(sum(case.find("failure") is not None for case in cases)),
        "skipped": str(sum(case.find("skipped") is not None for case in cases)),
        "time": f"{duration_s:.3f}",
    }


def _xml(text: str) -> str:
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
