// A bare fan-out over epoll: the least that a relay can do, to compare the real one with.
//
//   cc -O2 -o epoll-fanout epoll_fanout.c -lpthread && ./epoll-fanout PORT [THREADS]
//
// It takes one publisher (a request whose path starts with /ws/video) and any number of consumers, cuts the publisher's
// messages out of their WebSocket frames, strips the 21-byte packet header, and writes the rest, framed once, to every
// consumer with non-blocking sends; what does not fit waits in a list of shared units. No parsing of H.264, no group
// cache, no limits, no policies, no metrics. Consumers are spread over the threads.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define QUEUE 512

struct unit {
  atomic_int references;
  size_t length;
  uint8_t bytes[];
};

struct connection {
  int fd;
  enum { HANDSHAKE, CONSUMER, PUBLISHER } role;
  char head[4096];
  size_t head_length;
  struct unit *queue[QUEUE];
  unsigned first, count;
  size_t offset;
  uint8_t *input;
  size_t input_length, input_capacity;
};

struct worker {
  int epoll, wake;
  pthread_mutex_t lock;
  struct unit *mail[QUEUE];
  unsigned mail_count;
  struct connection *consumers[65536];
  int consumer_count;
};

static struct worker workers[16];
static int worker_count = 2;

static void release(struct unit *unit) {
  if (atomic_fetch_sub(&unit->references, 1) == 1) free(unit);
}

static void drop_consumer(struct worker *w, struct connection *c) {
  for (int i = 0; i < w->consumer_count; i++)
    if (w->consumers[i] == c) {
      w->consumers[i] = w->consumers[--w->consumer_count];
      break;
    }
  for (unsigned i = 0; i < c->count; i++) release(c->queue[(c->first + i) % QUEUE]);
  close(c->fd);
  free(c->input);
  free(c);
}

// Writes what waits. Returns -1 when the connection is gone.
static int flush(struct worker *w, struct connection *c) {
  while (c->count > 0) {
    struct unit *unit = c->queue[c->first];
    ssize_t n = send(c->fd, unit->bytes + c->offset, unit->length - c->offset, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0) {
      if (errno != EAGAIN) return -1;
      struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};
      epoll_ctl(w->epoll, EPOLL_CTL_MOD, c->fd, &event);
      return 0;
    }
    c->offset += (size_t)n;
    if (c->offset < unit->length) continue;
    c->offset = 0;
    c->first = (c->first + 1) % QUEUE;
    c->count--;
    release(unit);
  }
  return 0;
}

static void deliver(struct worker *w, struct unit *unit) {
  for (int i = w->consumer_count - 1; i >= 0; i--) {
    struct connection *c = w->consumers[i];
    if (c->count == QUEUE) continue;
    atomic_fetch_add(&unit->references, 1);
    c->queue[(c->first + c->count++) % QUEUE] = unit;
    if (c->count == 1 && flush(w, c) < 0) drop_consumer(w, c);
  }
}

static void broadcast(const uint8_t *payload, size_t length) {
  if (length <= 21 || (payload[4] != 3 && payload[4] != 4)) return;
  payload += 21;
  length -= 21;
  struct unit *unit = malloc(sizeof *unit + length + 10);
  size_t n = 2;
  unit->bytes[0] = 0x82;
  if (length < 126) {
    unit->bytes[1] = (uint8_t)length;
  } else if (length <= 0xFFFF) {
    unit->bytes[1] = 126;
    for (int i = 0; i < 2; i++) unit->bytes[n++] = (uint8_t)(length >> (8 - 8 * i));
  } else {
    unit->bytes[1] = 127;
    for (int i = 0; i < 8; i++) unit->bytes[n++] = (uint8_t)(length >> (56 - 8 * i));
  }
  memcpy(unit->bytes + n, payload, length);
  unit->length = n + length;
  atomic_init(&unit->references, worker_count);
  for (int i = 0; i < worker_count; i++) {
    struct worker *w = &workers[i];
    pthread_mutex_lock(&w->lock);
    if (w->mail_count < QUEUE) w->mail[w->mail_count++] = unit;
    pthread_mutex_unlock(&w->lock);
    uint64_t one = 1;
    if (write(w->wake, &one, sizeof one) < 0) perror("wake");
  }
}

