"""What is counted and shown at /metrics."""

from __future__ import annotations

from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

REQUEST_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """One registry for one application, so that two in a process do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.requests = Histogram(
            "kuaizhao_request_seconds",
            "Time to answer a request",
            ["method", "route", "status"],
            buckets=REQUEST_BUCKETS_S,
            registry=self.registry,
        )
        self.requests_like = cache(self.requests.labels)
        """To find what counts for some labels takes longer than to count; there is one for each route and status."""
        self.working = Gauge(
            "kuaizhao_requests_working", "Requests, and answers on sockets, worked on now", registry=self.registry
        )
        self.errors = Counter("kuaizhao_errors_total", "Refusals by code", ["code"], registry=self.registry)
        self.sockets = Gauge("kuaizhao_sockets", "Workers' sockets open now", registry=self.registry)
        self.watchers = Gauge(
            "kuaizhao_watchers", "Sockets of employers, halls and desks open now", registry=self.registry
        )
        self.lines_refused = Counter(
            "kuaizhao_lines_refused_total", "Connections of addresses that had too many", registry=self.registry
        )
        self.frames = Counter("kuaizhao_frames_total", "Frames queued for sockets", ["kind"], registry=self.registry)
        self.frames_of = cache(self.frames.labels)
        self.dropped = Counter("kuaizhao_sockets_dropped_total", "Sockets dropped", ["why"], registry=self.registry)
        self.events = Counter("kuaizhao_push_events_total", "Events read from the stream", registry=self.registry)
        self.messages = Counter(
            "kuaizhao_short_messages_total", "Short messages by what became of them", ["became"], registry=self.registry
        )
        self.push_restarts = Counter(
            "kuaizhao_push_restarts_total", "Times the reading of events began again", registry=self.registry
        )

    def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)
