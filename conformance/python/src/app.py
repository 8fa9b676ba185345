"""The durable function of the suite."""

import batches  # noqa: F401
import callbacks  # noqa: F401
import contexts  # noqa: F401
import handlers  # noqa: F401
import invokes  # noqa: F401
import polling  # noqa: F401
import steps  # noqa: F401
from aws_durable_execution_sdk_python import DurableContext, durable_execution
from registry import CASES


@durable_execution
def handler(event, context: DurableContext):
    return CASES[event["case"]](event, context)
