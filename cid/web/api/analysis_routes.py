"""The addresses of the analysis desk: a part of the table of `cid.web.api.routes`."""

from __future__ import annotations

from cid.domain.export import File
from cid.domain.programs import Scope
from cid.web.api import analysis, monitors
from cid.web.api import analysis_shapes as shapes
from cid.web.api.endpoint import Endpoint, Nothing, get, post

READ, WRITE = Scope.ANALYSIS_READ, Scope.ANALYSIS_WRITE

ANALYSIS: tuple[Endpoint, ...] = (
    post(
        "run_start",
        "/analysis-runs",
        WRITE,
        analysis.start,
        body=shapes.RunAsked,
        answer=shapes.RunStarted,
        about="Have an outlet analysed. It is queued, and its state tells what becomes of it.",
        status=202,
    ),
    get(
        "runs",
        "/analysis-runs",
        READ,
        analysis.listed,
        query=shapes.RunsWanted,
        answer=shapes.RunsPage,
        about="Runs, the newest first.",
    ),
    post(
        "batch_start",
        "/analysis-runs/batch",
        WRITE,
        analysis.start_batch,
        body=shapes.BatchAsked,
        answer=shapes.BatchStarted,
        about="Have some outlets analysed together. All of them are queued, or none.",
        status=202,
    ),
    get(
        "batch",
        "/analysis-runs/batch/{batch}",
        READ,
        analysis.batch,
        query=Nothing,
        answer=shapes.BatchShown,
        about="Runs that were started together.",
    ),
    get(
        "run",
        "/analysis-runs/{run}",
        READ,
        analysis.one,
        query=Nothing,
        answer=shapes.RunWhole,
        about="One run. With its steps, the sources that were asked, items and briefing.",
    ),
    post(
        "run_cancel",
        "/analysis-runs/{run}/cancel",
        WRITE,
        analysis.cancel,
        body=Nothing,
        answer=shapes.RunCancelled,
        about="Stop a run. What is written by then stays.",
    ),
    get(
        "run_quality",
        "/analysis-runs/{run}/quality",
        READ,
        analysis.quality,
        query=Nothing,
        answer=shapes.QualityShown,
        about="What a briefing scores. Every point with its reason, and the checks that cap the rating.",
    ),
    get(
        "run_narratives",
        "/analysis-runs/{run}/narratives",
        READ,
        analysis.narratives,
        query=Nothing,
        answer=shapes.MatchesShown,
        about="Known narratives in a run's items and in its report.",
    ),
    get(
        "run_export",
        "/analysis-runs/{run}/export",
        READ,
        analysis.export,
        query=shapes.ExportWanted,
        answer=File,
        about="A run as a file. Parts that it does not have are absent.",
    ),
    get(
        "narratives",
        "/narratives",
        READ,
        analysis.catalogue,
        query=Nothing,
        answer=shapes.NarrativesShown,
        about="The catalogue of known narratives.",
    ),
    get(
        "monitors",
        "/monitors",
        READ,
        monitors.listed,
        query=Nothing,
        answer=monitors.MonitorsShown,
        about="Outlets that are analysed again and again.",
    ),
    post(
        "monitor_add",
        "/monitors",
        WRITE,
        monitors.add,
        body=monitors.MonitorAsked,
        answer=monitors.MonitorShown,
        about="Have an outlet watched. Its first run starts within a minute.",
        status=201,
    ),
    get(
        "monitor",
        "/monitors/{monitor}",
        READ,
        monitors.one,
        query=Nothing,
        answer=monitors.MonitorShown,
        about="One monitor.",
    ),
    post(
        "monitor_switch",
        "/monitors/{monitor}/switch",
        WRITE,
        monitors.switch,
        body=monitors.MonitorSwitch,
        answer=monitors.MonitorShown,
        about="Switch a monitor on or off. What it saw is kept.",
    ),
)
