/*
 * One netlink socket: request batches with their ACKs, dumps, multicast groups. Requests are worked off
 * inside sendmsg(), so their answers are there when it returns; every wait below is for an answer that was
 * lost.
 */
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <linux/filter.h>

#include "addon.h"

/* Answers read in one recvmmsg(): 16 of at most 16 KiB; the kernel makes single answers of at most 8 KiB. */
enum { ANSWERS = 16, ANSWER_BYTES = 16 << 10 };

/*
 * Receive buffer to set aside for each request: a GET's answer is charged as a page and a bit, an ACK as less
 * than 1 KiB. An ACK that finds the buffer full is lost for good, so no send has more requests than fit.
 */
enum { BYTES_PER_REQUEST = 8 << 10 };

/* The largest datagram of a dump, and so what netlink_dump_next() needs (netlink_dump, af_netlink.c). */
enum { DUMP_BYTES = 32 << 10 };

/* Room an event must find in the subscriber's buffer; the kernel makes them of at most 8 KiB. */
enum { EVENT_BYTES = 8 << 10 };

/* Buffers handed to the subscriber in one turn of the event loop before others have theirs. */
enum { BUFFERS_PER_WAKE_UP = 16 };

enum { ANSWER_TIMEOUT = 1000 };		/* ms */

/* Marks in `errnos` while a chunk of requests is under way. */
enum { UNANSWERED = INT32_MIN, ANSWER_DID_NOT_FIT = INT32_MIN + 1 };

static const napi_type_tag netlink_tag = { 0x5b0e7c1196f24ad8, 0xb3a8204de61f9c75 };

struct netlink {
	struct nlsocket socket;		/* first: nlsocket_release() frees the whole */
	uint32_t sequence;		/* last one given */
	size_t send_limit;		/* bytes one send may carry */
	uint32_t most;			/* requests one send may carry */

	bool dumping, interrupted;	/* a dump is being read; one of its messages had NLM_F_DUMP_INTR */

	struct span events;		/* the subscriber's buffer */

	struct mmsghdr datagrams[ANSWERS];
	struct iovec slots[ANSWERS];
	struct sockaddr_nl senders[ANSWERS];
	uint8_t answers[ANSWERS][ANSWER_BYTES];
};

/* Requests under way, and where their answers go. */
struct exchange {
	int32_t *errnos;		/* of this send's requests */
	uint32_t first, count, open;	/* first sequence number; requests; those without an ACK */
	struct span replies;
	size_t used;
};

static struct netlink *netlink_of(napi_env env, napi_value value)
{
	return (struct netlink *)nlsocket_of(env, value, &netlink_tag, "netlink", false);
}

/* The socket if it can carry a request now; NULL with an error thrown. */
static struct netlink *netlink_idle(napi_env env, napi_value value)
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

static void write_header(uint8_t *at, const struct nlmsghdr *header)
{
	memcpy(at, header, sizeof(*header));
}

/* Waits for an answer that should be here already. Returns 0 or an errno. */
static int await_answer(const struct netlink *n)
{
	struct pollfd readable = { .fd = n->socket.fd, .events = POLLIN };
	int ready;

	do
		ready = poll(&readable, 1, ANSWER_TIMEOUT);
	while (ready < 0 && errno == EINTR);
	return ready < 0 ? errno : ready == 0 ? ETIMEDOUT : 0;
}

/* Returns 0 or an errno. */
static int send_bytes(const struct netlink *n, uint8_t *data, size_t length)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	ssize_t sent;

	do
		sent = sendto(n->socket.fd, data, length, 0, (struct sockaddr *)&kernel, sizeof(kernel));
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? errno : 0;
}

/* ---- requests ---- */

/* One message of an answer: an ACK fills its request's errno, all else is appended to the replies. */
static void take_message(struct exchange *x, const struct nlmsghdr *header, const uint8_t *message,
			 size_t received)
{
	uint32_t index = header->nlmsg_seq - x->first;
	int32_t *slot;

	/* An answer to an earlier exchange that had given up waiting for it. */
	if (index >= x->count || header->nlmsg_type < NLMSG_ERROR)
		return;
	slot = &x->errnos[index];
	if (header->nlmsg_type == NLMSG_ERROR) {
		int32_t error = read_errno(message + NLMSG_HDRLEN);

		if (*slot != UNANSWERED && *slot != ANSWER_DID_NOT_FIT)
			return;
		*slot = error == 0 && *slot == ANSWER_DID_NOT_FIT ? ENOBUFS : error;
		x->open--;
		return;
	}
	if (received < header->nlmsg_len || NLMSG_ALIGN(header->nlmsg_len) > x->replies.length - x->used) {
		if (*slot == UNANSWERED)
			*slot = ANSWER_DID_NOT_FIT;
		return;
	}
	memset(x->replies.data + x->used, 0, NLMSG_ALIGN(header->nlmsg_len));
	memcpy(x->replies.data + x->used, message, header->nlmsg_len);
	x->used += NLMSG_ALIGN(header->nlmsg_len);
}

