"""`python -m ingest.accuracy`: measures, prints, and writes the figures into reports/ingest.json beside the others."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ingest.accuracy.measure import measure


def main(report: Path = Path("reports/ingest.json")) -> int:
    """Answers 0; figures of other measurements in the report stay."""
    figures = measure()
    held = json.loads(report.read_text("utf-8")) if report.is_file() else {}
    report.parent.mkdir(exist_ok=True)
    report.write_text(json.dumps(held | figures, ensure_ascii=False, indent=1) + "\n", "utf-8")
    print(json.dumps(figures, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
