#define _GNU_SOURCE
#include "CRelayLoad.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

struct consumer {
  int fd;
  uint64_t last_sequence;  // 0: none yet
  uint64_t remaining;      // payload bytes of the current frame still to come
  uint64_t position;       // payload bytes of the current frame seen
  uint8_t header[10];
  int header_length;
  uint8_t head[512];       // first bytes of the payload, where the stamp is
};

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static double cpu_seconds(int pid) {
  clockid_t clock;
  struct timespec t;
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0) return 0;
  return (double)t.tv_sec + t.tv_nsec / 1e9;
}

static void put_hex(uint8_t *out, uint64_t value) {
  for (int i = 0; i < 16; i++) out[i] = (uint8_t)(0x40 | ((value >> (60 - 4 * i)) & 15));
}

static uint64_t get_hex(const uint8_t *in) {
  uint64_t value = 0;
  for (int i = 0; i < 16; i++) value = value << 4 | (in[i] & 15);
  return value;
}

static int write_all(int fd, const void *bytes, size_t length) {
  const uint8_t *at = bytes;
  while (length > 0) {
    ssize_t n = send(fd, at, length, MSG_NOSIGNAL);
    if (n <= 0) return -1;
    at += n;
    length -= (size_t)n;
  }
  return 0;
}

// Connects and does the opening handshake, blocking. Returns the descriptor or -1.
static int open_socket(uint16_t port, const char *path) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct timeval timeout = {10, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  char request[512];
  int length = snprintf(request, sizeof request,
                        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
                        path, port);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0 || write_all(fd, request, (size_t)length) < 0) {
    close(fd);
    return -1;
  }
  // The head is read byte by byte, so that nothing of the first frame is taken with it.
  char head[2048];
  size_t n = 0;
  while (n + 1 < sizeof head) {
    if (recv(fd, head + n, 1, 0) != 1) break;
    n++;
    if (n >= 4 && memcmp(head + n - 4, "\r\n\r\n", 4) == 0) {
      head[n] = 0;
      if (strncmp(head, "HTTP/1.1 101", 12) == 0) return fd;
      break;
    }
  }
  close(fd);
  return -1;
}

int ws_load_open(uint16_t port, const char *path, int count, int *fds) {
  int opened = 0;
  for (int i = 0; i < count; i++) {
    fds[i] = open_socket(port, path);
    if (fds[i] >= 0) opened++;
  }
  return opened;
}

static void record(struct ws_load_result *result, uint64_t latency_ns) {
  uint64_t micros = latency_ns / 1000;
  int shift = 0;
  while ((micros >> shift) >= 64) shift++;
  uint64_t bucket = (uint64_t)shift * 64 + (micros >> shift);
  if (bucket >= WS_LOAD_BUCKETS) bucket = WS_LOAD_BUCKETS - 1;
  result->latency[bucket]++;
  result->latency_count++;
  if (latency_ns / 1e6 > result->latency_max_ms) result->latency_max_ms = latency_ns / 1e6;
}

double ws_load_quantile(const struct ws_load_result *result, double quantile) {
  uint64_t rank = (uint64_t)(quantile * (double)result->latency_count);
  uint64_t seen = 0;
  for (int bucket = 0; bucket < WS_LOAD_BUCKETS; bucket++) {
    seen += result->latency[bucket];
    if (seen > rank) return (double)((uint64_t)(bucket % 64 + 1) << (bucket / 64)) / 1000.0;
  }
  return result->latency_max_ms;
}

struct load {
  const struct ws_load_config *config;
  struct ws_load_result *result;
  size_t stamp_offset;  // in what consumers receive
  uint64_t measure_from;
};

