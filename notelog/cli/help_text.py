"""The help of the whole program, made beforehand: it is shown without importing the commands.

A test compares it with what the command tree itself says.
"""

HELP = """\
Usage: notelog [OPTIONS] COMMAND [ARGS]...

  Answer the chat notes of a Markdown vault, in place.

Options:
  --version             Show the version and exit.
  -v, --verbose         Show the log, and where a defect is.
  -q, --quiet           Say nothing but errors.
  --color / --no-color  Use colours, or none.
  -h, --help            Show this message and exit.

Commands:
  complete    Answer the question in a chat note, in the note.
  again       Ask the last question once more, for another answer.
  stop        Stop the request that runs for a note.
  watch       Answer the notes of a vault by itself, whenever a message is
              finished.
  why         Say why the watcher answers a note, or why it does not.
  pause       Let watchers ask nothing for a time.
  resume      Let watchers go on.
  show        Show what a note would send, message by message.
  tokens      Count the tokens of notes, and show what fits the window.
  check       Look through a vault: which notes are chats, due, in error.
  status      Show what needs you: in doubt, kept, failed; and what was spent.
  deliver     Put a kept reply into its note, below its question.
  retry       Ask anew what is in doubt or failed.
  undo        Take a reply out of its note again.
  log         List every turn that was ever asked for a note.
  usage       Sum tokens and money by day, note, model or profile.
  forget      Remove what was said from the journal.
  new         Make a new chat note.
  init        Write a commented configuration file.
  config      Show the configuration and where each value comes from.
  model       Install, list and remove the embedded local model.
  service     Have a vault watched always, by systemd, launchd or the Task
              Scheduler.
  doctor      Look whether all is well: configuration, key, server, vault,
              journal.
  completion  Print the completion script for a shell.

  Each command has its own help: notelog COMMAND --help
"""
