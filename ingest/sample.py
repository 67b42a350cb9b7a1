"""The sample: ten sites' records, deterministic and visibly invented.

Nobody in it exists: names carry 样本, telephones begin with 19900 and a zero, ID numbers have a region that begins with
00 and that no person has, firms are called 虚构. Some rows are broken on purpose, as in real files, and have to land in
quarantine.
"""

from __future__ import annotations

from pathlib import Path

from ingest import sample_postings, sample_profiles
from ingest.sample_styles import STYLES
from ingest.sites import sites


def write_sample(folder: Path, *, profiles: int = 12_000, postings: int = 600, now_ms: int) -> list[tuple[str, Path]]:
    """Writes each site's profiles and postings file, and returns them with their site, in the order to import them.

    The same arguments give the same bytes; profiles do not depend on `now_ms`, postings start 1.5 h to 3 days after it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for number, (id_, site) in enumerate(sites().items()):
        style = STYLES[id_]
        shares = [_share(total, number) for total in (profiles, postings)]
        for kind, rows in (
            ("profile", sample_profiles.profiles(id_, number, site, style, shares[0])),
            ("posting", sample_postings.postings(id_, number, site, style, shares[1], now_ms)),
        ):
            path = folder / f"{id_}-{kind}s.{style.suffix}"
            style.write(path, kind, rows)  # type: ignore[arg-type]  # the two literals above
            written.append((id_, path))
    return written


def _share(total: int, number: int) -> int:
    return total // len(sites()) + (number < total % len(sites()))
