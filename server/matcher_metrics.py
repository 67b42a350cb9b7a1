"""The matcher's own counts at /metrics: it listens on no port, but tells the store with every heartbeat."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from matcher.counts import Counts


class _Told(Collector):
    def __init__(self, counts: Counts) -> None:
        self.counts = counts

    def collect(self) -> Iterator[Metric]:
        """Every count under a name of its own."""
        c = self.counts
        plans = CounterMetricFamily("kuaizhao_matcher_decisions", "Postings decided, by plan", labels=["plan"])
        for plan in ("alone", "together", "wide", "wide_cut"):
            plans.add_metric([plan], getattr(c, plan))
        yield plans
        waves = CounterMetricFamily("kuaizhao_matcher_waves", "Waves written, and refused", labels=["result"])
        waves.add_metric(["written"], c.waves)
        waves.add_metric(["refused"], c.refused)
        yield waves
        spent = CounterMetricFamily("kuaizhao_matcher_deciding_seconds", "Time spent deciding on the loop")
        spent.add_metric([], c.deciding_us / 1e6)
        yield spent
        yield CounterMetricFamily("kuaizhao_matcher_offers", "Offers made", value=c.offers)
        yield CounterMetricFamily("kuaizhao_matcher_events", "Events applied", value=c.events)
        for name in ("profiles", "postings", "strays", "tombstones"):
            yield GaugeMetricFamily(f"kuaizhao_matcher_{name}", f"The matcher's {name} now", value=getattr(c, name))


def matcher_text(counts: Counts) -> bytes:
    """The counts in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Told(counts))
    return generate_latest(registry)
