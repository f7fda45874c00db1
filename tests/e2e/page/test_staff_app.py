"""The staff app: taken and done in two taps, offline too, and sent once; told by the browser; its settings."""

import json
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from fixtures import fake_store
from fixtures.fake_backend import FakeBackend
from fixtures.page_states import at_rest, expect_no_wider


def task(page: Page, alert_id: int):
    return page.locator(f'[data-alert="{alert_id}"]')


# What the browser asks a push service for is answered here: no test may depend on one.
PUSH_SERVICE = """
const made = { subscription: null };
PushManager.prototype.subscribe = async ({ userVisibleOnly, applicationServerKey }) => {
  if (!userVisibleOnly || applicationServerKey.length !== 65) throw new TypeError("no such subscription");
  made.subscription = {
    endpoint: "https://push.test/phone-1",
    toJSON: () => ({ endpoint: "https://push.test/phone-1", keys: { p256dh: "BA", auth: "AA" } }),
    unsubscribe: async () => ((made.subscription = null), true),
  };
  return made.subscription;
};
PushManager.prototype.getSubscription = async () => made.subscription;
"""


def open_app(
    open_page,
    backend: FakeBackend,
    *,
    script: str = "",
    hash_text: str = "#alert=7",
    more: str | None = None,
    **options,
) -> Page:
    """Open the app; with ``more``, the name of a second store."""
    page: Page = open_page(width=390, **options)
    if more:
        backend.add_store("berlin", more)
    page.add_init_script(script)
    page.goto(backend.url + "/staff" + hash_text)
    expect(page.locator(".staff-top .connection.is-live")).to_be_visible()
    if "alert=7" in hash_text:
        expect(task(page, 7)).to_be_visible()
    return page


def test_an_alert_is_taken_and_said_to_be_done_with_a_tap_each(open_page, backend: FakeBackend) -> None:
    page = open_app(open_page, backend)
    task(page, 7).get_by_role("button", name="Take").click()
    with answered(page, "note"):
        task(page, 7).get_by_role("button", name="Done").click()
    expect(task(page, 7)).to_contain_text("It closes when the sensors see it")
    expect(page.locator("[data-waiting]")).to_have_count(0)
    assert [path.rsplit("/", 1)[1] for path, _, _ in backend.alerts.done] == ["take", "note"]
    backend.alert(fake_store.queue_alert(state="resolved", resolved_at=fake_store.instant(), proof={"length": 1}))
    expect(task(page, 7)).to_have_count(0)


def test_what_is_done_without_a_network_is_sent_once_when_it_is_back(open_page, backend: FakeBackend) -> None:
    page = open_app(open_page, backend)
    page.context.set_offline(True)
    task(page, 7).get_by_role("button", name="Take").click()
    expect(page.locator("[data-waiting]")).to_have_text("1 to send")
    expect(task(page, 7).get_by_role("button", name="Done")).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator("[data-waiting]")).to_have_count(0)
    assert [path.rsplit("/", 1)[1] for path, _, _ in backend.alerts.done] == ["take"]


def test_what_no_sensor_sees_is_reported(open_page, backend: FakeBackend) -> None:
    page = open_app(open_page, backend)
    page.get_by_role("button", name="Report").click()
    page.get_by_role("button", name="Spill").click()
    expect(page.get_by_text("Reported: spill")).to_be_visible()
    assert backend.alerts.done[0][2]["what"] == "spill"


def test_a_place_is_counted_in_three_taps(open_page, backend: FakeBackend) -> None:
    page = open_app(open_page, backend)
    slot = next(each for each in fake_store.layout()["slots"])
    page.get_by_role("button", name="Count", exact=True).click()
    page.get_by_role("dialog").get_by_label("Where").select_option(slot["section"])
    page.get_by_role("button", name=slot["name"], exact=True).click()
    form = page.get_by_role("dialog", name=f"Count {slot['name']}")
    form.get_by_label(slot["product"]["name"]).fill("seven")
    form.get_by_role("button", name="Save the count").click()
    expect(form.get_by_role("alert")).to_contain_text("whole number")
    form.get_by_label(slot["product"]["name"]).fill("7")
    form.get_by_role("button", name="Save the count").click()
    expect(page.get_by_text("The count is on its way to the shelf.")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    (counted,) = backend.counted
    assert (counted["slot_id"], counted["products"][0]) == (slot["id"], {"sku": slot["product"]["sku"], "units": 7})


def test_who_cannot_says_why_and_gives_it_back(open_page, backend: FakeBackend) -> None:
    page = open_app(open_page, backend)
    task(page, 7).get_by_role("button", name="Take").click()
    expect(task(page, 7).get_by_role("button", name="Done")).to_be_visible()  # it is one's own now
    task(page, 7).get_by_role("button", name="Cannot").click()
    with answered(page, "release"):
        page.get_by_role("button", name="I am with a customer").click()
    expect(task(page, 7).get_by_role("button", name="Take")).to_be_visible()
    expect(page.locator("[data-waiting]")).to_have_count(0)
    assert [path.rsplit("/", 1)[1] for path, _, _ in backend.alerts.done] == ["take", "note", "release"]


def worker_of(page: Page):
    """The app's service worker, in charge."""
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    workers = page.context.service_workers
    return workers[0] if workers else page.context.wait_for_event("serviceworker")


def push(page: Page, backend: FakeBackend, told: dict[str, object]) -> None:
    """Deliver a message, as the browser does when its push service has one."""
    worker_of(page)
    session = page.context.new_cdp_session(page)
    registrations: list[str] = []
    session.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: registrations.extend(each["registrationId"] for each in event["registrations"]),
    )
    session.send("ServiceWorker.enable")
    while not registrations:
        page.evaluate("new Promise((resolve) => setTimeout(resolve, 20))")
    session.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": backend.url, "registrationId": registrations[0], "data": json.dumps(told)},
    )


