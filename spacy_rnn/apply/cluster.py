"""The same parts, done by a pool of actors of Ray on this machine or on a cluster."""

from typing import Any, Dict, Optional, Sequence

from spacy.language import Language

from ..errors import CorpusError, Errors
from ..pipeline.load import one_line, rebuild_pipeline, use_gpu
from .job import Counts, Job, Report, do_part


class PartActor:
    """Loads the pipeline once and does parts."""

    def __init__(self, config: Any, data: Any, job: Job, gpu: bool):
        import ray

        if gpu:
            use_gpu(0)
        # Ray keeps the bytes once on each machine.
        self.nlp = rebuild_pipeline(config, ray.get(data))
        self.job = job

    def __call__(self, batch: Dict[str, Any]) -> Dict[str, Any]:
        parts = [int(part) for part in batch["part"]]
        found = [do_part(self.nlp, self.job, part, lambda counts: None) for part in parts]
        return {"part": parts, **{name: [getattr(counts, name) for counts in found] for name in vars(Counts())}}


def on_ray(
    nlp: Language, job: Job, parts: Sequence[int], workers: int, report: Report, *, address: Optional[str], gpu: bool
) -> None:
    """Do parts with a pool of actors of Ray Data. An actor that dies is started again, and does its part again.

    address: of a cluster, as `ray.init` takes it; None for one on this machine that ends with this program.
    gpu: whether each actor takes a GPU.
    Raises CorpusError if Ray is not installed or the cluster cannot be reached.
    """
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise CorpusError(Errors.D182.format(what="Ray", package="ray[data]")) from error
    began = not ray.is_initialized()
    if began:
        settings: Dict[str, Any] = {} if address else {"num_cpus": workers, "include_dashboard": False}
        try:
            ray.init(address=address, log_to_driver=False, configure_logging=False, **settings)
        except (ConnectionError, ValueError) as error:
            raise CorpusError(Errors.D190.format(address=address, reason=one_line(error))) from error
    context = ray.data.DataContext.get_current()
    shows_progress, context.enable_progress_bars = context.enable_progress_bars, False
    try:
        dataset = ray.data.from_items([{"part": part} for part in parts], override_num_blocks=len(parts))
        done = dataset.map_batches(
            PartActor,
            fn_constructor_args=(nlp.config, ray.put(nlp.to_bytes()), job, gpu),
            batch_size=1,
            num_cpus=1,
            num_gpus=1 if gpu else 0,
            compute=ray.data.ActorPoolStrategy(size=workers),
        )
        for row in done.iter_rows():
            part = int(row.pop("part"))
            report(part, Counts(**{name: int(value) for name, value in row.items()}), True)
    finally:
        context.enable_progress_bars = shows_progress
        if began:
            ray.shutdown()
