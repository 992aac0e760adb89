/*
 * spawn COUNT PARALLEL PROGRAM [ARG...]
 *
 * Runs PROGRAM COUNT times, PARALLEL at a time, and does nothing else: the least
 * that starting these processes can cost. It is what others are measured against.
 */
#define _POSIX_C_SOURCE 200809L
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

static void reap(void)
{
	int status;

	if (wait(&status) < 0) {
		perror("wait");
		exit(1);
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		fprintf(stderr, "spawn: a child failed: status %d\n", status);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	int count, parallel, running = 0;

	if (argc < 4 || (count = atoi(argv[1])) < 0 || (parallel = atoi(argv[2])) < 1) {
		fprintf(stderr, "usage: spawn COUNT PARALLEL PROGRAM [ARG...]\n");
		return 2;
	}
	for (int i = 0; i < count; i++) {
		pid_t pid;
		int err;

		if (running == parallel) {
			reap();
			running--;
		}
		err = posix_spawn(&pid, argv[3], NULL, NULL, argv + 3, environ);
		if (err != 0) {
			fprintf(stderr, "spawn: %s: %s\n", argv[3], strerror(err));
			return 1;
		}
		running++;
	}
	while (running-- > 0)
		reap();
	return 0;
}