def answered(page: Page, action: str):
    """Wait, within ``with``, until the server has answered an action."""
    return page.expect_response(lambda response: response.url.endswith(f"/{action}"))


NO_PUSH = "delete window.PushManager"
TOLD = {"title": "Tills: 6 waiting", "body": "Open another lane", "severity": "critical", "event": "opened"}
TAP = """async ({ data, hasWindow }) => {
  const opened = [];
  Object.defineProperty(self.clients, "openWindow", { configurable: true, value: async (url) => opened.push(url) });
  if (!hasWindow) Object.defineProperty(self.clients, "matchAll", { configurable: true, value: async () => [] });
  const event = new ExtendableEvent("notificationclick");
  const waits = [];
  event.waitUntil = (promise) => waits.push(Promise.resolve(promise).catch((error) => String(error)));
  event.notification = { close() {}, data };
  self.dispatchEvent(event);
  await Promise.all(waits);
  return opened;
}"""


SHOWN = """async () => {
  const ours = await navigator.serviceWorker.ready;
  for (;;) {
    const [one] = await ours.getNotifications();
    if (one) return { title: one.title, body: one.body, tag: one.tag, requireInteraction: one.requireInteraction };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}"""


def tap_notification(page: Page, data: dict[str, object], *, has_window: bool) -> list[str]:
    opened: list[str] = worker_of(page).evaluate(TAP, {"data": data, "hasWindow": has_window})
    return opened


def test_a_pushed_message_is_shown_with_what_to_do(open_page, backend: FakeBackend) -> None:
    page = open_app(open_page, backend, permissions=["notifications"])
    push(page, backend, TOLD | {"store_id": "corner-market", "alert_id": 7})
    shown = page.evaluate(SHOWN)
    assert shown == {
        "title": "Tills: 6 waiting",
        "body": "Open another lane",
        "tag": "corner-market:7",
        "requireInteraction": True,
    }


def test_from_notification_to_done_it_takes_three_taps(open_page, backend: FakeBackend) -> None:
    page = open_app(open_page, backend, hash_text="")
    # One: the notification. Its worker opens the app at the alert where none is open.
    (address,) = tap_notification(page, TOLD | {"store_id": "corner-market", "alert_id": 7}, has_window=False)
    assert address == "/staff#store=corner-market&alert=7"
    page.goto(backend.url + address)
    expect(task(page, 7)).to_have_class("task severity-critical is-selected")
    # Two and three.
    task(page, 7).get_by_role("button", name="Take").click()
    with answered(page, "note"):
        task(page, 7).get_by_role("button", name="Done").click()
    assert [path.rsplit("/", 1)[1] for path, _, _ in backend.alerts.done] == ["take", "note"]


def test_a_tap_goes_to_the_app_that_is_open_already(open_page, backend: FakeBackend) -> None:
    page = open_app(open_page, backend, hash_text="")
    expect(page.get_by_role("button", name="My section")).to_have_attribute("aria-current", "page")
    told = TOLD | {"store_id": "corner-market", "alert_id": 7}
    assert tap_notification(page, told, has_window=True) == []
    expect(task(page, 7)).to_have_class("task severity-critical is-selected")
    expect(page.get_by_role("button", name="All")).to_have_attribute("aria-current", "page")
    tap_notification(page, told | {"alert_id": 999}, has_window=True)
    expect(page.get_by_text("That one is over")).to_be_visible()


def test_a_phone_is_told_when_its_owner_wants_it_and_not_after_signing_out(open_page, backend: FakeBackend) -> None:
    page = open_app(open_page, backend, script=PUSH_SERVICE, permissions=["notifications"])
    page.get_by_role("button", name="Settings of this phone").click()
    expect(page.get_by_text("only while the app is open")).to_be_visible()
    page.get_by_role("button", name="Tell me on this phone").click()
    expect(page.get_by_text("You are told on this phone")).to_be_visible()
    (sent,) = backend.push.subscriptions
    assert (sent["endpoint"], sent["keys"]) == ("https://push.test/phone-1", {"p256dh": "BA", "auth": "AA"})
    assert sent["name"]
    page.get_by_role("button", name="Tell me here no longer").click()
    expect(page.get_by_text("only while the app is open")).to_be_visible()
    page.get_by_role("button", name="Tell me on this phone").click()
    expect(page.get_by_text("You are told on this phone")).to_be_visible()
    page.get_by_role("button", name="Sign out mia").click()
    expect(page.get_by_label("User name")).to_be_visible()
    assert page.evaluate("navigator.serviceWorker.ready.then((ours) => ours.pushManager.getSubscription())") is None
    assert not backend.sessions


