// A publisher on bare librabbitmq, to compare with: a window of unconfirmed messages, as an expert would write it.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// What to publish.
typedef struct {
  const char *host;
  int port;
  const char *user;
  const char *password;
  const char *virtual_host;
  /// A fanout exchange that exists.
  const char *exchange;
  const char *content_type;
  const uint8_t *body;
  size_t body_length;
  uint64_t messages;
  /// Messages that may be unconfirmed at a time.
  uint64_t window;
} ws_bus_load_config;

/// What came of it.
typedef struct {
  /// From the first message to the last confirm.
  double seconds;
  /// Processor time of the calling thread meanwhile.
  double cpu_seconds;
  uint64_t confirmed;
  /// Empty unless it failed.
  char error[256];
} ws_bus_load_result;

/// Connects, publishes persistent messages with ids, and waits for all confirms. Blocks.
/// Returns 0, or -1 with `error` set.
int ws_bus_load_publish(const ws_bus_load_config *config, ws_bus_load_result *result);

/// Declares a durable fanout exchange and a durable queue bound to it, and purges the queue. Returns 0, or -1 with
/// `error` set.
int ws_bus_load_prepare(const ws_bus_load_config *config, const char *queue, char error[256]);

/// Deletes the queue and the exchange.
int ws_bus_load_remove(const ws_bus_load_config *config, const char *queue, char error[256]);

/// Asks for the number of messages in the queue. Returns -1 with `error` set.
int64_t ws_bus_load_count(const ws_bus_load_config *config, const char *queue, char error[256]);
