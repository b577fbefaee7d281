#include "bus_load.h"
