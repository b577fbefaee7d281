"""The page's own logic, module by module, in a real Chromium: what needs no picture."""

import pytest

from pages import drawing_browser, open_dashboard, page  # noqa: F401  (fixtures)


def test_pictures_find_their_results(page):
    found = page.evaluate("""async () => {
      const { ResultTrack } = await import('/js/results.js');
      const track = new ResultTrack(5);
      const object = (id, left) => ({ id, box: [left, 0, left + 10, 10] });
      track.add(1000, [object(1, 0), object(2, 50)]);
      track.add(1100, [object(1, 100)]);
      const shown = (time) => {
        const at = track.at(time);
        return at && [at.kind, at.objects.map((each) => each.box[0])];
      };
      const times = [900, 999, 1001, 1050, 1100, 1500, 2200].map(shown);
      track.add(1050, [object(1, 70)]);
      times.push(shown(1050));
      for (let at = 0; at < 9; at += 1) track.add(2000 + 1000 * at, []);
      return [...times, shown(1050), shown(10_000)];
    }""")
    assert found == [
        None, ["exact", [0, 50]], ["exact", [0, 50]], ["between", [50, 50]], ["exact", [100]], ["late", [100]], None,
        ["exact", [70]], None, ["exact", []],
    ]


def test_pictures_wait_as_long_as_results_take(page):
    found = page.evaluate("""async () => {
      const { Playout } = await import('/js/results.js');
      const holds = [];
      for (const [delay, every] of [[100, 1], [100, 3], [900, 1]]) {
        const playout = new Playout(600);
        for (let at = 0; at < 90; at += 1) {
          playout.arrived(at * 33, at * 33);
          const done = Math.floor((at * 33 - delay) / 33 / every) * every;
          if (done >= 0) playout.found(done * 33, at * 33);
        }
        // The results of the newest picture have not come yet.
        for (const [now, time] of [[90 * 33, 0], [90 * 33, 89 * 33], [90 * 33 + 10_000, 0]]) {
          holds.push(playout.holdMillis(now, time));
        }
      }
      return holds;
    }""")
    every, patient, later, third, _, _, hopeless, never, _ = found
    assert 100 <= every <= 100 + 33 + 33 and later == 0
    assert 250 < patient - every < 300
    assert 100 + 66 <= third <= 100 + 66 + 33 + 33
    assert hopeless == never == 0


def test_modules_come_when_the_server_does(page):
    found = page.evaluate("""async () => {
      const { loadModules } = await import('/js/modules.js');
      const backoff = { next: () => 1 };
      let asked = 0;
      const late = () => {
        asked += 1;
        if (asked < 4) throw new TypeError('Failed to fetch dynamically imported module');
        return 'here';
      };
      const outcome = [await loadModules(late, new AbortController().signal, backoff), asked];
      const broken = () => { throw new SyntaxError('not a module'); };
      outcome.push(await loadModules(broken, new AbortController().signal, backoff).catch((error) => error.name));
      const [left, leaving] = [new AbortController(), new AbortController()];
      left.abort();
      outcome.push(await loadModules(late, left.signal, backoff), asked);
      const slow = async () => { leaving.abort(); return 'too late'; };
      outcome.push(await loadModules(slow, leaving.signal, backoff));
      return outcome;
    }""")
    assert found == ["here", 4, "SyntaxError", None, 4, None]


def test_the_dead_man_sends_zero_however_it_ends(page):
    found = page.evaluate("""async () => {
      const { DeadMan, axesOfKeys } = await import('/js/control/dead-man.js');
      const log = {};
      const isZero = (commands) => commands.length === 2
        && commands.every(({ type, ...axes }) => Object.values(axes).every((value) => value === 0));
      const begin = () => {
        const man = new DeadMan();
        man.arm();
        man.hold();
        man.set({ y: 1, yaw: -7 });
        return man;
      };
      const idle = new DeadMan();
      idle.hold();
      log.idle = [idle.state, idle.tick().length, idle.release().length, idle.disarm().length];
      const steering = begin();
      log.sent = steering.tick();
      for (const end of ['release', 'disarm']) {
        const man = begin();
        const atOnce = man[end]();
        let repeats = 0;
        while (man.isBusy) repeats += isZero(man.tick()) ? 1 : 100;
        log[end] = [isZero(atOnce), repeats, man.state];
      }
      const lost = begin();
      lost.lose();
      let owed = 0;
      while (lost.isBusy) owed += isZero(lost.tick()) ? 1 : 100;
      log.lost = [owed, lost.state];
      const again = begin();
      again.release();
      again.hold();
      log.again = isZero(again.tick());
      log.keys = [axesOfKeys(['KeyW', 'KeyA', 'KeyD']), axesOfKeys(['ArrowLeft', 'KeyF', 'KeyX'])];
      return log;
    }""")
    assert found["idle"] == ["off", 0, 0, 0]
    assert found["sent"] == [{"type": "movement", "x": 0, "y": 1}, {"type": "rotation", "yaw": -1, "z": 0}]
    assert found["release"] == [True, 4, "armed"] and found["disarm"] == [True, 4, "off"]
    assert found["lost"] == [60, "off"]
    assert found["again"] is True
    assert found["keys"] == [{"x": 0, "y": 1, "yaw": 0, "z": 0}, {"x": 0, "y": 0, "yaw": -1, "z": -1}]


