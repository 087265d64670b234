"""Services of the Task Scheduler (Windows): a task that starts when its user logs on.

See "Task Scheduler Schema" and schtasks.exe in Microsoft's documentation.
"""

import re
from collections.abc import Mapping
from xml.sax.saxutils import escape

from notelog.core.service import MARK, Action, Service, Step

_NEEDS_QUOTES = re.compile(r'[\s"]')
_BACKSLASHES = re.compile(r'(\\*)("|\Z)')
_TASK = """\
<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.3" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>notelog answers the notes of {vault} ({mark})</Description>
  </RegistrationInfo>
  <Triggers>
    <LogonTrigger>
      <UserId>{user}</UserId>
    </LogonTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>{user}</UserId>
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure>
      <Interval>PT1M</Interval>
      <Count>999</Count>
    </RestartOnFailure>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{program}</Command>
      <Arguments>{arguments}</Arguments>
    </Exec>
  </Actions>
</Task>
"""


def render_task(service: Service) -> str:
    """The definition of a task; its environment is that of the user who logs on."""
    program, *arguments = service.command
    return _TASK.format(
        vault=escape(service.vault),
        mark=MARK,
        user=escape(service.user),
        program=escape(program),
        arguments=escape(" ".join(_word(word) for word in arguments)),
    )


def windows_commands(service: Service, file: str) -> Mapping[Action, tuple[Step, ...]]:
    """What is run for each action; a task keeps no log."""
    task = ("/TN", service.name)
    run, end = ("schtasks", "/Run", *task), ("schtasks", "/End", *task)
    return {
        Action.INSTALL: (Step(("schtasks", "/Create", *task, "/XML", file, "/F")), Step(run)),
        Action.UNINSTALL: (
            Step(end, may_fail=True),
            Step(("schtasks", "/Delete", *task, "/F")),
        ),
        Action.START: (Step(run),),
        Action.STOP: (Step(end),),
        Action.STATUS: (Step(("schtasks", "/Query", *task, "/V", "/FO", "LIST")),),
    }


def _word(text: str) -> str:
    r"""A word of a command line, as ``CommandLineToArgvW`` takes it apart.

    Backslashes count double before a quote only: ``C:\\My Notes\\`` is written
    ``"C:\\My Notes\\\\"``.
    """
    if text and not _NEEDS_QUOTES.search(text):
        return text
    inner = _BACKSLASHES.sub(lambda found: found[1] * 2 + ('\\"' if found[2] else ""), text)
    return f'"{inner}"'
