"""What `./atelier test` adds to pytest: one real platform at a time, and no skip that nobody decided on."""

import pytest

ALONE = ("e2e", "platform", "model")
# Only what these mark may be missing on a machine: documents beside the checkout, and the GPU engine's wheels.
OPTIONAL = frozenset({"shared_data", "vllm"})


class StrictSkips:
    """Turns a run with an undecided skip into a failure and lists every skip."""

    def __init__(self) -> None:
        self.allowed: list[str] = []
        self.refused: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            (self.allowed if OPTIONAL & set(report.keywords) else self.refused).append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self.refused.append(report.nodeid)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.refused and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for title, names in (("optional, skipped", self.allowed), ("skipped, and so failed", self.refused)):
            if names:
                terminalreporter.section(title)
                for name in sorted(set(names)):
                    terminalreporter.write_line(name)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--strict-skips", action="store_true", help="fail when a test that is not optional was skipped")


def pytest_configure(config: pytest.Config) -> None:
    is_controller = not hasattr(config, "workerinput")
    if config.getoption("--strict-skips") and is_controller:
        config.pluginmanager.register(StrictSkips(), "strict-skips")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that load models or start a platform share one worker, and come first since they take longest."""
    for item in items:
        if any(item.get_closest_marker(name) for name in ALONE):
            item.add_marker(pytest.mark.xdist_group("platform"))
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)
