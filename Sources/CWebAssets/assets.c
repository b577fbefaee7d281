#include "CWebAssets.h"
const int web_assets_version = 1;
