"""The kernel of a report: this interpreter, without the user's Jupyter settings."""

import logging
import os
import sys
from pathlib import Path
from typing import Any

import matplotlib
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines

from phm_utils.engine import MEMORY_ENV, TEMP_ENV, THREADS_ENV
from phm_utils.runs import ROOT_ENV

ENGINE = "phm"
START_SECONDS = 180  # a cold start on a busy shared disk takes minutes, not seconds
QUIET = ("papermill", "nbclient", "traitlets", "jupyter_client")  # their texts quote cells and errors


class OwnKernel(AsyncKernelManager):
    """Starts the interpreter of this process, whichever kernels are installed.

    A kernel spec called `python3` in the user's folder would otherwise
    take precedence, and lack this package. Cells and results travel by socket
    files in a private folder, or encrypted where the system has none.
    """

    folder: Path

    def __init__(self, **named: Any) -> None:
        super().__init__(**named)
        self.connection_file = str(self.folder / "kernel.json")
        if os.name == "posix":
            self.transport = "ipc"
        else:
            self.transport_encryption = "auto"

    @property
    def kernel_spec(self) -> KernelSpec:
        start = [sys.executable, "-Xfrozen_modules=off", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(
            argv=[*start, "--HistoryManager.enabled=False", "--log-level=ERROR"],
            display_name="Python 3",
            language="python",
            metadata={"supported_encryption": "curve"},
        )


class ReportEngine(NBClientEngine):
    """Papermill's engine, with our kernel and environment."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **named: Any) -> Any:
        manager = type("Kernel", (OwnKernel,), {"folder": named["connection_folder"]})
        client = PapermillNotebookClient(
            nb_man,
            kernel_manager_class=manager,
            kernel_name=kernel_name,
            startup_timeout=START_SECONDS,
            timeout=None,
            shutdown_kernel="immediate",
            log=logging.getLogger("papermill"),
        )
        return client.execute(env=named["environment"])


papermill_engines.register(ENGINE, ReportEngine)


def silence() -> None:
    """Keep the libraries' messages, which quote cells, out of logs and screens."""
    for name in QUIET:
        logger = logging.getLogger(name)
        logger.handlers = [logging.NullHandler()]
        logger.propagate = False


def environment(root: Path, temp: Path, memory: str, threads: int) -> dict[str, str]:
    """Environment variables of a kernel: the worker's limits, without the user's start-up files."""
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONSTARTUP", "MPLBACKEND", "PYTHONWARNINGS")}
    count = str(threads)
    return kept | {
        ROOT_ENV: str(root),
        MEMORY_ENV: memory,
        THREADS_ENV: count,
        TEMP_ENV: str(temp / "spill"),
        "IPYTHONDIR": str(temp / "ipython"),
        "MATPLOTLIBRC": str(Path(matplotlib.get_data_path()) / "matplotlibrc"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "OMP_NUM_THREADS": count,
        "OPENBLAS_NUM_THREADS": count,
    }
