"""Starts Spark, or says what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

INSTALL = "make setup-spark"
PARTITIONS = 4  # of shuffled data on one machine; on a cluster 200


COLUMNS = ("customer_id", "product_id", "kind", "value", "at")


@dataclass(frozen=True)
class Source:
    """Where the interactions are: `path` of Parquet files, or a `jdbc:` address with a table interactions, either with COLUMNS; empty:
    the shop's own store. `master` is Spark's (local[2], spark://host:7077, yarn ...), `jars` a database's driver."""

    path: str = ""
    master: str = "local[*]"
    memory: str = "4g"
    jars: str = ""


class CannotUseSpark(RuntimeError):
    """Spark cannot be started or the source cannot be read; the message says why and what to do."""


@contextmanager
def running(source: Source, scratch: Path) -> Iterator[SparkSession]:
    """A Spark session on UTC that keeps its files under `scratch`, stopped at the end."""
    master, jars = source.master, source.jars
    if find_spec("pyspark") is None or find_spec("pyarrow") is None:
        raise CannotUseSpark(f"Spark's Python package is not installed. Install it: {INSTALL}")
    homes = [str(Path(home) / "bin") for home in [os.environ.get("JAVA_HOME")] if home]
    java = shutil.which("java", path=os.pathsep.join([*homes, os.environ.get("PATH", "")]))
    if java is None or subprocess.run([java, "-version"], capture_output=True).returncode:
        raise CannotUseSpark("Spark needs Java 17 or newer, and none was found. Install it (OpenJDK 17) or set JAVA_HOME")
    from pyspark.sql import SparkSession

    scratch.mkdir(parents=True, exist_ok=True)
    settings = {
        "spark.driver.memory": source.memory,
        "spark.driver.maxResultSize": "0",
        "spark.local.dir": str(scratch),
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": str(PARTITIONS) if master.startswith("local") else "200",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.pyspark.python": sys.executable,
        **({"spark.jars": jars} if jars else {}),
        **({"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"} if master.startswith("local") else {}),
    }
    builder = SparkSession.builder.master(master).appName("shopkeeper train")
    for name, value in settings.items():
        builder = builder.config(name, value)
    try:
        spark = builder.getOrCreate()
    except Exception as problem:  # py4j's and Spark's own kinds
        raise CannotUseSpark(f"Spark could not be started on {master}: {str(problem).strip().splitlines()[0]}") from problem
    spark.sparkContext.setLogLevel("ERROR")
    try:
        yield spark
    finally:
        spark.stop()
