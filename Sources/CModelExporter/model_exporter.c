// The files of ModelExporter/. A new file is one entry in `ws_exporter_file`; a unit test finds a forgotten one.

#include "CModelExporter.h"

// #embed is C23, and clang has it in every dialect.
#pragma clang diagnostic ignored "-Wc23-extensions"

// An entry is a case that returns a static record; __COUNTER__ numbers the cases and, at the end, counts them.
#define FILE case __COUNTER__: { static const unsigned char bytes[] = {
#define AT(path) }; static const struct ws_exporter_file file = {path, bytes, sizeof bytes}; return &file; }

// clang-format off
const struct ws_exporter_file *ws_exporter_file(int index) {
  switch (index) {
    FILE
#embed "../../ModelExporter/catalogue.json"
    AT("catalogue.json")

    FILE
#embed "../../ModelExporter/requirements.txt"
    AT("requirements.txt")

    FILE
#embed "../../ModelExporter/worldsystem_models/__init__.py"
    AT("worldsystem_models/__init__.py")

    FILE
#embed "../../ModelExporter/worldsystem_models/__main__.py"
    AT("worldsystem_models/__main__.py")

    FILE
#embed "../../ModelExporter/worldsystem_models/checkpoints.py"
    AT("worldsystem_models/checkpoints.py")

    FILE
#embed "../../ModelExporter/worldsystem_models/detection.py"
    AT("worldsystem_models/detection.py")

    FILE
#embed "../../ModelExporter/worldsystem_models/environment.py"
    AT("worldsystem_models/environment.py")

    FILE
#embed "../../ModelExporter/worldsystem_models/forms.py"
    AT("worldsystem_models/forms.py")

    FILE
#embed "../../ModelExporter/worldsystem_models/graphs.py"
    AT("worldsystem_models/graphs.py")

    FILE
#embed "../../ModelExporter/worldsystem_models/manifest.py"
    AT("worldsystem_models/manifest.py")

    FILE
#embed "../../ModelExporter/worldsystem_models/memory_attention.py"
    AT("worldsystem_models/memory_attention.py")

    FILE
#embed "../../ModelExporter/worldsystem_models/official.py"
    AT("worldsystem_models/official.py")

    FILE
#embed "../../ModelExporter/worldsystem_models/parity.py"
    AT("worldsystem_models/parity.py")

    FILE
#embed "../../ModelExporter/worldsystem_models/preparation.py"
    AT("worldsystem_models/preparation.py")

    FILE
#embed "../../ModelExporter/worldsystem_models/progress.py"
    AT("worldsystem_models/progress.py")

    FILE
#embed "../../ModelExporter/worldsystem_models/segmentation.py"
    AT("worldsystem_models/segmentation.py")

    FILE
#embed "../../ModelExporter/worldsystem_models/suites.py"
    AT("worldsystem_models/suites.py")

    FILE
#embed "../../ModelExporter/worldsystem_models/tiny.py"
    AT("worldsystem_models/tiny.py")

    FILE
#embed "../../ModelExporter/worldsystem_models/triton.py"
    AT("worldsystem_models/triton.py")
  }
  return NULL;
}
// clang-format on

int ws_exporter_file_count(void) { return __COUNTER__; }
