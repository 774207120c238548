"""Runs every benchmark in turn; `make bench`."""

from __future__ import annotations

from benchmarks import (
    bench_classic,
    bench_compare,
    bench_duplicates,
    bench_engines,
    bench_extraction,
    bench_heads,
    bench_predict,
    bench_serve,
    bench_start,
    bench_statistics,
)
from hilum.studies.provenance import describe_run


def main() -> None:
    run = describe_run()
    versions = ", ".join(f"{name} {version}" for name, version in run["versions"].items())
    print(f"{run['hardware']['processor']}, {run['hardware']['cores']} cores; {versions}\n")
    for benchmark in (
        bench_extraction,
        bench_heads,
        bench_statistics,
        bench_compare,
        bench_start,
        bench_engines,
        bench_classic,
        bench_duplicates,
        bench_predict,
        bench_serve,
    ):
        benchmark.main()
        print()


if __name__ == "__main__":
    main()