// Cuts whole frames out of the publisher's input.
static void take_input(struct connection *c) {
  size_t at = 0;
  while (c->input_length - at >= 6) {
    uint8_t *frame = c->input + at;
    uint64_t length = frame[1] & 127;
    size_t header = 2;
    if (length == 126 || length == 127) {
      int extra = length == 126 ? 2 : 8;
      if (c->input_length - at < header + (size_t)extra + 4) break;
      length = 0;
      for (int i = 0; i < extra; i++) length = length << 8 | frame[header++];
    }
    uint8_t *mask = frame + header;
    header += 4;
    if (c->input_length - at < header + length) break;
    uint32_t key;
    memcpy(&key, mask, 4);
    if (key != 0)
      for (uint64_t i = 0; i < length; i++) frame[header + i] ^= mask[i & 3];
    if ((frame[0] & 15) == 2) broadcast(frame + header, length);
    at += header + length;
  }
  memmove(c->input, c->input + at, c->input_length - at);
  c->input_length -= at;
}

static int read_connection(struct worker *w, struct connection *c) {
  if (c->role == HANDSHAKE) {
    ssize_t n = recv(c->fd, c->head + c->head_length, sizeof c->head - 1 - c->head_length, MSG_DONTWAIT);
    if (n <= 0) return n < 0 && errno == EAGAIN ? 0 : -1;
    c->head_length += (size_t)n;
    c->head[c->head_length] = 0;
    if (!strstr(c->head, "\r\n\r\n")) return 0;
    static const char answer[] =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    if (send(c->fd, answer, sizeof answer - 1, MSG_NOSIGNAL) < 0) return -1;
    c->role = strncmp(c->head, "GET /ws/video", 13) == 0 ? PUBLISHER : CONSUMER;
    if (c->role == CONSUMER) w->consumers[w->consumer_count++] = c;
    return 0;
  }
  if (c->role == CONSUMER) {
    char scratch[512];
    ssize_t n = recv(c->fd, scratch, sizeof scratch, MSG_DONTWAIT);
    return n > 0 || (n < 0 && errno == EAGAIN) ? 0 : -1;
  }
  if (c->input_capacity - c->input_length < 65536) {
    c->input_capacity = c->input_capacity * 2 + 262144;
    c->input = realloc(c->input, c->input_capacity);
  }
  ssize_t n = recv(c->fd, c->input + c->input_length, c->input_capacity - c->input_length, MSG_DONTWAIT);
  if (n <= 0) return n < 0 && errno == EAGAIN ? 0 : -1;
  c->input_length += (size_t)n;
  take_input(c);
  return 0;
}

static void take_mail(struct worker *w) {
  uint64_t count;
  if (read(w->wake, &count, sizeof count) < 0 && errno != EAGAIN) perror("wake");
  struct unit *units[QUEUE];
  pthread_mutex_lock(&w->lock);
  unsigned n = w->mail_count;
  memcpy(units, w->mail, n * sizeof *units);
  w->mail_count = 0;
  pthread_mutex_unlock(&w->lock);
  for (unsigned i = 0; i < n; i++) {
    deliver(w, units[i]);
    release(units[i]);
  }
}

static void *work(void *argument) {
  struct worker *w = argument;
  struct epoll_event events[256];
  for (;;) {
    int n = epoll_wait(w->epoll, events, 256, -1);
    for (int i = 0; i < n; i++) {
      struct connection *c = events[i].data.ptr;
      if (!c) {
        take_mail(w);
        continue;
      }
      int status = 0;
      if (events[i].events & EPOLLOUT) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        epoll_ctl(w->epoll, EPOLL_CTL_MOD, c->fd, &event);
        status = flush(w, c);
      }
      if (status == 0 && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) status = read_connection(w, c);
      if (status < 0) drop_consumer(w, c);
    }
  }
  return NULL;
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: epoll-fanout PORT [THREADS]\n");
    return 64;
  }
  if (argc > 2) worker_count = atoi(argv[2]);
  int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 1024) < 0) {
    perror("listen");
    return 69;
  }
  for (int i = 0; i < worker_count; i++) {
    struct worker *w = &workers[i];
    w->epoll = epoll_create1(0);
    w->wake = eventfd(0, EFD_NONBLOCK);
    pthread_mutex_init(&w->lock, NULL);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(w->epoll, EPOLL_CTL_ADD, w->wake, &event);
    pthread_t thread;
    pthread_create(&thread, NULL, work, w);
  }
  printf("listening\n");
  fflush(stdout);
  for (int next = 0;; next++) {
    int fd = accept(listener, NULL, NULL);
    if (fd < 0) continue;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct connection *c = calloc(1, sizeof *c);
    c->fd = fd;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(workers[next % worker_count].epoll, EPOLL_CTL_ADD, fd, &event);
  }
}
