#pragma once
// The files of Web/, embedded in the binary.
extern const int web_assets_version;
