#pragma once
// A load generator for relays: one publisher and many consumers in one thread over epoll, so that the load costs as
// little as possible beside the server that is measured.
#include <stddef.h>
#include <stdint.h>

// Where the stamp of a published unit lies: 16 characters of `seq`, 16 of the send time in ns (CLOCK_MONOTONIC), each
// character 0x40 | nibble, so that no start code can arise.
#define WS_LOAD_STAMP_BYTES 32

struct ws_load_unit {
  // A whole phone packet (protocol.md section 1).
  uint8_t *bytes;
  size_t length;
  // Offset of the stamp in `bytes`.
  size_t stamp_offset;
};

struct ws_load_config {
  uint16_t port;             // of the server on 127.0.0.1
  int server_pid;            // whose CPU time is measured
  const char *publish_path;  // path and query, or NULL: no publisher
  const char *consume_path;  // path and query
  int consumers;
  double frames_per_second;
  double seconds;
  // The units to send, round and round; the first one is a key frame.
  struct ws_load_unit *units;
  size_t unit_count;
};

#define WS_LOAD_BUCKETS 4096

struct ws_load_result {
  int connected;            // consumers whose handshake succeeded
  int closed_early;         // consumers that the server closed
  uint64_t units_sent;      // by the publisher
  uint64_t units_received;  // by all consumers together
  uint64_t units_expected;  // units_sent times consumers, less what was on its way at the end
  uint64_t units_missing;   // holes in the sequence numbers
  uint64_t bytes_received;
  double seconds;           // of measurement
  double cpu_seconds;       // that the server used during the measurement
  uint64_t latency_count;
  double latency_max_ms;
  // Log-linear histogram of latency: 64 linear buckets for each power of two of microseconds.
  uint64_t latency[WS_LOAD_BUCKETS];
  char error[256];
};

// Runs the load. Returns 0, or -1 with `error` set.
int ws_load_run(const struct ws_load_config *config, struct ws_load_result *result);

// The latency in ms that the fraction `quantile` of units did not exceed.
double ws_load_quantile(const struct ws_load_result *result, double quantile);

// Opens `count` consumers and leaves them open. Returns the number that were accepted; their descriptors are in `fds`.
int ws_load_open(uint16_t port, const char *path, int count, int *fds);
