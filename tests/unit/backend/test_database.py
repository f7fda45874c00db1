from storesense_backend.database import CUSTOM_PLANS, new_pool


async def test_the_api_plans_each_question_for_its_own_values_and_bounds_it() -> None:
    pool = new_pool("host=nowhere", size=1, statement_timeout_s=2.0)
    options = pool.kwargs["options"]  # type: ignore[index]
    assert f"-c {CUSTOM_PLANS}" in options
    assert "-c statement_timeout=2000" in options
