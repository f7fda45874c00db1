"""What a slot's units weigh, as clean picks teach it."""

from collections.abc import Sequence
from dataclasses import replace

from storesense_contracts.readings import ShelfEventKind
from storesense_edge.shelf.events import ShelfEvent
from storesense_edge.shelf.products import ProductWeight
from storesense_edge.shelf.slot import SlotSpec
from storesense_edge.shelf.unit_weight import PackagingChange, UnitWeightLearner


class LearnedWeights:
    """Learns the unit weights of a slot's products.

    Args:
        planned: the products as they are planned.
    """

    def __init__(self, planned: Sequence[ProductWeight]) -> None:
        self._learners = [UnitWeightLearner(product) for product in planned]
        self.packaging_change: PackagingChange | None = None

    @property
    def products(self) -> tuple[ProductWeight, ...]:
        """The products with the weights that were learned."""
        return tuple(learner.product for learner in self._learners)

    def learn(self, event: ShelfEvent, sku: str | None, sigma_g: float) -> bool:
        """Learn from an event; return whether it showed that the product is packed anew.

        Args:
            event: what was told.
            sku: the slot's own product that moved, None for something else.
            sigma_g: standard deviation of the change.
        """
        if sku is not None:
            for learner in self._learners:
                if learner.product.sku == sku:
                    learner.learn(abs(event.delta_g), event.units, event.confidence, sigma_g)
        elif event.kind is ShelfEventKind.FOREIGN and event.delta_g < 0 and len(self._learners) == 1:
            change = self._learners[0].learn_unexplained(-event.delta_g)
            if change is not None:
                self.packaging_change = change
                return True
        return False

    def within(self, spec: SlotSpec) -> SlotSpec:
        """Return a spec of the same products with the weights that were learned."""
        products = self.products
        if not products:
            return spec
        first = products[0]
        # A slot whose first product is not given keeps it so: then all are further ones.
        if spec.unit_weight_g is None:
            return replace(spec, also=products)
        return replace(
            spec,
            unit_weight_g=first.unit_weight_g,
            unit_tolerance_g=first.unit_tolerance_g,
            mean_doubt_g=first.mean_doubt_g,
            also=products[1:],
        )
