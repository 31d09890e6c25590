/*
 * The two ends of the gateway's benchmark:
 *
 *	sip-load send FILE RATE SECONDS	sends the packets of FILE in turn, RATE a second, and prints how many
 *	sip-load count PORT		counts datagrams until SIGTERM, then prints a JSON object
 *
 * FILE is a row of packets, each: source address and destination address (4 bytes each, network order), source port
 * and destination port (2 bytes each, network order), length of the payload (4 bytes, host order), payload. All have
 * the source port of the first. Where a payload has "X-Stamp: " with 16 digits behind it, these become the time of
 * sending in hexadecimal nanoseconds, and the counter reads from them how long the packet took: both read one clock.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64
#define MARK "X-Stamp: "
#define DIGITS 16
/* Microseconds told apart; what takes longer counts as this. */
#define LONGEST 1000000

struct packet {
	struct sockaddr_in to;
	struct in_addr from;
	struct iovec payload;
	char *stamp;
};

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int open_socket(in_port_t port)
{
	const struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = port };
	const int size = 64 << 20, yes = 1;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 ||
	    bind(fd, (const struct sockaddr *)&any, sizeof(any)) < 0)
		fail("socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		fail("SO_RCVBUFFORCE");
	return fd;
}

/* Reads the packets of a file, which is mapped so that stamps can be written into it; returns how many. */
static size_t read_packets(const char *path, struct packet **packets, in_port_t *port)
{
	size_t count = 0, room = 0;
	struct stat status;
	char *at, *end;
	int fd = open(path, O_RDONLY);

	if (fd < 0 || fstat(fd, &status) < 0)
		fail(path);
	at = mmap(NULL, status.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED)
		fail(path);
	for (end = at + status.st_size; at < end;) {
		struct packet *p;
		uint32_t length;

		if (count == room) {
			room = room ? 2 * room : 1024;
			*packets = realloc(*packets, room * sizeof(**packets));
			if (!*packets)
				fail("realloc");
		}
		p = &(*packets)[count++];
		memset(p, 0, sizeof(*p));
		p->to.sin_family = AF_INET;
		memcpy(&p->from, at, 4);
		memcpy(&p->to.sin_addr, at + 4, 4);
		memcpy(port, at + 8, 2);
		memcpy(&p->to.sin_port, at + 10, 2);
		memcpy(&length, at + 12, 4);
		p->payload = (struct iovec){ at + 16, length };
		p->stamp = memmem(at + 16, length, MARK, strlen(MARK));
		if (p->stamp)
			p->stamp += strlen(MARK);
		at += 16 + length;
	}
	return count;
}

static void stamp(char *at)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t time = now();
	int i;

	for (i = DIGITS; i-- > 0; time >>= 4)
		at[i] = digits[time & 15];
}

static int send_packets(const char *path, double rate, double seconds)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(struct in_pktinfo))];
	} control[BATCH];
	struct mmsghdr batch[BATCH];
	struct packet *packets = NULL;
	uint64_t sent = 0, start, end;
	in_port_t port = 0;
	size_t count = read_packets(path, &packets, &port);
	int fd = open_socket(port), i;

	if (!count)
		return 1;
	start = now();
	end = start + (uint64_t)(seconds * 1e9);
	for (;;) {
		uint64_t at = now(), due;
		int ready;

		if (at >= end)
			break;
		due = (uint64_t)((at - start) * rate / 1e9);
		if (due <= sent) {
			const struct timespec nap = { 0, 50000 };

			nanosleep(&nap, NULL);
			continue;
		}
		ready = due - sent > BATCH ? BATCH : (int)(due - sent);
		for (i = 0; i < ready; i++) {
			struct packet *p = &packets[(sent + i) % count];
			struct in_pktinfo from = { .ipi_spec_dst = p->from };

			if (p->stamp)
				stamp(p->stamp);
			control[i].header = (struct cmsghdr){ CMSG_LEN(sizeof(from)), IPPROTO_IP, IP_PKTINFO };
			memcpy(CMSG_DATA(&control[i].header), &from, sizeof(from));
			batch[i].msg_hdr = (struct msghdr){ &p->to, sizeof(p->to), &p->payload, 1,
							    &control[i], sizeof(control[i]), 0 };
		}
		ready = sendmmsg(fd, batch, ready, 0);
		if (ready < 0 && errno != ENOBUFS && errno != ECONNREFUSED && errno != EPERM)
			fail("sendmmsg");
		/* What the kernel did not take counts as sent, and so as lost. */
		sent += ready < 1 ? 1 : ready;
	}
	printf("%llu\n", (unsigned long long)sent);
	return 0;
}

static uint64_t percentile(const uint32_t *took, uint64_t total, double share)
{
	uint64_t seen = 0, wanted = (uint64_t)(total * share);
	uint64_t us;

	for (us = 0; us < LONGEST; us++) {
		seen += took[us];
		if (seen > wanted)
			break;
	}
	return us;
}

static int count_packets(int port)
{
	static uint32_t took[LONGEST + 1];
	static char text[BATCH][2048];
	struct mmsghdr batch[BATCH];
	struct iovec part[BATCH];
	uint64_t received = 0, stamped = 0;
	struct sigaction action = { .sa_handler = stop };
	int fd = open_socket(htons(port)), i, got;

	sigaction(SIGTERM, &action, NULL);
	puts("ready");
	fflush(stdout);
	while (!stopped) {
		for (i = 0; i < BATCH; i++) {
			part[i] = (struct iovec){ text[i], sizeof(text[i]) - 1 };
			batch[i].msg_hdr = (struct msghdr){ .msg_iov = &part[i], .msg_iovlen = 1 };
		}
		got = recvmmsg(fd, batch, BATCH, MSG_WAITFORONE, NULL);
		if (got < 0 && errno != EINTR)
			fail("recvmmsg");
		for (i = 0; i < got; i++) {
			char *mark, *end = text[i] + batch[i].msg_len;
			uint64_t sent, us;

			*end = 0;
			received++;
			mark = strstr(text[i], MARK);
			if (!mark)
				continue;
			sent = strtoull(mark + strlen(MARK), NULL, 16);
			us = (now() - sent) / 1000;
			took[us > LONGEST ? LONGEST : us]++;
			stamped++;
		}
	}
	printf("{\"received\":%llu,\"p50\":%llu,\"p99\":%llu,\"p999\":%llu,\"longest\":%llu}\n",
	       (unsigned long long)received, (unsigned long long)percentile(took, stamped, 0.5),
	       (unsigned long long)percentile(took, stamped, 0.99),
	       (unsigned long long)percentile(took, stamped, 0.999),
	       (unsigned long long)percentile(took, stamped, stamped ? 1 - 0.5 / stamped : 0));
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "send"))
		return send_packets(argv[2], atof(argv[3]), atof(argv[4]));
	if (argc == 3 && !strcmp(argv[1], "count"))
		return count_packets(atoi(argv[2]));
	fprintf(stderr, "usage: sip-load send FILE RATE SECONDS | count PORT\n");
	return 2;
}
