"""Runs a command and says what it cost: wall seconds, CPU seconds of it and its children, CPU seconds of the PostgreSQL backends that
ended meanwhile (children that the postmaster reaped), peak RSS in KiB of the largest process, exit status.
usage: measure.py POSTMASTER_PID COMMAND [ARGUMENT...]; the command's own output goes to stderr"""
import os
import sys
import time

TICK = os.sysconf("SC_CLK_TCK")


def backend_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[13]) + int(fields[14])) / TICK  # cutime, cstime


postmaster = sys.argv[1]
before = backend_seconds(postmaster)
begin = time.monotonic()
child = os.fork()
if child == 0:
    os.dup2(2, 1)
    os.execvp(sys.argv[2], sys.argv[2:])
_, status, usage = os.wait4(child, 0)
wall = time.monotonic() - begin
time.sleep(0.15)  # until the postmaster has reaped the last backend
backends = backend_seconds(postmaster) - before
print(f"{wall:.4f} {usage.ru_utime + usage.ru_stime:.4f} {backends:.3f} {usage.ru_maxrss} {os.waitstatus_to_exitcode(status)}")
