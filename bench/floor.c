/*
 * The C floor of the recording benchmark: N RTSP sessions on one thread, read(2) into one-megabyte buffers, pwrite(2) with O_DIRECT when
 * one is full, nothing parsed, nothing hashed. What no recorder can do with less.
 * usage: floor PORT MOUNTS SESSIONS FOLDER   (cameras are rtsp://127.0.0.1:PORT/cam0 ... with stream=0 and stream=1)
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 1 << 20 };
struct camera { int socket, file; char *block; size_t filled; off_t offset; time_t asked; char session[128], url[128]; int cseq; };

static void die(const char *what) { perror(what); exit(1); }

static void send_request(struct camera *c, const char *method, const char *suffix, const char *headers) {
  char text[1024], session[160] = "";
  if (c->session[0]) snprintf(session, sizeof session, "Session: %s\r\n", c->session);
  int n = snprintf(text, sizeof text, "%s %s%s RTSP/1.0\r\nCSeq: %d\r\n%s%s\r\n", method, c->url, suffix, ++c->cseq, session, headers);
  if (write(c->socket, text, n) != n) die("write");
}

static void read_response(struct camera *c) {
  char head[8192]; int n = 0;
  for (;;) {
    if (recv(c->socket, head + n, 1, 0) <= 0 || ++n == sizeof head - 1) die("response");
    head[n] = 0;
    if (n >= 4 && !memcmp(head + n - 4, "\r\n\r\n", 4)) break;
  }
  if (strncmp(head, "RTSP/1.0 200", 12)) { fprintf(stderr, "%s", head); exit(1); }
  char *s = strcasestr(head, "Session: ");
  if (s) sscanf(s + 9, "%127[^;\r]", c->session);
  char *l = strcasestr(head, "Content-Length: "), body[8192];
  for (int left = l ? atoi(l + 16) : 0; left > 0;) { int k = recv(c->socket, body, left, 0); if (k <= 0) die("body"); left -= k; }
}

static void play(struct camera *c, int port, int mount, const char *folder, int index) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if ((c->socket = socket(AF_INET, SOCK_STREAM, 0)) < 0 || connect(c->socket, (void *)&to, sizeof to)) die("connect");
  snprintf(c->url, sizeof c->url, "rtsp://127.0.0.1:%d/cam%d", port, mount);
  send_request(c, "DESCRIBE", "", "Accept: application/sdp\r\n"); read_response(c);
  send_request(c, "SETUP", "/stream=0", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"); read_response(c);
  send_request(c, "SETUP", "/stream=1", "Transport: RTP/AVP/TCP;unicast;interleaved=2-3\r\n"); read_response(c);
  send_request(c, "PLAY", "", "Range: npt=0.000-\r\n"); read_response(c);
  fcntl(c->socket, F_SETFL, O_NONBLOCK);
  char path[512];
  snprintf(path, sizeof path, "%s/%d.bin", folder, index);
  if ((c->file = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_DIRECT, 0644)) < 0) die("open");
  if (posix_memalign((void **)&c->block, 4096, BLOCK)) die("memory");
  c->asked = time(0);
}

int main(int count, char **arguments) {
  if (count != 5) { fprintf(stderr, "usage: floor PORT MOUNTS SESSIONS FOLDER\n"); return 2; }
  int port = atoi(arguments[1]), mounts = atoi(arguments[2]), sessions = atoi(arguments[3]), poll = epoll_create1(0);
  struct camera *all = calloc(sessions, sizeof *all);
  for (int i = 0; i < sessions; i++) {
    play(&all[i], port, i % mounts, arguments[4], i);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &all[i]};
    epoll_ctl(poll, EPOLL_CTL_ADD, all[i].socket, &event);
  }
  printf("playing\n"); fflush(stdout);
  struct epoll_event events[256];
  for (;;) {
    int ready = epoll_wait(poll, events, 256, 1000);
    for (int i = 0; i < ready; i++) {
      struct camera *c = events[i].data.ptr;
      ssize_t got = read(c->socket, c->block + c->filled, BLOCK - c->filled);
      if (got == 0) { fprintf(stderr, "the server closed a session\n"); return 1; }
      if (got < 0) continue;
      if ((c->filled += got) == BLOCK) {
        if (pwrite(c->file, c->block, BLOCK, c->offset) != BLOCK) die("pwrite");
        c->offset += BLOCK; c->filled = 0;
      }
    }
    time_t now = time(0);
    for (int i = 0; i < sessions; i++)
      if (now - all[i].asked > 20) { all[i].asked = now; send_request(&all[i], "GET_PARAMETER", "", ""); }
  }
}
