"""What the server needs of the ingest: the queue, the runs, the kept rows and the configured sites."""

from __future__ import annotations

from collections.abc import Mapping

from ingest.batches import Sealer
from ingest.kept_rows import KeptRows
from ingest.persons import Vault
from ingest.queue import Queue
from ingest.runs import Runs
from ingest.sites import ConfiguredSite, configured
from matcher.settings import Settings
from matcher.store import Store


class IngestDesk:
    """The parts, made once."""

    def __init__(self, settings: Settings, store: Store, vault: Vault) -> None:
        self.queue, self.runs = Queue(store, vault), Runs(store)
        self.kept = KeptRows(store, Sealer(vault))
        self.sites: Mapping[str, ConfiguredSite] = configured(settings.sites_file)
