/* handlers.h - what answers the routes: one function for each verb or special path. */
#ifndef BRDECK_SIM_HANDLERS_H
#define BRDECK_SIM_HANDLERS_H

#include "request.h"

/* read.c */
void handle_get(struct request *request);
void handle_list(struct request *request);
void handle_watch(struct request *request);
/* write.c, delete.c */
void handle_create(struct request *request);
void handle_patch(struct request *request);
void handle_replace(struct request *request);
void handle_delete(struct request *request);
/* podroutes.c */
void handle_pod_log(struct request *request);
/* proxy.c */
void handle_proxy(struct request *request);
/* discovery.c: true when the path is one of discovery's, and answered. */
bool handle_discovery(struct request *request);
/* openapi.c: likewise for /openapi/v3. */
bool handle_openapi(struct request *request);
/* reviews.c: likewise for authorization.k8s.io and authentication.k8s.io. */
bool handle_review(struct request *request);
/* control.c: /sim/... */
void handle_control(struct request *request);

#endif