def test_alerts_say_what_is_wrong(page):
    keys = page.evaluate("""async () => {
      const { alertsOf, RecentCount } = await import('/js/alerts.js');
      const fine = {
        now: 10_000, online: true, name: 'drone', hadStream: true, skipped: 0, stream: { publisher_connected: true },
        slam: { state: 'tracking', heardAt: 9_900, wasTracking: true }, detection: null,
        storage: { free_bytes: 5e11, total_bytes: 1e12, minimum_free_bytes: 1e9 },
      };
      const keysOf = (change) => alertsOf({ ...fine, ...change }).map((alert) => alert.key);
      const disk = (free) => ({ storage: { ...fine.storage, free_bytes: free } });
      const count = new RecentCount(1000);
      const counts = [[5, 0], [9, 500], [9, 1600], [2, 1700], [4, 1800]].map(([total, now]) => count.add(total, now));
      return [
        keysOf({}), keysOf({ stream: null, ...disk(1.5e9) }), keysOf(disk(1e8)),
        keysOf({ slam: { ...fine.slam, state: 'lost' } }), keysOf({ slam: { ...fine.slam, heardAt: 0 } }),
        keysOf({ detection: { stream: 'drone', state: 'running', mode: 'grounded', method: 'fastestdet' } }),
        keysOf({ detection: { stream: 'drone', state: 'failed', problem: 'no model' } }), keysOf({ skipped: 40 }),
        keysOf({ online: false, stream: null }), counts,
      ];
    }""")
    assert keys == [
        [], ["stream", "disk"], ["disk-full"], ["slam"], ["slam-silent"], ["fallback"], ["detection"], ["skipped"], [],
        [0, 4, 0, 0, 2],
    ]


def test_paths_and_places(page):
    found = page.evaluate("""async () => {
      const { CameraPath, poseOf } = await import('/js/scene/path.js');
      const { metresFrom, placeOf, scaleBar } = await import('/js/geo.js');
      const path = new CameraPath(100);
      for (let at = 0; at < 1000; at += 1) path.add({ time: at, position: [at, 0, 0], isKey: at === 777 });
      const before = [path.steps.length, path.steps.some((step) => step.isKey), path.generation > 0];
      path.add({ time: 2000, position: [5, 5, 5], map: 1 });
      const steps = path.steps.length;
      path.prepend([{ time: 1, position: [0, 0, 0] }], 0);
      const foreign = path.steps.length;
      // The map becomes metric.
      const step = { time: 3000, position: [1, 2, 3], map: 1 };
      for (const isMetric of [true, false, false, true]) path.add({ ...step, isMetric });
      const origin = { latitude: 47, longitude: 8 };
      return {
        before, steps, foreign, metric: path.steps.length, worlds: path.world,
        bad: [poseOf({ pose: [[1, 2], [3]] }), poseOf({}), placeOf({ latitude: 91, longitude: 0 }), placeOf(null)],
        north: metresFrom(origin, { latitude: 47.001, longitude: 8 }),
        east: metresFrom(origin, { latitude: 47, longitude: 8.001 }),
        seam: metresFrom({ latitude: 0, longitude: 179.9999 }, { latitude: 0, longitude: -179.9999 })[0],
        bars: [0.7, 3, 49, 50, 999].map(scaleBar),
      };
    }""")
    count, has_key, thinned = found["before"]
    assert 50 <= count <= 100 and thinned and has_key
    assert found["steps"] == 1 and found["foreign"] == found["metric"] == 1 and found["worlds"] == 3
    assert found["bad"] == [None] * 4
    # WGS 84 at 47° north: 111.17 km and 76.06 km a degree (Snyder 1987, table 3, interpolated).
    assert abs(found["north"][1] - 111.17) < 0.05 and abs(found["east"][0] - 76.06) < 0.05
    assert abs(found["seam"] - 22.26) < 0.02
    assert found["bars"] == pytest.approx([0.5, 2, 20, 50, 500])


