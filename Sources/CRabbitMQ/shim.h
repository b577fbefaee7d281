#pragma once
#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <sys/eventfd.h>
#include <sys/time.h>

// amqp_login_with_properties is variadic, which Swift cannot call.
static inline amqp_rpc_reply_t worldsystem_amqp_login(
    amqp_connection_state_t state, const char *vhost, int channel_max, int frame_max, int heartbeat,
    const amqp_table_t *properties, const char *user, const char *password) {
  return amqp_login_with_properties(
      state, vhost, channel_max, frame_max, heartbeat, properties, AMQP_SASL_METHOD_PLAIN, user, password);
}

// Numbers of methods: the library's macros are casts, which Swift does not import.
enum worldsystem_amqp_method {
  WORLDSYSTEM_AMQP_CONNECTION_CLOSE = 0x000A0032,
  WORLDSYSTEM_AMQP_CONNECTION_CLOSE_OK = 0x000A0033,
  WORLDSYSTEM_AMQP_CONNECTION_BLOCKED = 0x000A003C,
  WORLDSYSTEM_AMQP_CONNECTION_UNBLOCKED = 0x000A003D,
  WORLDSYSTEM_AMQP_CHANNEL_CLOSE = 0x00140028,
  WORLDSYSTEM_AMQP_CHANNEL_CLOSE_OK = 0x00140029,
  WORLDSYSTEM_AMQP_BASIC_CANCEL = 0x003C001E,
  WORLDSYSTEM_AMQP_BASIC_RETURN = 0x003C0032,
  WORLDSYSTEM_AMQP_BASIC_DELIVER = 0x003C003C,
  WORLDSYSTEM_AMQP_BASIC_ACK = 0x003C0050,
  WORLDSYSTEM_AMQP_BASIC_NACK = 0x003C0078,
};
_Static_assert(AMQP_CONNECTION_CLOSE_METHOD == WORLDSYSTEM_AMQP_CONNECTION_CLOSE, "connection.close");
_Static_assert(AMQP_CONNECTION_CLOSE_OK_METHOD == WORLDSYSTEM_AMQP_CONNECTION_CLOSE_OK, "connection.close-ok");
_Static_assert(AMQP_CONNECTION_BLOCKED_METHOD == WORLDSYSTEM_AMQP_CONNECTION_BLOCKED, "connection.blocked");
_Static_assert(AMQP_CONNECTION_UNBLOCKED_METHOD == WORLDSYSTEM_AMQP_CONNECTION_UNBLOCKED, "connection.unblocked");
_Static_assert(AMQP_CHANNEL_CLOSE_METHOD == WORLDSYSTEM_AMQP_CHANNEL_CLOSE, "channel.close");
_Static_assert(AMQP_CHANNEL_CLOSE_OK_METHOD == WORLDSYSTEM_AMQP_CHANNEL_CLOSE_OK, "channel.close-ok");
_Static_assert(AMQP_BASIC_CANCEL_METHOD == WORLDSYSTEM_AMQP_BASIC_CANCEL, "basic.cancel");
_Static_assert(AMQP_BASIC_RETURN_METHOD == WORLDSYSTEM_AMQP_BASIC_RETURN, "basic.return");
_Static_assert(AMQP_BASIC_DELIVER_METHOD == WORLDSYSTEM_AMQP_BASIC_DELIVER, "basic.deliver");
_Static_assert(AMQP_BASIC_ACK_METHOD == WORLDSYSTEM_AMQP_BASIC_ACK, "basic.ack");
_Static_assert(AMQP_BASIC_NACK_METHOD == WORLDSYSTEM_AMQP_BASIC_NACK, "basic.nack");
