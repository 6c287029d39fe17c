/* selftest_program - a small full-screen program for the self-test of screentest: it takes the
 * terminal, draws, shows the last line typed, stops, goes on, and gives the terminal back.
 *
 * Lines it knows: "quit", "flood" (much output at once), "leave" (exit without giving back).
 */
#include <config.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static struct termios found;
static volatile sig_atomic_t caught[65];
static char shown[200];

static void on_signal(int number) { caught[number] = 1; }

static bool take_caught(int number)
{
    bool was = caught[number];
    caught[number] = 0;
    return was;
}

static void draw(void)
{
    struct winsize size = {0};
    ioctl(0, TIOCGWINSZ, &size);
    printf("\033[2J\033[H");
    if (size.ws_col < 20) {
        printf("1");
    } else {
        printf("\033[1mtitle\033[0m of %d %d\r\n", size.ws_row, size.ws_col);
        printf("\033[7mreversed\033[0m \033[31mred\033[0m \033[48;5;24mon blue\033[0m wide 語 end\r\n");
        printf("process %08ld\r\n%s\033[5;3H", (long)getpid(), shown);
    }
    fflush(stdout);
}

static void take(void)
{
    struct termios raw = found;
    raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
    raw.c_iflag &= ~(tcflag_t)ICRNL;
    tcsetattr(0, TCSANOW, &raw);
    printf("\033[?1049h\033[?25l\033[?2004h");
    draw();
}

static void give_back(void)
{
    printf("\033[?2004l\033[?25h\033[?1049l");
    fflush(stdout);
    tcsetattr(0, TCSANOW, &found);
}

static void stop(void)
{
    sigset_t only;
    give_back();
    sigemptyset(&only);
    sigaddset(&only, SIGTSTP);
    signal(SIGTSTP, SIG_DFL);
    raise(SIGTSTP);
    sigprocmask(SIG_UNBLOCK, &only, NULL); /* it stops here, and goes on here */
    sigprocmask(SIG_BLOCK, &only, NULL);
    signal(SIGTSTP, on_signal);
    take();
}

/* Show @line with escape characters made visible. */
static void show(const char *line)
{
    size_t n = 0;
    for (; *line && n + 2 < sizeof shown; line++) {
        if (*line == '\033')
            shown[n++] = '^';
        shown[n++] = *line == '\033' ? '[' : *line;
    }
    shown[n] = '\0';
    draw();
}

static void flood(void)
{
    for (int i = 0; i < 20000; i++)
        printf("flooding the terminal with line %d\r\n", i);
    draw();
}

/* False at "quit". */
static bool read_keys(struct pollfd *keys, char *line, size_t room)
{
    char bytes[100];
    size_t length = strlen(line);
    ssize_t n = read(0, bytes, sizeof bytes);
    for (ssize_t i = 0; i < n; i++) {
        if (bytes[i] != '\r' && length + 1 < room) {
            line[length++] = bytes[i];
            line[length] = '\0';
            continue;
        }
        if (strcmp(line, "quit") == 0)
            return false;
        if (strcmp(line, "leave") == 0)
            exit(5);
        if (strcmp(line, "flood") == 0)
            flood();
        else
            show(line);
        length = 0;
        line[0] = '\0';
    }
    if (n <= 0) /* the terminal is gone: wait for the signal that says so */
        keys->fd = -1;
    return true;
}

int main(void)
{
    static const int numbers[] = {SIGTERM, SIGHUP, SIGTSTP, SIGWINCH};
    struct pollfd keys = {.fd = 0, .events = POLLIN};
    char line[200] = "";
    sigset_t blocked, before;

    sigemptyset(&blocked);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        sigaddset(&blocked, numbers[i]);
        signal(numbers[i], on_signal);
    }
    sigprocmask(SIG_BLOCK, &blocked, &before); /* they come in ppoll only */
    if (tcgetattr(0, &found) != 0)
        return 2;
    take();
    for (;;) {
        int ready = ppoll(&keys, 1, NULL, &before);
        if (ready < 0 && errno != EINTR)
            return 2;
        if (take_caught(SIGTERM)) {
            give_back();
            printf("terminated\n");
            return 3;
        }
        if (take_caught(SIGHUP))
            _exit(4); /* at once: the leak checker's end can hang when a signal comes into it */
        if (take_caught(SIGTSTP))
            stop();
        if (take_caught(SIGWINCH))
            draw();
        if (ready > 0 && !read_keys(&keys, line, sizeof line))
            break;
    }
    give_back();
    printf("bye\n");
    return 0;
}
