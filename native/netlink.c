/*
 * One netlink socket: opened, closed, and what its requests, dumps and multicast groups have in common.
 */
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "netlink.h"

/*
 * Receive buffer to set aside for each request: a GET's answer is charged as a page and a bit, an ACK as less
 * than 1 KiB. An ACK that finds the buffer full is lost for good, so no send has more requests than fit.
 */
enum { BYTES_PER_REQUEST = 8 << 10 };

enum { ANSWER_TIMEOUT = 1000 };		/* ms */

static const napi_type_tag netlink_tag = { 0x5b0e7c1196f24ad8, 0xb3a8204de61f9c75 };

struct netlink *netlink_of(napi_env env, napi_value value)
{
	return (struct netlink *)nlsocket_of(env, value, &netlink_tag, "netlink", false);
}

/* The socket if it can carry a request now; NULL with an error thrown. */
struct netlink *netlink_idle(napi_env env, napi_value value)
{
	struct netlink *n = netlink_of(env, value);

	if (n && n->socket.watched) {
		throw_errno(env, EBUSY, "sendmsg", "the socket is subscribed; open another one for requests");
		return NULL;
	}
	if (n && n->dumping) {
		throw_errno(env, EBUSY, "sendmsg", "a dump is being read; read it to its end first");
		return NULL;
	}
	return n;
}

/* Waits for an answer that should be here already. Returns 0 or an errno. */
int netlink_await(const struct netlink *n)
{
	struct pollfd readable = { .fd = n->socket.fd, .events = POLLIN };
	int ready;

	do
		ready = poll(&readable, 1, ANSWER_TIMEOUT);
	while (ready < 0 && errno == EINTR);
	return ready < 0 ? errno : ready == 0 ? ETIMEDOUT : 0;
}

/* Returns 0 or an errno. */
int netlink_send(const struct netlink *n, uint8_t *data, size_t length)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	ssize_t sent;

	do
		sent = sendto(n->socket.fd, data, length, 0, (struct sockaddr *)&kernel, sizeof(kernel));
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? errno : 0;
}

/* Receives one datagram into the buffer. Returns its length, or -1 with errno. */
ssize_t netlink_receive(const struct netlink *n, uint8_t *data, size_t length, struct sockaddr_nl *sender)
{
	struct iovec part = { data, length };
	struct msghdr message = {
		.msg_name = sender,
		.msg_namelen = sizeof(*sender),
		.msg_iov = &part,
		.msg_iovlen = 1,
	};
	ssize_t got;

	do
		got = recvmsg(n->socket.fd, &message, MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	if (got >= 0 && message.msg_flags & MSG_TRUNC) {
		errno = EMSGSIZE;
		return -1;
	}
	return got;
}

static void prepare(struct netlink *n)
{
	static const int on = 1;
	socklen_t length = sizeof(int);
	int size = 0, fd = n->socket.fd, i;

	/* Short ACKs, where the kernel knows them. */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, &length) < 0)
		size = 0;
	n->most = size > BYTES_PER_REQUEST ? size / BYTES_PER_REQUEST : 1;
	if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &length) < 0)
		size = 0;
	/* netlink_sendmsg() refuses more than sk_sndbuf - 32. */
	n->send_limit = size > 32 ? size - 32 : 0;
	for (i = 0; i < ANSWERS; i++) {
		n->slots[i] = (struct iovec){ n->answers[i], sizeof(n->answers[i]) };
		n->datagrams[i].msg_hdr = (struct msghdr){
			.msg_name = &n->senders[i],
			.msg_namelen = sizeof(n->senders[i]),
			.msg_iov = &n->slots[i],
			.msg_iovlen = 1,
		};
	}
}

napi_value netlink_open(napi_env env, napi_callback_info info)
{
	enum { PROTOCOL, RECEIVE_BUFFER, ARGUMENTS };
	uint32_t protocol, receive_buffer;
	napi_value values[ARGUMENTS];
	struct netlink *n;

	if (!arguments(env, info, ARGUMENTS, values) ||
	    !value_u32(env, values[PROTOCOL], "protocol", MAX_LINKS - 1, &protocol) ||
	    !value_u32(env, values[RECEIVE_BUFFER], "receiveBufferBytes", INT32_MAX, &receive_buffer))
		return NULL;
	n = calloc(1, sizeof(*n));
	if (!n) {
		throw_errno(env, ENOMEM, "calloc", "no memory for a netlink socket");
		return NULL;
	}
	if (nlsocket_open(&n->socket, env, protocol, receive_buffer) < 0) {
		throw_errno(env, errno, "socket", "no netlink socket of protocol %u", protocol);
		free(n);
		return NULL;
	}
	prepare(n);
	return nlsocket_handle(&n->socket, &netlink_tag);
}

napi_value netlink_port(napi_env env, napi_callback_info info)
{
	napi_value handle, port;
	struct netlink *n;

	if (!arguments(env, info, 1, &handle))
		return NULL;
	n = netlink_of(env, handle);
	return n && ok(env, napi_create_uint32(env, n->socket.port, &port)) ? port : NULL;
}

napi_value netlink_close(napi_env env, napi_callback_info info)
{
	struct nlsocket *s;
	napi_value handle;

	if (!arguments(env, info, 1, &handle))
		return NULL;
	s = nlsocket_of(env, handle, &netlink_tag, "netlink", true);
	if (s)
		nlsocket_close(s);
	return NULL;
}
