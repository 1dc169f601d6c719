from pgharness.catalog.facts import Snapshot
from pgharness.checks.check import Check, Compare
from pgharness.findings import CannotRun, Finding, Harm, Note
from pgharness.kinds import Kind
from pgharness.records.chain_record import ChainRecord
from pgharness.report.model import Report
from pgharness.running import check_chain
from pgharness.settings import Settings, load_settings

__all__ = [
    "CannotRun",
    "ChainRecord",
    "Check",
    "Compare",
    "Finding",
    "Harm",
    "Kind",
    "Note",
    "Report",
    "Settings",
    "Snapshot",
    "check_chain",
    "load_settings",
]
