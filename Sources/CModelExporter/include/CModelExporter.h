#pragma once

#include <stddef.h>

/// A file of ModelExporter/, embedded in the binary. Everything it points at lives as long as the process.
struct ws_exporter_file {
  /// below ModelExporter/, such as "worldsystem_models/forms.py".
  const char *path;
  const unsigned char *bytes;
  size_t length;
};

/// How many files are embedded.
int ws_exporter_file_count(void);

/// The file at `index`, from 0; NULL beyond the last.
const struct ws_exporter_file *ws_exporter_file(int index);
