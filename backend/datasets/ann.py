"""When a dataset has an index of nearest neighbours of its own, and who clears away what is no longer searched."""

import logging
import uuid

from django.db import connection

from backend.datasets.adapters import ann_send, vector_indexes
from backend.datasets.models import LexicalStatistics, VectorIndex
from rag.stores.searching import EXACT_BELOW

DROP_BELOW = 15_000
"""Lower than what `wants_ann` asks for, so that a dataset at the border is not built and dropped by turns."""
logger = logging.getLogger(__name__)


def ann_ask(dataset_id: uuid.UUID) -> None:
    """Have a worker build or drop the dataset's index, if it may be time."""
    with connection.cursor() as cursor:
        cursor.execute(_MAY_BE_TIME, [dataset_id, EXACT_BELOW, DROP_BELOW])
        if cursor.fetchone():
            ann_send(dataset_id)


def ann_settle(dataset_id: uuid.UUID) -> None:
    """Build or drop the dataset's index, if it is time, and remove what was left behind; searches go on meanwhile."""
    indexes = vector_indexes()
    for index_id in indexes.orphans():
        indexes.drop_ann(index_id)
    for index_id in indexes.retired():
        indexes.drop(index_id)
    index = VectorIndex.objects.filter(dataset_id=dataset_id, state=VectorIndex.State.ACTIVE).first()
    if index is None:
        return
    if not index.ann and indexes.wants_ann(index.id):
        logger.info("dataset %s has the index %s now", dataset_id, indexes.build_ann(index.id))
    elif index.ann and _is_needless(index):
        indexes.drop_ann(index.id)


def datasets_unsettled() -> list[uuid.UUID]:
    """Return the datasets with an index that was replaced and is not removed yet."""
    retired = vector_indexes().retired()
    return list(VectorIndex.objects.filter(id__in=retired).values_list("dataset_id", flat=True).distinct())


def _is_needless(index: VectorIndex) -> bool:
    statistics = LexicalStatistics.objects.filter(dataset_id=index.dataset_id).first()
    return statistics is None or statistics.passages < DROP_BELOW


_MAY_BE_TIME = """
SELECT 1 FROM {index} AS i JOIN {statistics} AS s ON s.dataset_id = i.dataset_id
WHERE i.dataset_id = %s AND i.state = 'active' AND (i.ann = '' AND s.passages > %s OR i.ann <> '' AND s.passages < %s)
""".format_map({"index": VectorIndex._meta.db_table, "statistics": LexicalStatistics._meta.db_table})