static void take_datagram(struct exchange *x, const uint8_t *at, size_t length)
{
	while (length >= NLMSG_HDRLEN) {
		struct nlmsghdr header = read_header(at);
		size_t step = NLMSG_ALIGN((size_t)header.nlmsg_len);

		if (header.nlmsg_len < NLMSG_HDRLEN)
			return;
		/* Of a truncated message the header still tells whose answer did not fit. */
		if (header.nlmsg_type != NLMSG_ERROR ||
		    (header.nlmsg_len >= NLMSG_HDRLEN + sizeof(int) && header.nlmsg_len <= length))
			take_message(x, &header, at, length);
		if (step >= length)
			return;
		at += step;
		length -= step;
	}
}

/*
 * Reads answers until each request of the exchange has its ACK. Whatever ends it, no errno is left open: what
 * has no answer gets ETIMEDOUT, or ENOBUFS if the kernel says that it had to throw answers away.
 */
static void read_answers(struct netlink *n, struct exchange *x)
{
	int reason = 0, got, i;
	bool lost = false;
	uint32_t j;

	while (x->open > 0 && !reason) {
		for (i = 0; i < ANSWERS; i++)
			n->datagrams[i].msg_hdr.msg_namelen = sizeof(n->senders[i]);
		got = recvmmsg(n->socket.fd, n->datagrams, ANSWERS, MSG_DONTWAIT, NULL);
		if (got < 0 && errno == EAGAIN)
			reason = lost ? ENOBUFS : await_answer(n);
		else if (got < 0 && errno == ENOBUFS)
			lost = true;
		else if (got < 0 && errno != EINTR)
			reason = errno;
		for (i = 0; i < got; i++)
			if (n->senders[i].nl_pid == 0)
				take_datagram(x, n->answers[i], n->datagrams[i].msg_len);
	}
	for (j = 0; j < x->count && x->open > 0; j++) {
		if (x->errnos[j] == UNANSWERED || x->errnos[j] == ANSWER_DID_NOT_FIT) {
			x->errnos[j] = reason;
			x->open--;
		}
	}
}

/*
 * Counts the messages in `length` bytes. Returns 0 if they are not whole messages one behind the other, with
 * an error thrown.
 */
static uint32_t count_messages(napi_env env, const struct netlink *n, const uint8_t *data, size_t length)
{
	uint32_t count = 0;
	size_t at = 0;

	while (at < length) {
		uint32_t size = length - at < NLMSG_HDRLEN ? 0 : read_u32(data + at);

		if (size < NLMSG_HDRLEN || size > length - at) {
			throw_range(env, "ERR_INVALID_MESSAGE",
				    "requests: message %u at byte %zu gives its length as %u, "
				    "and %zu bytes are left", count, at, size, length - at);
			return 0;
		}
		if (size > n->send_limit) {
			throw_range(env, "ERR_INVALID_MESSAGE",
				    "requests: message %u has %u bytes, the socket sends at most %zu",
				    count, size, n->send_limit);
			return 0;
		}
		count++;
		at += NLMSG_ALIGN((size_t)size) < length - at ? NLMSG_ALIGN((size_t)size) : length - at;
	}
	return count;
}

/* Numbers and sends as many of the messages as one send may carry; returns the bytes they take. */
static size_t send_some(struct netlink *n, struct exchange *x, uint8_t *data, size_t length)
{
	size_t at = 0;
	uint32_t i;
	int error;

	x->first = n->sequence + 1;
	x->count = 0;
	while (at < length && x->count < n->most) {
		struct nlmsghdr header = read_header(data + at);
		size_t step = NLMSG_ALIGN((size_t)header.nlmsg_len);

		if (step > length - at)
			step = length - at;
		if (x->count > 0 && at + step > n->send_limit)
			break;
		header.nlmsg_seq = ++n->sequence;
		header.nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
		write_header(data + at, &header);
		x->errnos[x->count++] = UNANSWERED;
		at += step;
	}
	error = send_bytes(n, data, at);
	x->open = error ? 0 : x->count;
	for (i = 0; error && i < x->count; i++)
		x->errnos[i] = error;
	return at;
}

