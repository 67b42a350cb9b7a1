"""Invented rows of a site, and the shortest way of a file into a real store."""

from __future__ import annotations

from pathlib import Path

from embeddings.encoder import Encoder
from ingest.batches import Sealer
from ingest.fields.days import local_time
from ingest.identity import check_digit
from ingest.kept_rows import Kept, KeptList, KeptRows
from ingest.persons import Vault
from ingest.pipeline import ingest, machinery
from ingest.runs import Run
from matcher.model import HOUR_MS
from matcher.store import Store

VAULT = Vault(bytes(32))
PROFILES = "编号,姓名,身份证号,电话,工种,技能,证书,住址,期望工资(元/天),上班时间,群体,同意书版本\n"
POSTINGS = "编号,用工单位,统一社会信用代码,已核验,工种,工作内容,人数,开始时间,结束时间,地点,工资,结算,证书,派单方式\n"
FIRM = "样本搬家有限公司(虚构)"


def id_number(day: str, n: int = 1) -> str:
    """A well-formed number of a region that was never given out; another one for each n."""
    first_17 = f"000000{day}{n:03d}"
    return first_17 + check_digit(first_17)


def _number(ref: str) -> int:
    return int(ref) if ref.isdigit() else sum(ord(c) * (i + 1) for i, c in enumerate(ref)) % 1_000


def profile_line(ref: str, **over: str) -> str:
    """A worker's row; another number is another person."""
    n = _number(ref)
    cells = {
        "ref": ref,
        "name": f"张样本{n}",
        "id": id_number("19800305", n),
        "tel": f"199000{n:05d}",
        "trade": "搬运工",
        "skills": "有力气",
        "certs": "",
        "place": "李沧区浮山路街道",
        "pay": "200",
        "hours": "白天",
        "group": "",
        "consent": "2026-01",
    }
    return ",".join((cells | over).values()) + "\n"


def posting_line(ref: str, now_ms: int, **over: str) -> str:
    """A posting's row; another number starts at another minute."""
    start_ms = now_ms + 5 * HOUR_MS + _number(ref) * 60_000
    cells = {
        "ref": ref,
        "employer": FIRM,
        "code": "91000000SAMPLE0001",
        "verified": "是",
        "trade": "搬运工",
        "text": "搬家具",
        "headcount": "3人",
        "start": f"{local_time(start_ms):%Y-%m-%d %H:%M}",
        "end": f"{local_time(start_ms + 4 * HOUR_MS):%H:%M}",
        "place": "李沧区浮山路街道",
        "pay": "240元/天",
        "settlement": "日结",
        "certs": "",
        "award": "",
    }
    return ",".join((cells | over).values()) + "\n"


async def events(store: Store) -> int:
    """How many events there have been."""
    return int(await store.commands.xlen(store.key("events")))


async def take(store: Store, encoder: Encoder, path: Path, site: str = "licang", *, complete: bool = False) -> Run:
    """Takes one file in, and answers with its closed run."""
    (run,) = await ingest(machinery(store, VAULT, lambda: encoder), [path], site, complete=complete)
    return run


def counts(run: Run) -> tuple[int, int, int, int, int]:
    """Accepted, changed, unchanged, blocked, quarantined; together with the merged ones they are what was read."""
    parts = run.accepted, run.changed, run.unchanged, run.blocked, run.quarantined
    assert run.state == "done"
    assert run.read == sum(parts) + run.merged
    return parts


async def kept(store: Store, list_: KeptList = "quarantine") -> list[Kept]:
    """Rows that are kept for a person, by line."""
    return sorted(await KeptRows(store, Sealer(VAULT)).listed(list_), key=lambda row: row.line)