@pytest.mark.parametrize(
    ("script", "answer", "said"),
    [
        pytest.param(NO_PUSH, {}, "knows no notifications for web apps", id="no push at all"),
        pytest.param(PUSH_SERVICE, {"has_key": False}, "sends no notifications to browsers yet", id="no key"),
        pytest.param(PUSH_SERVICE, {"is_among_people": False}, "not among this store's people", id="a stranger"),
        pytest.param(
            "PushManager.prototype.subscribe = async () => { throw new DOMException('no service', 'AbortError'); }",
            {},
            "push service does not answer",
            id="no push service",
        ),
        pytest.param(
            PUSH_SERVICE + "Notification.requestPermission = async () => 'denied'",
            {},
            "told not to allow",
            id="refused",
        ),
    ],
)
def test_what_stands_in_the_way_of_being_told_is_said(open_page, backend: FakeBackend, script, answer, said) -> None:
    for name, value in answer.items():
        setattr(backend.push, name, value)
    page = open_app(open_page, backend, script=script, permissions=["notifications"])
    page.get_by_role("button", name="Settings of this phone").click()
    ask = page.get_by_role("button", name="Tell me on this phone")
    if script == NO_PUSH:
        expect(page.get_by_role("dialog")).to_be_visible()
        expect(ask).to_have_count(0)
    else:
        ask.click()
    expect(page.get_by_role("dialog")).to_contain_text(said)
    assert backend.push.subscriptions == []


def test_store_language_look_and_the_way_back_are_chosen_on_the_phone(open_page, backend: FakeBackend) -> None:
    page = open_app(open_page, backend, hash_text="", more="Berlin Mitte")
    page.get_by_role("button", name="Settings of this phone").click()
    page.get_by_role("dialog").get_by_label("Store").select_option("berlin")
    expect(page.get_by_role("heading", name="Berlin Mitte")).to_be_visible()
    assert page.url.endswith("/staff#store=berlin")
    page.get_by_role("button", name="Settings of this phone").click()
    page.get_by_role("dialog").get_by_label("Dark").check()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert (
        urlsplit(page.get_by_role("link", name="To the large pages").get_attribute("href")).fragment == "store=berlin"
    )
    page.get_by_role("dialog").get_by_label("简体中文").click()
    expect(page.get_by_role("button", name="本机设置")).to_be_visible()
    expect(page.get_by_role("heading", name="Berlin Mitte")).to_be_visible()
    page.goto(backend.url + "/?desk#store=corner-market")
    page.get_by_role("button", name="外观与语言").click()
    expect(page.get_by_role("link", name="手机员工应用")).to_have_attribute("href", "/staff#store=corner-market")


def test_an_alert_that_comes_makes_the_phone_of_its_section_vibrate(open_page, backend: FakeBackend) -> None:
    script = "window.buzzed = []; navigator.vibrate = (pattern) => window.buzzed.push(pattern)"
    page = open_app(open_page, backend, script=script)
    backend.alert(fake_store.queue_alert(alert_id=77))
    expect(task(page, 77)).to_be_visible()
    page.wait_for_function("() => buzzed.length")
    assert page.evaluate("window.buzzed") == [[300, 100, 300]], "critical"


@pytest.mark.parametrize(("width", "scheme", "language"), [(390, "dark", "zh-CN"), (820, "light", "en")])
def test_app_and_settings_fit_and_axe_finds_nothing_serious(
    open_page, backend: FakeBackend, axe, width, scheme, language
) -> None:
    script = f"localStorage.setItem('storesense.language', '{language}')"
    page = open_app(open_page, backend, script=script, more="Berlin Mitte", color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 844})
    for name in (None, {"en": "Settings of this phone", "zh-CN": "本机设置"}[language]):
        if name:
            page.get_by_role("button", name=name).click()
            expect(page.get_by_role("dialog")).to_be_visible()
        at_rest(page)
        expect_no_wider(page, width)
        assert axe(page, is_serious_only=True) == []


def test_the_app_can_be_installed(open_page, backend: FakeBackend) -> None:
    page = open_app(open_page, backend)
    worker_of(page)
    session = page.context.new_cdp_session(page)
    assert session.send("Page.getAppManifest")["errors"] == []
    found = session.send("Page.getInstallabilityErrors")["installabilityErrors"]
    # Nothing is installed from a window that nobody keeps.
    assert [each["errorId"] for each in found if each["errorId"] != "in-incognito"] == []
