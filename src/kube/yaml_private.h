/* yaml_private.h - what the reader, the printer and kubeconfig share about YAML. */
#ifndef BRDECK_KUBE_YAML_PRIVATE_H
#define BRDECK_KUBE_YAML_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include <brdeck/base/error.h>
#include <brdeck/base/json.h>
#include <brdeck/base/str.h>

/* What a plain scalar stands for. */
struct yaml_plain {
    enum json_type type; /* STRING, NULL, BOOL, NUMBER */
    bool truth;          /* BOOL */
    bool no_json;        /* NUMBER that JSON has no text for: .nan, .inf */
    struct str number;   /* NUMBER as JSON writes it */
};
/* Resolve @text as yaml.v2 does; yaml_plain_done frees. */
void yaml_plain_init(struct yaml_plain *plain, const char *text);
void yaml_plain_done(struct yaml_plain *plain);
/* Whether every reader of YAML 1.1 takes plain @text for the string it is: dates and base 60, which
 * yaml.v2 does not resolve, are none. */
bool yaml_plain_is_string(const char *text);

/* In which line each value began; filled by yaml_parse_lines. Nodes are only compared. */
struct yaml_lines {
    struct yaml_line {
        const struct json *node;
        unsigned line;
    } *items;
    size_t count, cap;
};
void yaml_lines_done(struct yaml_lines *lines);
/* 0: not known. */
unsigned yaml_lines_find(const struct yaml_lines *lines, const struct json *node);
/* yaml_parse, and where things stand (@lines may be NULL). */
struct json *yaml_parse_lines(const char *text, size_t len, const char *name, struct yaml_lines *lines,
                              struct error *err);

#endif
