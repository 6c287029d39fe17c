#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <brdeck/base/error.h>

#include "fleet.h"
#include "operator.h"
#include "options.h"
#include "sim.h"
#include "tls.h"

enum { EXIT_USAGE = 2, PARENT_MS = 1000 };

/* Signals are of the process: the handler only marks. */
static volatile sig_atomic_t ended;

static void on_signal(int signo)
{
    (void)signo;
    ended = 1;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
}

/* A parent that gives no pipe, but /dev/null, is only known by its process id. */
static bool is_lifeline(int fd)
{
    struct stat stat;
    return fstat(fd, &stat) == 0 && (S_ISFIFO(stat.st_mode) || S_ISSOCK(stat.st_mode) || isatty(fd));
}

/* Whether stdin has come to its end; what is written there is thrown away. */
static bool is_closed(int fd)
{
    char scrap[256];
    return read(fd, scrap, sizeof scrap) <= 0;
}

static void serve(struct sim *sim)
{
    pid_t parent = getppid();
    bool with_parent = sim->options.with_parent;
    int line = with_parent && is_lifeline(STDIN_FILENO) ? STDIN_FILENO : -1;
    while (!sim->stop && !ended) {
        bool readable = http_turn(sim, PARENT_MS, line);
        if (with_parent && ((readable && is_closed(line)) || getppid() != parent))
            break;
    }
}

static int run(const struct sim_options *options)
{
    struct error err;
    struct sim sim;
    struct tls tls = {0};
    struct pulse pulse = {0};
    sim_init(&sim, options);
    bool good = fleet_load(&sim, options->fleet, &err) && tls_init(&tls, &err) && http_start(&sim, &tls, &err) &&
                kubeconfig_write(options->kubeconfig, sim.port, tls.ca, &err);
    if (good) {
        operator_start(sim.operator_);
        if (strcmp(options->fleet, "demo") == 0 && !options->still)
            pulse_start(&pulse, &sim);
        if (!options->quiet) {
            printf("ready https://127.0.0.1:%d\n", sim.port);
            fflush(stdout);
        }
        serve(&sim);
    } else {
        fprintf(stderr, "brdeck-sim: %s\n", err.text);
    }
    pulse_stop(&pulse);
    http_stop(&sim);
    tls_done(&tls);
    sim_done(&sim);
    return good ? EXIT_SUCCESS : err.code == ERROR_USAGE ? EXIT_USAGE : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    struct sim_options options;
    struct error err;
    if (!options_parse(&options, argc, argv, &err)) {
        fprintf(stderr, "brdeck-sim: %s\n", err.text);
        return EXIT_USAGE;
    }
    if (options.help) {
        options_help(stdout);
        return EXIT_SUCCESS;
    }
    if (options.version) {
        puts(PACKAGE_STRING);
        return EXIT_SUCCESS;
    }
    catch_signals();
    return run(&options);
}
