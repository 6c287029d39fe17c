/* child_spawn.h - the part of child.c that talks to posix_spawn. */
#ifndef BRDECK_BASE_CHILD_SPAWN_H
#define BRDECK_BASE_CHILD_SPAWN_H

#include <sys/types.h>

#include <brdeck/base/child.h>

enum { CHILD_PIPES = 3 };

/* Start what @spec says. Our ends of its stdin, stdout and stderr come in @ends, not
 * blocking and closed on exec; -1 where there is no pipe. */
bool child_spawn(const struct child_spec *spec, pid_t *pid, int ends[CHILD_PIPES], struct error *err);

#endif