// A whole frame has been seen.
static void finish_frame(struct load *load, struct consumer *c, uint64_t at) {
  // A frame without a stamp carries parameter sets or is a ping.
  if (c->position < load->stamp_offset + WS_LOAD_STAMP_BYTES || (c->header[0] & 15) != 2) return;
  const uint8_t *stamp = c->head + load->stamp_offset;
  for (int i = 0; i < WS_LOAD_STAMP_BYTES; i++)
    if ((stamp[i] & 0xF0) != 0x40) return;
  uint64_t sequence = get_hex(stamp), sent = get_hex(stamp + 16);
  if (c->last_sequence != 0 && sequence != c->last_sequence + 1)
    load->result->units_missing += sequence - c->last_sequence - 1;
  c->last_sequence = sequence;
  load->result->units_received++;
  if (sent >= load->measure_from) record(load->result, at - sent);
}

static void consume(struct load *load, struct consumer *c, const uint8_t *bytes, size_t length, uint64_t at) {
  while (length > 0) {
    if (c->remaining == 0 && (c->header_length < 2 || c->position == UINT64_MAX)) {
      c->header[c->header_length++] = *bytes++;
      length--;
      if (c->header_length == 1) c->position = UINT64_MAX;
      int need = 2;
      if (c->header_length >= 2) need = (c->header[1] & 127) == 126 ? 4 : (c->header[1] & 127) == 127 ? 10 : 2;
      if (c->header_length < need || c->header_length < 2) continue;
      uint64_t payload = c->header[1] & 127;
      if (need > 2) {
        payload = 0;
        for (int i = 2; i < need; i++) payload = payload << 8 | c->header[i];
      }
      c->remaining = payload;
      c->position = 0;
      if (payload == 0) c->header_length = 0;
      continue;
    }
    size_t take = length < c->remaining ? length : (size_t)c->remaining;
    if (c->position < sizeof c->head) {
      size_t keep = sizeof c->head - (size_t)c->position;
      memcpy(c->head + c->position, bytes, keep < take ? keep : take);
    }
    c->position += take;
    c->remaining -= take;
    bytes += take;
    length -= take;
    if (c->remaining == 0) {
      finish_frame(load, c, at);
      c->header_length = 0;
    }
  }
}

static int publish(struct load *load, int fd, uint64_t sequence) {
  struct ws_load_unit *unit = &load->config->units[(sequence - 1) % load->config->unit_count];
  put_hex(unit->bytes + unit->stamp_offset, sequence);
  uint64_t micros = now_ns() / 1000;
  for (int i = 0; i < 8; i++) unit->bytes[5 + i] = (uint8_t)(micros >> (56 - 8 * i));
  uint8_t header[14] = {0x82};
  size_t n = 2;
  // Masked with zero: RFC 6455 asks clients for a mask, and this one leaves the bytes as they are.
  if (unit->length < 126) {
    header[1] = (uint8_t)(0x80 | unit->length);
  } else if (unit->length <= 0xFFFF) {
    header[1] = 0x80 | 126;
    for (int i = 0; i < 2; i++) header[n++] = (uint8_t)(unit->length >> (8 - 8 * i));
  } else {
    header[1] = 0x80 | 127;
    for (int i = 0; i < 8; i++) header[n++] = (uint8_t)(unit->length >> (56 - 8 * i));
  }
  n += 4;
  put_hex(unit->bytes + unit->stamp_offset + 16, now_ns());
  if (write_all(fd, header, n) < 0) return -1;
  return write_all(fd, unit->bytes, unit->length);
}

static int fail(struct ws_load_result *result, const char *what) {
  snprintf(result->error, sizeof result->error, "%s: %s", what, strerror(errno));
  return -1;
}

