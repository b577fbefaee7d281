#include "bus_load.h"

#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_tcp_socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

enum { CHANNEL = 1, FRAME_MAX = 131072, ERROR_BYTES = 256 };

static double seconds_of(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int fail(char *error, const char *what, const char *why) {
  snprintf(error, ERROR_BYTES, "%s: %s", what, why);
  return -1;
}

static int fail_status(char *error, const char *what, int status) {
  return fail(error, what, amqp_error_string2(status));
}

/// Whether the broker answered a call as hoped.
static int check(amqp_rpc_reply_t reply, char *error, const char *what) {
  switch (reply.reply_type) {
    case AMQP_RESPONSE_NORMAL:
      return 0;
    case AMQP_RESPONSE_LIBRARY_EXCEPTION:
      return fail_status(error, what, reply.library_error);
    case AMQP_RESPONSE_SERVER_EXCEPTION:
      if (reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD || reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD) {
        // Both begin with the code and the text.
        const amqp_channel_close_t *closed = reply.reply.decoded;
        snprintf(error, ERROR_BYTES, "%s: %d %.*s", what, closed->reply_code, (int)closed->reply_text.len,
                 (const char *)closed->reply_text.bytes);
        return -1;
      }
      return fail(error, what, "the broker refused");
    default:
      return fail(error, what, "the connection ended");
  }
}

static void disconnect(amqp_connection_state_t connection) {
  amqp_connection_close(connection, AMQP_REPLY_SUCCESS);
  amqp_destroy_connection(connection);
}

static amqp_connection_state_t connect_to(const ws_bus_load_config *config, char *error) {
  amqp_connection_state_t connection = amqp_new_connection();
  amqp_socket_t *socket = connection ? amqp_tcp_socket_new(connection) : NULL;
  if (!socket) {
    if (connection) amqp_destroy_connection(connection);
    fail(error, "connecting", "out of memory");
    return NULL;
  }
  struct timeval timeout = {.tv_sec = 10};
  int status = amqp_socket_open_noblock(socket, config->host, config->port, &timeout);
  if (status != AMQP_STATUS_OK) {
    fail_status(error, "connecting", status);
    amqp_destroy_connection(connection);
    return NULL;
  }
  int on = 1;
  setsockopt(amqp_socket_get_sockfd(socket), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (check(amqp_login(connection, config->virtual_host, 0, FRAME_MAX, 60, AMQP_SASL_METHOD_PLAIN, config->user,
                       config->password),
            error, "logging in") != 0) {
    amqp_destroy_connection(connection);
    return NULL;
  }
  amqp_channel_open(connection, CHANNEL);
  if (check(amqp_get_rpc_reply(connection), error, "opening a channel") != 0) {
    amqp_destroy_connection(connection);
    return NULL;
  }
  return connection;
}

int ws_bus_load_prepare(const ws_bus_load_config *config, const char *queue, char error[256]) {
  amqp_connection_state_t connection = connect_to(config, error);
  if (!connection) return -1;
  amqp_bytes_t exchange = amqp_cstring_bytes(config->exchange), name = amqp_cstring_bytes(queue);
  amqp_exchange_declare(connection, CHANNEL, exchange, amqp_cstring_bytes("fanout"), 0, 1, 0, 0, amqp_empty_table);
  int status = check(amqp_get_rpc_reply(connection), error, "declaring the exchange");
  if (status == 0) {
    amqp_queue_declare(connection, CHANNEL, name, 0, 1, 0, 0, amqp_empty_table);
    status = check(amqp_get_rpc_reply(connection), error, "declaring the queue");
  }
  if (status == 0) {
    amqp_queue_bind(connection, CHANNEL, name, exchange, amqp_empty_bytes, amqp_empty_table);
    status = check(amqp_get_rpc_reply(connection), error, "binding the queue");
  }
  if (status == 0) {
    amqp_queue_purge(connection, CHANNEL, name);
    status = check(amqp_get_rpc_reply(connection), error, "purging the queue");
  }
  disconnect(connection);
  return status;
}

int ws_bus_load_remove(const ws_bus_load_config *config, const char *queue, char error[256]) {
  amqp_connection_state_t connection = connect_to(config, error);
  if (!connection) return -1;
  amqp_queue_delete(connection, CHANNEL, amqp_cstring_bytes(queue), 0, 0);
  int status = check(amqp_get_rpc_reply(connection), error, "deleting the queue");
  if (status == 0) {
    amqp_exchange_delete(connection, CHANNEL, amqp_cstring_bytes(config->exchange), 0);
    status = check(amqp_get_rpc_reply(connection), error, "deleting the exchange");
  }
  disconnect(connection);
  return status;
}

int64_t ws_bus_load_count(const ws_bus_load_config *config, const char *queue, char error[256]) {
  amqp_connection_state_t connection = connect_to(config, error);
  if (!connection) return -1;
  amqp_queue_declare_ok_t *found =
      amqp_queue_declare(connection, CHANNEL, amqp_cstring_bytes(queue), 1, 1, 0, 0, amqp_empty_table);
  int64_t count = found ? (int64_t)found->message_count : -1;
  check(amqp_get_rpc_reply(connection), error, "asking for the queue");
  disconnect(connection);
  return count;
}

/// Takes one frame from the broker. With `timeout` of zero it takes what is there and does not wait.
/// Returns 1 when there was one, 0 when there was none in time, -1 when the connection is broken.
static int take_confirm(amqp_connection_state_t connection, const struct timeval *timeout, uint64_t *confirmed,
                        char *error) {
  amqp_frame_t frame;
  int status = amqp_simple_wait_frame_noblock(connection, &frame, timeout);
  if (status == AMQP_STATUS_TIMEOUT) return 0;
  if (status != AMQP_STATUS_OK) return fail_status(error, "waiting for confirms", status);
  if (frame.frame_type != AMQP_FRAME_METHOD) return 1;
  switch (frame.payload.method.id) {
    case AMQP_BASIC_ACK_METHOD: {
      const amqp_basic_ack_t *ack = frame.payload.method.decoded;
      // On one channel to one queue confirms come in order, single or for all up to a number.
      if (ack->delivery_tag > *confirmed) *confirmed = ack->delivery_tag;
      amqp_maybe_release_buffers(connection);
      return 1;
    }
    case AMQP_BASIC_NACK_METHOD:
      return fail(error, "publishing", "the broker refused a message");
    default:
      return fail(error, "publishing", "the broker closed the channel");
  }
}

static int publish_all(amqp_connection_state_t connection, const ws_bus_load_config *config,
                       ws_bus_load_result *result) {
  static const struct timeval at_once = {0}, patience = {.tv_sec = 30};
  char id[24];
  amqp_basic_properties_t properties = {
      ._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG,
      .content_type = amqp_cstring_bytes(config->content_type),
      .delivery_mode = AMQP_DELIVERY_PERSISTENT,
  };
  amqp_bytes_t exchange = amqp_cstring_bytes(config->exchange);
  amqp_bytes_t body = {.len = config->body_length, .bytes = (void *)config->body};
  for (uint64_t sent = 1; sent <= config->messages; sent++) {
    properties.message_id.len = (size_t)snprintf(id, sizeof id, "%llu", (unsigned long long)sent);
    properties.message_id.bytes = id;
    int status = amqp_basic_publish(connection, CHANNEL, exchange, amqp_empty_bytes, 0, 0, &properties, body);
    if (status != AMQP_STATUS_OK) return fail_status(result->error, "publishing", status);
    // A look at the socket costs a system call, so confirms are taken when a quarter of the window is out.
    if (sent % (config->window / 4 + 1) == 0) {
      int taken;
      while ((taken = take_confirm(connection, &at_once, &result->confirmed, result->error)) == 1) {
      }
      if (taken < 0) return -1;
    }
    while (sent - result->confirmed >= config->window) {
      int taken = take_confirm(connection, &patience, &result->confirmed, result->error);
      if (taken == 0) return fail(result->error, "publishing", "no confirm within 30 s");
      if (taken < 0) return -1;
    }
  }
  while (result->confirmed < config->messages) {
    int taken = take_confirm(connection, &patience, &result->confirmed, result->error);
    if (taken == 0) return fail(result->error, "publishing", "no confirm within 30 s");
    if (taken < 0) return -1;
  }
  return 0;
}

int ws_bus_load_publish(const ws_bus_load_config *config, ws_bus_load_result *result) {
  memset(result, 0, sizeof *result);
  amqp_connection_state_t connection = connect_to(config, result->error);
  if (!connection) return -1;
  amqp_confirm_select(connection, CHANNEL);
  int status = check(amqp_get_rpc_reply(connection), result->error, "asking for confirms");
  if (status == 0) {
    double started = seconds_of(CLOCK_MONOTONIC), cpu_started = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    status = publish_all(connection, config, result);
    result->seconds = seconds_of(CLOCK_MONOTONIC) - started;
    result->cpu_seconds = seconds_of(CLOCK_THREAD_CPUTIME_ID) - cpu_started;
  }
  disconnect(connection);
  return status;
}
