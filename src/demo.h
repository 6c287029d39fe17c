/* demo.h - brdeck-sim as a child: a cluster to try brdeck on. */
#ifndef BRDECK_SRC_DEMO_H
#define BRDECK_SRC_DEMO_H

#include <brdeck/base/error.h>
#include <brdeck/base/loop.h>

struct demo;
/* Start it and wait (turning @loop, at most 20 s) until it answers. NULL and @err when it does not. */
struct demo *demo_start(struct loop *loop, struct error *err);
/* The kubeconfig that it wrote; borrowed. */
const char *demo_kubeconfig(const struct demo *demo);
/* End it and remove its files. */
void demo_stop(struct demo **demo);

#endif
