#pragma once

#include <stddef.h>

/// A file of Web/, embedded in the binary. Everything it points at lives as long as the process.
struct ws_web_asset {
  /// Where it is served, such as "/js/main.js".
  const char *path;
  /// Value of the Content-Type header.
  const char *content_type;
  const unsigned char *bytes;
  size_t length;
};

/// How many files are embedded.
int ws_web_asset_count(void);

/// The file at `index`, from 0; NULL beyond the last.
const struct ws_web_asset *ws_web_asset(int index);
