"""The table, in Markdown."""

HEAD = ["work", "reference", "floor", "embedctl", "against the reference", "against the floor",
        "peak memory", "target", "met"]


def time_text(seconds):
    if seconds is None:
        return ""
    return f"{seconds:.2f} s" if seconds >= 0.1 else f"{seconds * 1000:.1f} ms"


TARGETS = {
    "reference": lambda factor: f"≥ {factor}× faster",
    "floor": lambda factor: f"≤ {factor}×",
    "growth": lambda factor: f"cost per row ≤ × {factor}",
    "memory": lambda mib: f"≤ {mib} MiB",
    "seconds": lambda seconds: f"≤ {seconds * 1000:.0f} ms",
}


def line_of(row):
    if row.skipped:
        return [row.work, "", "", f"skipped: {row.skipped}", "", "", "", "", ""]
    ratio = row.ratios.get
    missed = row.misses()
    return [
        f"{row.work} ({row.note})" if row.note else row.work,
        *(time_text(row.seconds(side)) for side in ("reference", "floor", "embedctl")),
        f"{ratio('reference'):.1f}× faster" if ratio("reference") else "",
        f"{ratio('floor'):.2f}×" if ratio("floor") else "",
        f"{row.peak_mib:.0f} MiB" if row.peak_mib else "",
        ", ".join(TARGETS[name](target) for name, target in row.targets.items()),
        "" if not row.targets else "no: " + ", ".join(missed) if missed else "yes",
    ]


def table(rows):
    lines = [HEAD, ["---"] * len(HEAD), *map(line_of, rows)]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)
