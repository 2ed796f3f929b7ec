"""The inputs of stages that run in a job of their own beside a delivery, like `pull-bases` and `notify`.

`compare_released` says whether there is such a job.
"""

from __future__ import annotations

from goldenpath.delivery.model import private_base, registry_login
from goldenpath.delivery.model.delivery_outputs import DeliveryVerdict, JobResult
from goldenpath.delivery.model.inputs import Input
from goldenpath.shared import input_text
from goldenpath.shared.names import ArtifactId


def _stripped(raw: str) -> str:
    # `gh secret set` keeps the newline at the end of a file.
    return input_text.secret(raw.strip())


PRIVATE_BASES = Input(
    "private_bases",
    "Base images in private registries, one a line, as the Dockerfile names them.",
    private_base.parse_all,
)
BASES_LOGINS = Input(
    "bases_logins",
    "Logins for the registries of `private_bases` that are not Amazon ECR, one `registry user password` a line.",
    registry_login.parse_all,
    secret=True,
)
COMPARE_RELEASED = Input(
    "compare_released",
    "`true` first scans the environment's last release with today's database, to show which findings are new, known "
    "and gone since then. It blocks nothing.",
    input_text.yes_or_no,
    default="false",
)
DELIVERY_RESULT = Input(
    "delivery_result",
    "How the job that called the delivery ended, `needs.delivery.result`: `success`, `failure`, `cancelled` or "
    "`skipped`.",
    input_text.member(JobResult),
    required=True,
)
DELIVERY_VERDICT = Input(
    "delivery_verdict",
    "Output `verdict` of the delivery: `pass`, `advise`, `block`, `error`, or empty.",
    input_text.member(DeliveryVerdict),
)
DELIVERY_RELEASED = Input(
    "delivery_released",
    "Output `released` of the delivery: `true` or `false`.",
    input_text.yes_or_no,
    default="false",
)
REPORTS_ARTIFACT_ID = Input(
    "reports_artifact_id", "Output of the same name of the delivery, for a link to its reports.", ArtifactId
)
WEBHOOK_URL = Input("webhook_url", "Address of the webhook, https only; none when empty.", _stripped, secret=True)
WEBHOOK_KEY = Input(
    "webhook_key", "Key of 16 characters or more that messages to the webhook are signed with.", _stripped,
    secret=True,
)  # fmt: skip
