"""The page of pix2pix.serve in a real browser: chromium, found on the machine, driven by Playwright."""

import threading

from PIL import Image
import pytest

from data import facades
from graphmode import doctor
from pix2pix import serve

pytestmark = pytest.mark.browser


def swapped(picture):
    """In place of a network: red and blue exchanged."""
    return picture[..., ::-1]


@pytest.fixture(scope="module")
def address():
    waitress = doctor.library("waitress", "waitress")
    server = waitress.create_server(serve.application(swapped), host="127.0.0.1", port=0)
    threading.Thread(target=server.run, daemon=True).start()
    yield "http://127.0.0.1:{}/".format(server.effective_port)
    server.close()


@pytest.fixture
def page(address, browser_path):
    playwright = doctor.library("playwright.sync_api", "playwright")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        faults = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(address)
        translated(page)
        yield page
        browser.close()
    assert not faults


def translated(page, before=""):
    """Waits for a translation other than `before`, and returns its address."""
    page.wait_for_function("before => made.src && made.src !== before && made.complete && made.naturalWidth", arg=before)
    return page.get_attribute("#made", "src")


def colour(page, selector, x, y):
    """The pixel of the drawing or of the translation, as [R, G, B]."""
    return page.evaluate("""([selector, x, y]) => {
        const sheet = new OffscreenCanvas(256, 256).getContext("2d");
        sheet.drawImage(document.querySelector(selector), 0, 0);
        return Array.from(sheet.getImageData(x, y, 1, 1).data.slice(0, 3));
    }""", [selector, x, y])


def draw(page, label, start, end):
    before = page.get_attribute("#made", "src")
    page.check("input[value='#%02x%02x%02x']" % facades.LABELS[label])
    box = page.locator("#drawing").bounding_box()
    at = [(box["x"] + 1 + place[0] * 1.5, box["y"] + 1 + place[1] * 1.5) for place in (start, end)]
    page.mouse.move(*at[0])
    page.mouse.down()
    page.mouse.move(*at[1], steps=4)
    page.mouse.up()
    translated(page, before)


def test_what_is_drawn_is_translated_and_undone(page):
    before = colour(page, "#drawing", 200, 100)
    draw(page, "balcony", (180, 80), (220, 120))
    assert colour(page, "#drawing", 200, 100) == list(facades.LABELS["balcony"])
    assert colour(page, "#made", 200, 100) == list(facades.LABELS["balcony"])[::-1]
    made = page.get_attribute("#made", "src")
    page.click("#undo")
    translated(page, made)
    assert colour(page, "#drawing", 200, 100) == before


def test_a_picture_that_is_chosen_is_translated(page, tmp_path):
    Image.new("RGB", (256, 256), (250, 100, 10)).save(tmp_path / "orange.png")
    made = page.get_attribute("#made", "src")
    page.set_input_files("#file", str(tmp_path / "orange.png"))
    translated(page, made)
    assert colour(page, "#made", 9, 9) == [10, 100, 250]


def test_a_picture_that_is_dropped_is_translated(page):
    made = page.get_attribute("#made", "src")
    page.evaluate("""async () => {
        const sheet = new OffscreenCanvas(256, 256), pen = sheet.getContext("2d"), held = new DataTransfer();
        pen.fillStyle = "rgb(10, 200, 30)";
        pen.fillRect(0, 0, 256, 256);
        held.items.add(new File([await sheet.convertToBlob()], "green.png", {type: "image/png"}));
        document.dispatchEvent(new DragEvent("drop", {dataTransfer: held, cancelable: true}));
    }""")
    translated(page, made)
    assert colour(page, "#made", 9, 9) == [30, 200, 10]


def test_a_file_that_is_too_large_is_not_sent(page, tmp_path):
    (tmp_path / "large.png").write_bytes(bytes(serve.MOST_BYTES + 1))
    page.set_input_files("#file", str(tmp_path / "large.png"))
    page.wait_for_function("said.textContent.includes('too many')")


def test_what_is_no_picture_is_said_in_words(page, tmp_path):
    (tmp_path / "words.png").write_text("no picture")
    page.set_input_files("#file", str(tmp_path / "words.png"))
    page.wait_for_function("said.textContent.includes('no picture')")