static int run_loop(struct load *load, int epoll, int timer, int publisher, struct consumer *consumers) {
  const struct ws_load_config *config = load->config;
  struct ws_load_result *result = load->result;
  static __thread uint8_t buffer[1 << 18];
  uint64_t start = now_ns();
  uint64_t end = start + (uint64_t)(config->seconds * 1e9);
  // The first second is for caches and congestion windows to settle.
  load->measure_from = start + 1000000000ull;
  uint64_t last_sent = 0, bytes_at_start = 0;
  double cpu_at_start = 0;
  int measuring = 0, measured = 0;
  struct epoll_event events[512];
  for (;;) {
    uint64_t t = now_ns();
    if (!measuring && t >= load->measure_from) {
      measuring = 1;
      bytes_at_start = result->bytes_received;
      cpu_at_start = cpu_seconds(config->server_pid);
    }
    if (!measured && t >= end) {
      measured = 1;
      result->cpu_seconds = cpu_seconds(config->server_pid) - cpu_at_start;
    }
    // After the end a second more is given to what is on its way.
    if (t >= end + 1000000000ull) break;
    int n = epoll_wait(epoll, events, 512, 100);
    for (int i = 0; i < n; i++) {
      int index = events[i].data.fd;
      if (index == -1) {
        uint64_t ticks;
        if (read(timer, &ticks, sizeof ticks) != sizeof ticks || now_ns() >= end) continue;
        if (publish(load, publisher, ++last_sent) < 0) return fail(result, "publishing");
        continue;
      }
      struct consumer *c = &consumers[index];
      ssize_t got = recv(c->fd, buffer, sizeof buffer, MSG_DONTWAIT);
      uint64_t at = now_ns();
      if (got > 0) {
        if (at < end) result->bytes_received += (uint64_t)got;
        consume(load, c, buffer, (size_t)got, at);
      } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        epoll_ctl(epoll, EPOLL_CTL_DEL, c->fd, NULL);
        result->closed_early++;
      }
    }
  }
  result->seconds = (double)(end - load->measure_from) / 1e9;
  result->bytes_received -= bytes_at_start;
  result->units_sent = last_sent;
  result->units_expected = last_sent * (uint64_t)result->connected;
  return 0;
}

int ws_load_run(const struct ws_load_config *config, struct ws_load_result *result) {
  memset(result, 0, sizeof *result);
  struct load load = {config, result, 0, 0};
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  int publisher = -1;
  struct consumer *consumers = calloc((size_t)config->consumers + 1, sizeof *consumers);
  int status = -1;
  if (epoll < 0 || timer < 0 || !consumers) {
    fail(result, "setting up");
    goto done;
  }
  // Consumers get what follows the 21-byte packet header.
  load.stamp_offset = config->units[0].stamp_offset - 21;
  for (int i = 0; i < config->consumers; i++) {
    consumers[i].fd = open_socket(config->port, config->consume_path);
    if (consumers[i].fd < 0) continue;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = i};
    epoll_ctl(epoll, EPOLL_CTL_ADD, consumers[i].fd, &event);
    result->connected++;
  }
  publisher = open_socket(config->port, config->publish_path);
  if (publisher < 0) {
    fail(result, "connecting the publisher");
    goto done;
  }
  static const char text[] = "{\"type\":\"video_config\",\"format\":\"h264\",\"aligned\":\"au\"}";
  uint8_t header[6] = {0x81, (uint8_t)(0x80 | (sizeof text - 1))};
  write_all(publisher, header, 6);
  write_all(publisher, text, sizeof text - 1);
  struct epoll_event tick = {.events = EPOLLIN, .data.fd = -1};
  epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &tick);
  long interval = (long)(1e9 / config->frames_per_second);
  struct itimerspec spec = {{interval / 1000000000, interval % 1000000000}, {0, 1000000}};
  timerfd_settime(timer, 0, &spec, NULL);
  status = run_loop(&load, epoll, timer, publisher, consumers);
done:
  if (consumers)
    for (int i = 0; i < config->consumers; i++)
      if (consumers[i].fd > 0) close(consumers[i].fd);
  free(consumers);
  if (publisher >= 0) close(publisher);
  if (timer >= 0) close(timer);
  if (epoll >= 0) close(epoll);
  return status;
}