napi_value netlink_request(napi_env env, napi_callback_info info)
{
	enum { SOCKET, REQUESTS, LENGTH, ERRNOS, REPLIES, ARGUMENTS };
	struct span requests, errnos;
	struct exchange x = { 0 };
	napi_value values[ARGUMENTS], used;
	uint32_t length, count;
	struct netlink *n;
	size_t at;

	if (!arguments(env, info, ARGUMENTS, values))
		return NULL;
	n = netlink_idle(env, values[SOCKET]);
	if (!n || !value_span(env, values[REQUESTS], "requests", napi_uint8_array, 0, &requests) ||
	    !value_u32(env, values[LENGTH], "length", requests.length, &length) ||
	    !value_span(env, values[ERRNOS], "errnos", napi_int32_array, 0, &errnos) ||
	    !value_span(env, values[REPLIES], "replies", napi_uint8_array, 0, &x.replies))
		return NULL;
	count = count_messages(env, n, requests.data, length);
	if (length > 0 && count == 0)
		return NULL;
	if (count > errnos.length / sizeof(int32_t)) {
		throw_range(env, "ERR_OUT_OF_RANGE", "errnos has %zu elements for %u requests",
			    errnos.length / sizeof(int32_t), count);
		return NULL;
	}
	x.errnos = (int32_t *)errnos.data;
	for (at = 0; at < length; x.errnos += x.count) {
		at += send_some(n, &x, requests.data + at, length - at);
		read_answers(n, &x);
	}
	return ok(env, napi_create_uint32(env, x.used, &used)) ? used : NULL;
}

/* ---- dumps ---- */

napi_value netlink_dump(napi_env env, napi_callback_info info)
{
	enum { SOCKET, REQUEST, ARGUMENTS };
	napi_value values[ARGUMENTS];
	struct nlmsghdr header;
	struct span request;
	struct netlink *n;
	int error;

	if (!arguments(env, info, ARGUMENTS, values))
		return NULL;
	n = netlink_idle(env, values[SOCKET]);
	if (!n || !value_span(env, values[REQUEST], "request", napi_uint8_array, NLMSG_HDRLEN, &request))
		return NULL;
	header = read_header(request.data);
	if (header.nlmsg_len != request.length) {
		throw_range(env, "ERR_INVALID_MESSAGE", "request: gives its length as %u, and has %zu bytes",
			    header.nlmsg_len, request.length);
		return NULL;
	}
	header.nlmsg_seq = ++n->sequence;
	header.nlmsg_flags |= NLM_F_REQUEST | NLM_F_DUMP;
	write_header(request.data, &header);
	error = send_bytes(n, request.data, request.length);
	if (error) {
		throw_errno(env, error, "sendto", "the dump request cannot be sent");
		return NULL;
	}
	n->dumping = true;
	n->interrupted = false;
	return NULL;
}

/* The answer to one datagram of a dump: bytes kept in the buffer, and whether it was the last. */
struct part {
	size_t kept;
	bool last;
	int error;
};

/* Keeps the dump's own messages, packed to the front of the datagram they came in. */
static struct part pack_dump(struct netlink *n, uint8_t *data, size_t length)
{
	struct part part = { 0 };
	size_t at = 0;

