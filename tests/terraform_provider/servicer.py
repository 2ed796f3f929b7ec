"""What the library under the stand-in lacks: list blocks, timeouts, plans of creations, and replacement by a table."""

# The plugin library has no types.
# mypy: disable-error-code="import-untyped, misc"
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tf.blocks import SetNestedBlock
from tf.gen import tfplugin_pb2 as pb
from tf.provider import ProviderServicer
from tf.schema import Attribute, NestedBlock, NestMode
from tf.types import String
from tf.utils import Diagnostics, read_dynamic_value, to_dynamic_value

from tests.terraform_provider.table import replacing

if TYPE_CHECKING:
    from collections.abc import Mapping


class ListBlock(SetNestedBlock):
    """A nested block that is a list, as the AWS provider's are: `x.image_scanning_configuration[0].scan_on_push`."""

    _mode_map: Mapping[Any, Any]

    def __init__(self, type_name: str, attributes: list[Attribute], *, most: int = 0, least: int = 0) -> None:
        from tf.schema import Block  # noqa: PLC0415  the library's modules import each other

        super().__init__(type_name, Block(attributes=attributes))
        self.min_items, self.max_items = least, most or None

    def to_pb(self) -> pb.Schema.NestedBlock:
        """Return the block as the protocol describes it."""
        described = super().to_pb()
        described.nesting = pb.Schema.NestedBlock.NestingMode.LIST
        return described

    def semantically_equal(self, a_decoded: Any, b_decoded: Any) -> bool:  # noqa: ANN401  the library is untyped
        """Compare in order: a list, not a set."""
        return bool(a_decoded == b_decoded)


class TimeoutsBlock(NestedBlock):
    """The block `timeouts` of the plugin SDK; only `delete` can be set."""

    def __init__(self) -> None:
        from tf.schema import Block  # noqa: PLC0415  the library's modules import each other

        super().__init__("timeouts", NestMode.Single, Block(attributes=[Attribute("delete", String(), optional=True)]))

    def encode(self, value: Any) -> Any:  # noqa: ANN401  the library is untyped
        """Return `value` as it is: the protocol's form is the same."""
        return value

    def decode(self, value: Any) -> Any:  # noqa: ANN401
        """Return `value` as it is."""
        return value

    def semantically_equal(self, a_decoded: Any, b_decoded: Any) -> bool:  # noqa: ANN401
        """Compare the two."""
        return bool(a_decoded == b_decoded)


class Servicer(ProviderServicer):
    """The protocol's server, which plans creations too, and replaces where the real provider does.

    Its answers say that they are of the plugin SDK, as the real provider's do: a planned value may then differ from the
    configured one where both mean the same.
    """

    def PlanResourceChange(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802  the protocol's own name
        """Answer as the library does, completed by the resource and by the table of what replaces."""
        if request.proposed_new_state.msgpack and read_dynamic_value(request.proposed_new_state) is None:
            return pb.PlanResourceChange.Response(planned_state=request.proposed_new_state)
        answer = super().PlanResourceChange(request, context)
        before, after = read_dynamic_value(request.prior_state), read_dynamic_value(answer.planned_state)
        if after is None:
            return answer
        resource = self.app.new_resource(self._get_res_cls(request.type_name))
        if not hasattr(resource, "completed"):
            # What the account's resources replace is in their schemas (`settings`), and their plans are whole.
            return answer
        diagnostics = Diagnostics()
        after = resource.completed(diagnostics, before, after)
        answer.diagnostics.extend(diagnostics.to_pb())
        answer.planned_state.CopyFrom(to_dynamic_value(after))
        del answer.requires_replace[:]
        for name in replacing(request.type_name) if before else ():
            if before.get(name) != after.get(name):
                answer.requires_replace.append(pb.AttributePath(steps=[pb.AttributePath.Step(attribute_name=name)]))
        answer.legacy_type_system = True
        return answer

    def ApplyResourceChange(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        """Answer as the library does."""
        answer = super().ApplyResourceChange(request, context)
        answer.legacy_type_system = True
        return answer
