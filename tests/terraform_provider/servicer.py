"""What the library under the stand-in lacks: list blocks, and replacement when a block changes."""

# The plugin library has no types.
# mypy: disable-error-code="import-untyped, misc"
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tf.blocks import SetNestedBlock
from tf.gen import tfplugin_pb2 as pb
from tf.provider import ProviderServicer
from tf.utils import read_dynamic_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tf.schema import Attribute


class ListBlock(SetNestedBlock):
    """A nested block that is a list, as the AWS provider's are: `x.image_scanning_configuration[0].scan_on_push`."""

    _mode_map: Mapping[Any, Any]

    def __init__(
        self, type_name: str, attributes: list[Attribute], *, most: int = 0, least: int = 0, forces_new: bool = False
    ) -> None:
        from tf.schema import Block  # noqa: PLC0415  the library's modules import each other

        super().__init__(type_name, Block(attributes=attributes))
        self.min_items, self.max_items = least, most or None
        self.forces_new = forces_new

    def to_pb(self) -> pb.Schema.NestedBlock:
        """Return the block as the protocol describes it."""
        described = super().to_pb()
        described.nesting = pb.Schema.NestedBlock.NestingMode.LIST
        return described

    def semantically_equal(self, a_decoded: Any, b_decoded: Any) -> bool:  # noqa: ANN401  the library is untyped
        """Compare in order: a list, not a set."""
        return bool(a_decoded == b_decoded)


class Servicer(ProviderServicer):
    """The protocol's server, which asks for a replacement when a block that cannot change in place did."""

    def PlanResourceChange(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802  the protocol's own name
        """Answer as the library does, and add the blocks that force a new resource."""
        answer = super().PlanResourceChange(request, context)
        before = read_dynamic_value(request.prior_state) or {}
        after = read_dynamic_value(answer.planned_state) or {}
        for name, block in self._get_res_blocks(request.type_name).items():
            if before and after and getattr(block, "forces_new", False) and before.get(name) != after.get(name):
                answer.requires_replace.append(pb.AttributePath(steps=[pb.AttributePath.Step(attribute_name=name)]))
        return answer
