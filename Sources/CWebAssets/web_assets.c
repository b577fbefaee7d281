// The files of Web/. A new file is one entry in `ws_web_asset`; `scripts/check-web-assets` finds a forgotten one.

#include "CWebAssets.h"

// #embed is C23, and clang has it in every dialect.
#pragma clang diagnostic ignored "-Wc23-extensions"

#define HTML "text/html; charset=utf-8"
#define CSS "text/css; charset=utf-8"
#define JS "text/javascript; charset=utf-8"
#define SVG "image/svg+xml"

// An entry is a case that returns a static record; __COUNTER__ numbers the cases and, at the end, counts them.
#define FILE case __COUNTER__: { static const unsigned char bytes[] = {
#define AT(path, type) }; static const struct ws_web_asset asset = {path, type, bytes, sizeof bytes}; return &asset; }

// clang-format off
const struct ws_web_asset *ws_web_asset(int index) {
  switch (index) {
    FILE
#embed "../../Web/index.html"
    AT("/index.html", HTML)

    FILE
#embed "../../Web/phone.html"
    AT("/phone.html", HTML)

    FILE
#embed "../../Web/favicon.svg"
    AT("/favicon.svg", SVG)

    FILE
#embed "../../Web/icons.svg"
    AT("/icons.svg", SVG)

    FILE
#embed "../../Web/css/base.css"
    AT("/css/base.css", CSS)

    FILE
#embed "../../Web/css/live.css"
    AT("/css/live.css", CSS)

    FILE
#embed "../../Web/css/panels.css"
    AT("/css/panels.css", CSS)

    FILE
#embed "../../Web/css/phone.css"
    AT("/css/phone.css", CSS)

    FILE
#embed "../../Web/css/recordings.css"
    AT("/css/recordings.css", CSS)

    FILE
#embed "../../Web/css/shell.css"
    AT("/css/shell.css", CSS)

    FILE
#embed "../../Web/css/theme.css"
    AT("/css/theme.css", CSS)

    FILE
#embed "../../Web/js/alerts.js"
    AT("/js/alerts.js", JS)

    FILE
#embed "../../Web/js/api.js"
    AT("/js/api.js", JS)

    FILE
#embed "../../Web/js/backoff.js"
    AT("/js/backoff.js", JS)

    FILE
#embed "../../Web/js/clock.js"
    AT("/js/clock.js", JS)

    FILE
#embed "../../Web/js/control/dead-man.js"
    AT("/js/control/dead-man.js", JS)

    FILE
#embed "../../Web/js/control/stick.js"
    AT("/js/control/stick.js", JS)

    FILE
#embed "../../Web/js/dom.js"
    AT("/js/dom.js", JS)

    FILE
#embed "../../Web/js/feed.js"
    AT("/js/feed.js", JS)

    FILE
#embed "../../Web/js/format.js"
    AT("/js/format.js", JS)

    FILE
#embed "../../Web/js/geo.js"
    AT("/js/geo.js", JS)

    FILE
#embed "../../Web/js/history.js"
    AT("/js/history.js", JS)

    FILE
#embed "../../Web/js/live-player.js"
    AT("/js/live-player.js", JS)

    FILE
#embed "../../Web/js/main.js"
    AT("/js/main.js", JS)

    FILE
#embed "../../Web/js/map-view.js"
    AT("/js/map-view.js", JS)

    FILE
#embed "../../Web/js/modules.js"
    AT("/js/modules.js", JS)

    FILE
#embed "../../Web/js/mse-player.js"
    AT("/js/mse-player.js", JS)

    FILE
#embed "../../Web/js/masks.js"
    AT("/js/masks.js", JS)

    FILE
#embed "../../Web/js/objects-layer.js"
    AT("/js/objects-layer.js", JS)

    FILE
#embed "../../Web/js/packets.js"
    AT("/js/packets.js", JS)

    FILE
#embed "../../Web/js/panels/alerts.js"
    AT("/js/panels/alerts.js", JS)

    FILE
#embed "../../Web/js/panels/connection.js"
    AT("/js/panels/connection.js", JS)

    FILE
#embed "../../Web/js/panels/control.js"
    AT("/js/panels/control.js", JS)

    FILE
#embed "../../Web/js/panels/detection.js"
    AT("/js/panels/detection.js", JS)

    FILE
#embed "../../Web/js/panels/extras.js"
    AT("/js/panels/extras.js", JS)

    FILE
#embed "../../Web/js/panels/identified.js"
    AT("/js/panels/identified.js", JS)

    FILE
#embed "../../Web/js/panels/live.js"
    AT("/js/panels/live.js", JS)

    FILE
#embed "../../Web/js/panels/map.js"
    AT("/js/panels/map.js", JS)

    FILE
#embed "../../Web/js/panels/motion.js"
    AT("/js/panels/motion.js", JS)

    FILE
#embed "../../Web/js/panels/phone-link.js"
    AT("/js/panels/phone-link.js", JS)

    FILE
#embed "../../Web/js/panels/recording.js"
    AT("/js/panels/recording.js", JS)

    FILE
#embed "../../Web/js/panels/recordings.js"
    AT("/js/panels/recordings.js", JS)

    FILE
#embed "../../Web/js/panels/replay.js"
    AT("/js/panels/replay.js", JS)

    FILE
#embed "../../Web/js/panels/scene.js"
    AT("/js/panels/scene.js", JS)

    FILE
#embed "../../Web/js/panels/sign-in.js"
    AT("/js/panels/sign-in.js", JS)

    FILE
#embed "../../Web/js/panels/stats.js"
    AT("/js/panels/stats.js", JS)

    FILE
#embed "../../Web/js/panels/streams.js"
    AT("/js/panels/streams.js", JS)

    FILE
#embed "../../Web/js/panels/tracking.js"
    AT("/js/panels/tracking.js", JS)

    FILE
#embed "../../Web/js/phone/camera.js"
    AT("/js/phone/camera.js", JS)

    FILE
#embed "../../Web/js/phone/encoder.js"
    AT("/js/phone/encoder.js", JS)

    FILE
#embed "../../Web/js/phone/main.js"
    AT("/js/phone/main.js", JS)

    FILE
#embed "../../Web/js/phone/packet-writer.js"
    AT("/js/phone/packet-writer.js", JS)

    FILE
#embed "../../Web/js/phone/send-queue.js"
    AT("/js/phone/send-queue.js", JS)

    FILE
#embed "../../Web/js/phone/sensors.js"
    AT("/js/phone/sensors.js", JS)

    FILE
#embed "../../Web/js/phone/time.js"
    AT("/js/phone/time.js", JS)

    FILE
#embed "../../Web/js/phone/uplink.js"
    AT("/js/phone/uplink.js", JS)

    FILE
#embed "../../Web/js/phone/video-sender.js"
    AT("/js/phone/video-sender.js", JS)

    FILE
#embed "../../Web/js/phone/wake-lock.js"
    AT("/js/phone/wake-lock.js", JS)

    FILE
#embed "../../Web/js/plot.js"
    AT("/js/plot.js", JS)

    FILE
#embed "../../Web/js/replay.js"
    AT("/js/replay.js", JS)

    FILE
#embed "../../Web/js/results.js"
    AT("/js/results.js", JS)

    FILE
#embed "../../Web/js/ring.js"
    AT("/js/ring.js", JS)

    FILE
#embed "../../Web/js/router.js"
    AT("/js/router.js", JS)

    FILE
#embed "../../Web/js/scene/gl-surface.js"
    AT("/js/scene/gl-surface.js", JS)

    FILE
#embed "../../Web/js/scene/matrices.js"
    AT("/js/scene/matrices.js", JS)

    FILE
#embed "../../Web/js/scene/orbit.js"
    AT("/js/scene/orbit.js", JS)

    FILE
#embed "../../Web/js/scene/path.js"
    AT("/js/scene/path.js", JS)

    FILE
#embed "../../Web/js/scene/ply.js"
    AT("/js/scene/ply.js", JS)

    FILE
#embed "../../Web/js/scene/point-budget.js"
    AT("/js/scene/point-budget.js", JS)

    FILE
#embed "../../Web/js/scene/raster.js"
    AT("/js/scene/raster.js", JS)

    FILE
#embed "../../Web/js/scene/renderer.js"
    AT("/js/scene/renderer.js", JS)

    FILE
#embed "../../Web/js/scene/scene-view.js"
    AT("/js/scene/scene-view.js", JS)

    FILE
#embed "../../Web/js/scene/shapes.js"
    AT("/js/scene/shapes.js", JS)

    FILE
#embed "../../Web/js/scene/software-surface.js"
    AT("/js/scene/software-surface.js", JS)

    FILE
#embed "../../Web/js/scene/software-worker.js"
    AT("/js/scene/software-worker.js", JS)

    FILE
#embed "../../Web/js/scene/vertices.js"
    AT("/js/scene/vertices.js", JS)

    FILE
#embed "../../Web/js/server-link.js"
    AT("/js/server-link.js", JS)

    FILE
#embed "../../Web/js/theme-early.js"
    AT("/js/theme-early.js", JS)

    FILE
#embed "../../Web/js/theme.js"
    AT("/js/theme.js", JS)

    FILE
#embed "../../Web/js/token.js"
    AT("/js/token.js", JS)

    FILE
#embed "../../Web/js/viewer-feed.js"
    AT("/js/viewer-feed.js", JS)

    FILE
#embed "../../Web/js/windows.js"
    AT("/js/windows.js", JS)

    default: return NULL;
  }
}

int ws_web_asset_count(void) { return __COUNTER__; }
