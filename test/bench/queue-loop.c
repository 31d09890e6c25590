/*
 * The two ends of the queue's benchmark that are not ours, as small as they can be:
 *
 *	queue-loop send PORT SECONDS		datagrams of 600 bytes to a loopback port, as fast as they go
 *	queue-loop accept|payload QUEUE SECONDS	reads the queue one packet at a time, accepts each, with
 *						`payload` replaced by itself; prints how many there were
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>

#define HEAD (NLMSG_HDRLEN + sizeof(struct nfgenmsg))

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static int send_datagrams(int port, double seconds)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = { htonl(INADDR_LOOPBACK) },
	};
	static char text[600];
	int fd = socket(AF_INET, SOCK_DGRAM, 0), i;
	double end = now() + seconds;

	while (now() < end)
		for (i = 0; i < 100; i++)
			sendto(fd, text, sizeof(text), 0, (struct sockaddr *)&to, sizeof(to));
	return 0;
}

static char *put(char *at, int type, const void *data, size_t length)
{
	const struct nlattr attribute = { NLA_HDRLEN + length, type };

	memcpy(at, &attribute, sizeof(attribute));
	memcpy(at + NLA_HDRLEN, data, length);
	return at + NLA_ALIGN(NLA_HDRLEN + length);
}

static void send_message(int fd, char *message, char *end, int type, int queue)
{
	const struct nlmsghdr header = { end - message, NFNL_SUBSYS_QUEUE << 8 | type, NLM_F_REQUEST, 0, 0 };
	const struct nfgenmsg family = { AF_UNSPEC, NFNETLINK_V0, htons(queue) };

	memcpy(message, &header, sizeof(header));
	memcpy(message + NLMSG_HDRLEN, &family, sizeof(family));
	if (send(fd, message, end - message, 0) < 0)
		exit((perror("send"), 1));
}

static int read_queue(int queue, double seconds, int replace)
{
	const struct nfqnl_msg_config_cmd bind_it = { .command = NFQNL_CFG_CMD_BIND };
	const struct nfqnl_msg_config_params copy = { htonl(0xffff), NFQNL_COPY_PACKET };
	/* More than sipexpectd has the kernel hold: a burst is not to be what limits it. */
	const uint32_t most = htonl(16384);
	const struct timeval patience = { 0, 100000 };
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	static char packet[70000], answer[70000];
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER), size = 16 << 20, on = 1;
	double end = now() + seconds;
	long count = 0;
	char *stop;

	bind(fd, (struct sockaddr *)&address, sizeof(address));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &on, sizeof(on));
	stop = put(answer + HEAD, NFQA_CFG_CMD, &bind_it, sizeof(bind_it));
	stop = put(stop, NFQA_CFG_PARAMS, &copy, sizeof(copy));
	stop = put(stop, NFQA_CFG_QUEUE_MAXLEN, &most, sizeof(most));
	send_message(fd, answer, stop, NFQNL_MSG_CONFIG, queue);
	while (now() < end) {
		ssize_t length = recv(fd, packet, sizeof(packet), 0), at;
		struct nfqnl_msg_verdict_hdr verdict = { .verdict = htonl(NF_ACCEPT) };
		const struct nlattr *payload = NULL;

		for (at = HEAD; at + NLA_HDRLEN <= length;) {
			const struct nlattr *attribute = (const struct nlattr *)(packet + at);

			if (attribute->nla_type == NFQA_PACKET_HDR)
				memcpy(&verdict.id, attribute + 1, sizeof(verdict.id));
			else if (attribute->nla_type == NFQA_PAYLOAD)
				payload = attribute;
			at += NLA_ALIGN(attribute->nla_len);
		}
		if (!payload)
			continue;
		stop = put(answer + HEAD, NFQA_VERDICT_HDR, &verdict, sizeof(verdict));
		if (replace)
			stop = put(stop, NFQA_PAYLOAD, payload + 1, payload->nla_len - NLA_HDRLEN);
		send_message(fd, answer, stop, NFQNL_MSG_VERDICT, queue);
		count++;
	}
	printf("%ld\n", count);
	return 0;
}

int main(int count, char **arguments)
{
	if (count != 4)
		return 2;
	if (!strcmp(arguments[1], "send"))
		return send_datagrams(atoi(arguments[2]), atof(arguments[3]));
	return read_queue(atoi(arguments[2]), atof(arguments[3]), !strcmp(arguments[1], "payload"));
}
