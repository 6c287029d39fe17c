/* main.c - options, the choice of front end, and the exit code. */
#include <config.h>

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <brdeck/base/log.h>
#include <brdeck/cli/cli.h>
#include <brdeck/tui/app.h>

#include "demo.h"

static bool open_log(const struct arguments *args, struct error *err)
{
    enum log_level level = LOG_LEVEL_INFO;
    const char *path = options_text(args->opts, OPTION_LOG_FILE);
    if (!path || !*path)
        return true;
    log_level_parse(options_text(args->opts, OPTION_LOG_LEVEL), &level);
    return log_open(path, level, err);
}

static int run_screen(struct loop *loop, const struct arguments *args, struct error *err)
{
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        error_set(err, ERROR_SYSTEM, "there is no terminal for the screen; \"brdeck get backups -A\" prints the list");
        return EXIT_ERROR;
    }
    struct kube_target *target = NULL;
    struct kube_client *client = cli_connect(loop, args, &target, err);
    int code = EXIT_ERROR;
    if (client) {
        const char *one[] = {target->namespace_, NULL};
        const char *const *namespaces = (const char *const *)args->namespaces;
        if (!args->all_namespaces && !namespaces && target->namespace_is_set)
            namespaces = one;
        struct app_options app = {.loop = loop, .client = client, .options = args->opts, .demo = args->demo,
                                  .namespaces = args->all_namespaces ? NULL : namespaces};
        code = app_run(&app, err);
    }
    kube_client_free(&client);
    kube_target_free(&target);
    return code;
}

static int run(struct loop *loop, struct arguments *args, struct error *err)
{
    struct demo *demo = NULL;
    if (args->demo) {
        demo = demo_start(loop, err);
        if (!demo)
            return exit_code_of(err->code);
        args->kubeconfig = demo_kubeconfig(demo);
    }
    int code = args->command ? cli_run(loop, args) : run_screen(loop, args, err);
    demo_stop(&demo);
    return code;
}

int main(int argc, char **argv)
{
    struct arguments args;
    struct error err = {.code = ERROR_NONE};
    int code = EXIT_DONE, unfit = EXIT_DONE;
    setlocale(LC_ALL, "");
    tzset();
    if (!arguments_parse(argc, argv, &args, &err) || !open_log(&args, &err)) {
        unfit = cli_unfit(argc, argv, &args, &err);
        arguments_done(&args);
        return unfit;
    }
    if (args.version) {
        printf("brdeck %s\n", PACKAGE_VERSION);
    } else if (args.help) {
        cli_help(args.command);
    } else {
        struct loop *loop = loop_new(&err);
        code = loop ? run(loop, &args, &err) : EXIT_ERROR;
        loop_free(&loop);
        if (err.code)
            unfit = cli_unfit(argc, argv, &args, &err);
        code = err.code && args.command ? unfit : code; /* the screen has codes of its own */
    }
    arguments_done(&args);
    log_close();
    return code;
}
