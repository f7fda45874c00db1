from storesense_backend.recent_stores import RecentStores


async def test_stores_that_were_asked_about_last_are_kept():
    stores = RecentStores[int](most=2)
    stores.put("a", 1)
    stores.put("b", 2)
    stores.put("a", 3)
    stores.put("c", 4)
    assert (stores.get("a"), stores.get("b"), stores.get("c")) == (3, None, 4)


async def test_a_forgotten_store_has_the_same_lock_while_somebody_learns():
    stores = RecentStores[int](most=1)
    first = stores.lock("a")
    async with first:
        stores.put("a", 1)
        stores.put("b", 2)
        assert stores.lock("a") is first
    stores.put("a", 1)
    stores.put("b", 2)
    assert stores.lock("a") is not first, "nobody holds it: it is forgotten as well"