def test_the_map_shows_objects_as_the_server_sends_them(page):
    found = page.evaluate("""async () => {
      const { MapView } = await import('/js/map-view.js');
      const view = new MapView();
      view.element.style.height = '300px';
      document.getElementById('main').replaceChildren(view.element);
      const canvas = view.element.querySelector('canvas');
      const drawn = async () => {
        for (let at = 0; at < 3; at += 1) await new Promise((resolve) => requestAnimationFrame(resolve));
        return canvas.toDataURL();
      };
      view.add({ latitude: 47.5, longitude: 8.5, altitude: 400, accuracy: 3, heading: 90 });
      await drawn();
      const without = await drawn();
      const object = { id: 7, label: 'car', position: [1, 2, 3], metric: true };
      view.setObjects([object]);
      const nowhere = await drawn();
      view.setObjects([{ ...object, wgs84: { latitude: 47.5001, longitude: 8.5001, altitude: 400 } }]);
      return [without === nowhere, without === await drawn()];
    }""")
    assert found == [True, False]


def test_what_objects_were_identified_as_is_listed(page):
    page.evaluate("""async () => {
      const { identifiedPanel } = await import('/js/panels/identified.js');
      const feed = new EventTarget();
      const panel = identifiedPanel(feed);
      document.getElementById('main').replaceChildren(panel.element);
      window.identify = (identification) =>
        feed.dispatchEvent(new CustomEvent('identification', { detail: { identification } }));
      window.leave = panel.dispose;
    }""")

    def identify(*messages: dict | None) -> None:
        page.evaluate("(messages) => messages.forEach(window.identify)", messages)

    panel = page.locator("#identified")
    identify({"object_id": 1, "timestamp": 5, "results": {}}, {"object_id": None, "results": {"name": "a"}}, None)
    assert panel.is_hidden()
    identify(*({"object_id": each, "timestamp": 5, "results": {"name": "<b>van</b>"}} for each in range(45)))
    identify({"object_id": 7, "timestamp": 6, "results": {
        "google_lens": "https://shop.test/?a=b", "dimensions": "4.4 × 1.8 m", "other": "javascript:alert(1)", "no": 3}})
    assert panel.locator(".soft.number").inner_text() == "40 objects"
    heads = panel.locator("strong").all_inner_texts()
    assert heads[:3] == ["Object 7", "Object 44", "Object 43"] and heads[-1] == "Object 5" and len(heads) == 40
    first = panel.locator("li").first
    assert first.locator("dt").all_inner_texts() == ["google lens", "dimensions", "other"]
    assert first.locator("dd").all_inner_texts() == ["https://shop.test/?a=b", "4.4 × 1.8 m", "javascript:alert(1)"]
    assert [link.get_attribute("href") for link in panel.locator("a").all()] == ["https://shop.test/?a=b"]
    assert panel.locator("li").nth(1).locator("dd").inner_text() == "<b>van</b>"
    page.evaluate("window.leave()")
    identify({"object_id": 99, "timestamp": 7, "results": {"name": "late"}})
    assert "Object 99" not in panel.inner_text()


def test_replay_lines_wait_for_the_first_picture(page):
    found = page.evaluate("""async () => {
      const { Replay } = await import('/js/replay.js');
      const replay = new Replay();
      replay.take({ type: 'imu', time: 99.5, accelerometer: [0, 0, 9], gyroscope: [0, 0, 0] });
      replay.take({ type: 'start', time: 100 });
      replay.take({ type: 'pose', time: 101, position: [1, 0, 0], orientation: [0, 0, 0, 1] });
      replay.take({ type: 'pose', time: 100.5, position: [0, 0, 0], orientation: [0, 0, 0, 1] });
      replay.take({ type: 'objects', time: 100.5, objects: [{ id: 1, box: [0, 0, 1, 1] }] });
      replay.take({ type: 'world_objects', time: 100.25, objects: [{ id: 2, position: [1, 2, 3] }] });
      return [replay.places.map(({ time, objects }) => [time, objects[0].id]),
        replay.samples[0].time, replay.poses.map((pose) => pose.time), Replay.at(replay.poses, 0.7).time,
        Replay.at(replay.poses, 0.1), replay.results.at(500).kind];
    }""")
    assert found == [[[0.25, 2]], -0.5, [0.5, 1], 0.5, None, "exact"]