	while (length - at >= NLMSG_HDRLEN && !part.last) {
		struct nlmsghdr header = read_header(data + at);
		size_t step = NLMSG_ALIGN((size_t)header.nlmsg_len);

		if (header.nlmsg_len < NLMSG_HDRLEN || header.nlmsg_len > length - at) {
			part.error = EBADMSG;
			return part;
		}
		if (step > length - at)
			step = length - at;
		if (header.nlmsg_seq == n->sequence) {
			n->interrupted |= (header.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
			if (header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR) {
				part.last = true;
				if (header.nlmsg_len >= NLMSG_HDRLEN + sizeof(int))
					part.error = read_errno(data + at + NLMSG_HDRLEN);
			} else {
				memmove(data + part.kept, data + at, step);
				part.kept += step;
			}
		}
		at += step;
	}
	return part;
}

/* Receives one datagram into the buffer. Returns its length, or -1 with errno. */
static ssize_t receive(const struct netlink *n, uint8_t *data, size_t length, struct sockaddr_nl *sender)
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

napi_value netlink_dump_next(napi_env env, napi_callback_info info)
{
	enum { SOCKET, BUFFER, ARGUMENTS };
	napi_value values[ARGUMENTS], result;
	struct part part = { 0 };
	struct sockaddr_nl sender;
	struct span buffer;
	struct netlink *n;
	int32_t answer;

	if (!arguments(env, info, ARGUMENTS, values))
		return NULL;
	n = netlink_of(env, values[SOCKET]);
	if (!n || !value_span(env, values[BUFFER], "buffer", napi_uint8_array, DUMP_BYTES, &buffer))
		return NULL;
	while (n->dumping && part.kept == 0 && !part.error) {
		ssize_t got = receive(n, buffer.data, buffer.length, &sender);

		if (got < 0 && errno == EAGAIN)
			part.error = await_answer(n);
		else if (got < 0)
			part.error = errno;
		else if (sender.nl_pid == 0)
			part = pack_dump(n, buffer.data, got);
		if (part.last || part.error)
			n->dumping = false;
	}
	if (part.error) {
		throw_errno(env, part.error, "recvmsg", "the dump failed");
		return NULL;
	}
	/* Entries may share their datagram with the end; the interruption is told by the call after them. */
	answer = part.kept;
	if (part.kept == 0 && n->interrupted) {
		n->interrupted = false;
		answer = -1;
	}
	return ok(env, napi_create_int32(env, answer, &result)) ? result : NULL;
}

/* ---- multicast groups ---- */

/* Hands on what is in the buffer. Returns false if the subscriber threw or closed: stop for this time. */
static bool deliver(struct netlink *n, int32_t length)
{
	if (nlsocket_call(&n->socket, length))
		return !n->socket.close_wanted;
	nlsocket_report(&n->socket);
	return false;
}

/* Fills the buffer once and hands it on. Returns false when there is no reason to read on. */
static bool read_events(struct netlink *n)
{
	struct sockaddr_nl sender;
	size_t used = 0;
	int error = 0;

	while (!error && n->events.length - used >= EVENT_BYTES) {
		ssize_t got = receive(n, n->events.data + used, n->events.length - used, &sender);

		if (got < 0)
			error = errno;
		else if (sender.nl_pid == 0)
			used += NLMSG_ALIGN((size_t)got);
	}
	if (used > n->events.length)
		used = n->events.length;
	if (used > 0 && !deliver(n, used))
		return false;
	switch (error) {
	case 0:
		return true;
	case EAGAIN:
		return false;
	case ENOBUFS:	/* The kernel threw events away, */
	case EMSGSIZE:	/* or we did: the same for the subscriber. */
		return deliver(n, -1);
	default:
		nlsocket_fail(&n->socket, error, "recvmsg");
		return false;
	}
}

static void on_readable(struct nlsocket *s)
{
	int buffers = 0;

	while (read_events((struct netlink *)s) && ++buffers < BUFFERS_PER_WAKE_UP)
		;
}

napi_value netlink_subscribe(napi_env env, napi_callback_info info)
{
	enum { SOCKET, GROUPS, BUFFER, ON_MESSAGES, ARGUMENTS };
	napi_value values[ARGUMENTS];
	struct span groups, buffer;
	struct netlink *n;
	size_t i;

	if (!arguments(env, info, ARGUMENTS, values))
		return NULL;
	n = netlink_idle(env, values[SOCKET]);
	if (!n || !value_span(env, values[GROUPS], "groups", napi_uint32_array, 0, &groups) ||
	    !value_span(env, values[BUFFER], "buffer", napi_uint8_array, EVENT_BYTES, &buffer) ||
	    !value_function(env, values[ON_MESSAGES], "onMessages"))
		return NULL;
	n->events = buffer;
	for (i = 0; i < groups.length / sizeof(uint32_t); i++) {
		const uint32_t group = ((uint32_t *)groups.data)[i];

		if (setsockopt(n->socket.fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
			       sizeof(group)) < 0) {
			throw_errno(env, errno, "NETLINK_ADD_MEMBERSHIP", "multicast group %u", group);
			return NULL;
		}
	}
	(void)nlsocket_watch(&n->socket, values[SOCKET], "sipexpectd.netlink", values[ON_MESSAGES],
			     &values[BUFFER], 1, on_readable);
	return NULL;
}

napi_value netlink_filter(napi_env env, napi_callback_info info)
{
	enum { SOCKET, PROGRAM, ARGUMENTS };
	struct sock_filter instructions[BPF_MAXINSNS];
	napi_value values[ARGUMENTS];
	struct sock_fprog filter;
	struct span program;
	struct netlink *n;

	if (!arguments(env, info, ARGUMENTS, values))
		return NULL;
	n = netlink_of(env, values[SOCKET]);
	if (!n || !value_span(env, values[PROGRAM], "program", napi_uint8_array, sizeof(instructions[0]),
			      &program))
		return NULL;
	if (program.length % sizeof(instructions[0]) || program.length > sizeof(instructions)) {
		throw_range(env, "ERR_OUT_OF_RANGE",
			    "program must have from 1 to %d instructions of 8 bytes, got %zu bytes",
			    BPF_MAXINSNS, program.length);
		return NULL;
	}
	memcpy(instructions, program.data, program.length);
	filter = (struct sock_fprog){ program.length / sizeof(instructions[0]), instructions };
	if (setsockopt(n->socket.fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) < 0)
		throw_errno(env, errno, "SO_ATTACH_FILTER", "the program was refused");
	return NULL;
}

/* ---- opening and closing ---- */

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
