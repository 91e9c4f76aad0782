#define _GNU_SOURCE
#include "TerminalInput.h"

#include <errno.h>
#include <fcntl.h>
#include <histedit.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

struct oc_terminal {
    EditLine *editor;
    History *history;
    char *prompt;
    /* Carries pointers to messages from any thread to the one that owns the terminal; a write this small is atomic. */
    int messages[2];
    unsigned short columns;
};

/* The modes before we came. Global because a signal handler and atexit have no argument. */
static struct termios original_modes;

static void restore_modes(void) {
    tcsetattr(STDIN_FILENO, TCSANOW, &original_modes);
}

static void restore_and_die(int number) {
    /* tcsetattr and raise are async-signal-safe; SA_RESETHAND made the default action current again. */
    restore_modes();
    raise(number);
}

static unsigned short terminal_columns(void) {
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
    return size.ws_col;
}

static int shown_width(wchar_t character) {
    if (character < 0x20 || character == 0x7f) return 2; /* ^X */
    int width = wcwidth(character);
    return width < 0 ? 4 : width;
}

static void advance(int *row, int *column, int width, int columns) {
    if (*column + width > columns) {
        *row += 1;
        *column = 0;
    }
    *column += width;
    if (*column == columns) {
        *row += 1;
        *column = 0;
    }
}

/* How many screen rows the cursor is below the beginning of the prompt. */
static int cursor_row(oc_terminal *terminal) {
    int row = 0, column = 0, columns = terminal_columns();
    mbstate_t state = {0};
    const char *next = terminal->prompt;
    size_t left = strlen(next);
    while (left > 0) {
        wchar_t character;
        size_t length = mbrtowc(&character, next, left, &state);
        if (length == 0 || length > left) break;
        advance(&row, &column, shown_width(character), columns);
        next += length;
        left -= length;
    }
    const LineInfoW *line = el_wline(terminal->editor);
    for (const wchar_t *at = line->buffer; at < line->cursor; at++) advance(&row, &column, shown_width(*at), columns);
    return row;
}

/* Erases the line being typed, prints what waits, and draws the line again below it. */
static void show_messages(oc_terminal *terminal) {
    int row = cursor_row(terminal);
    if (row > 0) printf("\033[%dA", row);
    fputs("\r\033[J", stdout);
    char *text;
    while (read(terminal->messages[0], &text, sizeof text) == (ssize_t)sizeof text) {
        for (const char *at = text; *at; at++) {
            if (*at == '\n') putchar('\r');
            putchar(*at);
        }
        fputs("\r\n", stdout);
        free(text);
    }
    fflush(stdout);
    el_set(terminal->editor, EL_REFRESH);
}

/* libedit's source of characters: whatever comes first, a key or a message. */
static int next_character(EditLine *editor, wchar_t *character) {
    oc_terminal *terminal = NULL;
    el_get(editor, EL_CLIENTDATA, &terminal);
    mbstate_t state = {0};
    for (;;) {
        struct pollfd ready[2] = {{.fd = terminal->messages[0], .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
        if (poll(ready, 2, -1) < 0) {
            if (errno == EINTR) continue;
            return -1;
        }
        if (terminal_columns() != terminal->columns) {
            terminal->columns = terminal_columns();
            el_resize(editor);
        }
        if (ready[0].revents & POLLIN) show_messages(terminal);
        if (ready[1].revents == 0) continue;
        char byte;
        ssize_t count = read(STDIN_FILENO, &byte, 1);
        if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (count <= 0) return (int)count;
        size_t length = mbrtowc(character, &byte, 1, &state);
        if (length == (size_t)-2) continue; /* The character has more bytes. */
        if (length != (size_t)-1) return 1;
        memset(&state, 0, sizeof state); /* A byte that no character begins with. */
    }
}

static char *current_prompt(EditLine *editor) {
    oc_terminal *terminal = NULL;
    el_get(editor, EL_CLIENTDATA, &terminal);
    return terminal->prompt;
}

static int start_editor(oc_terminal *terminal) {
    terminal->editor = el_init("openclaw", stdin, stdout, stderr);
    terminal->history = history_init();
    if (!terminal->editor || !terminal->history) return -1;
    HistEvent event;
    history(terminal->history, &event, H_SETSIZE, 500);
    history(terminal->history, &event, H_SETUNIQUE, 1);
    EditLine *editor = terminal->editor;
    el_set(editor, EL_CLIENTDATA, terminal);
    el_set(editor, EL_PROMPT, current_prompt);
    el_set(editor, EL_EDITOR, "emacs");
    el_set(editor, EL_HIST, history, terminal->history);
    el_set(editor, EL_GETCFN, next_character);
    /* Keys such as Ctrl-C come as characters, so that no signal ends the process while a line is being typed. */
    el_set(editor, EL_SETTY, "-d", "-isig", NULL);
    el_set(editor, EL_BIND, "^C", "em-kill-line", NULL);
    return 0;
}

oc_terminal *oc_terminal_open(const char *prompt) {
    if (!setlocale(LC_CTYPE, "") || strcmp(nl_langinfo(CODESET), "UTF-8") != 0) setlocale(LC_CTYPE, "C.UTF-8");
    if (tcgetattr(STDIN_FILENO, &original_modes) != 0) return NULL;
    oc_terminal *terminal = calloc(1, sizeof *terminal);
    if (!terminal) return NULL;
    terminal->columns = terminal_columns();
    terminal->prompt = strdup(prompt);
    if (!terminal->prompt || pipe2(terminal->messages, O_CLOEXEC) != 0) {
        free(terminal->prompt);
        free(terminal);
        return NULL;
    }
    fcntl(terminal->messages[0], F_SETFL, O_NONBLOCK);
    if (start_editor(terminal) != 0) {
        oc_terminal_close(terminal);
        errno = ENOTTY;
        return NULL;
    }
    atexit(restore_modes);
    struct sigaction action = {.sa_handler = restore_and_die, .sa_flags = (int)SA_RESETHAND};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    return terminal;
}

int oc_terminal_read_line(oc_terminal *terminal, char **line) {
    int count = 0;
    const char *text = el_gets(terminal->editor, &count);
    if (!text || count <= 0) return count < 0 ? -1 : 0;
    *line = strdup(text);
    if (!*line) return -1;
    (*line)[strcspn(*line, "\r\n")] = '\0';
    HistEvent event;
    if (**line) history(terminal->history, &event, H_ENTER, *line);
    return 1;
}

int oc_terminal_show(oc_terminal *terminal, const char *text) {
    char *copy = strdup(text);
    if (!copy) return -1;
    for (;;) {
        if (write(terminal->messages[1], &copy, sizeof copy) == (ssize_t)sizeof copy) return 0;
        if (errno == EINTR) continue;
        free(copy);
        return -1;
    }
}

void oc_terminal_close(oc_terminal *terminal) {
    char *text;
    while (read(terminal->messages[0], &text, sizeof text) == (ssize_t)sizeof text) free(text);
    if (terminal->editor) el_end(terminal->editor);
    if (terminal->history) history_end(terminal->history);
    close(terminal->messages[0]);
    close(terminal->messages[1]);
    free(terminal->prompt);
    free(terminal);
}
