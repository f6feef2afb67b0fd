import { execFileSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** Who holds a lock: enough to tell a living process from a dead one, and from a later one that got the same pid. */
export interface ProcessIdentity {
  /** For people. */
  readonly host: string;
  /** Equal only for processes that can see each other's pids: the boot of the machine, and the namespace of its pids. */
  readonly hostIdentity: string;
  readonly pid: number;
  /** Opaque; equal only for the same process. */
  readonly processStart: string;
}

export function thisProcess(): ProcessIdentity {
  return {
    host: hostname(),
    hostIdentity: hostIdentity(),
    pid: process.pid,
    processStart: processStart(process.pid) ?? "unknown",
  };
}

/** Whether this very process still runs on this host. */
export function isAlive(identity: Pick<ProcessIdentity, "pid" | "processStart">): boolean {
  try {
    process.kill(identity.pid, 0);
  } catch (error) {
    // EPERM: it exists and belongs to somebody else.
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return false;
  }
  const start = processStart(identity.pid);
  // Where starts cannot be read, a process with that pid counts as the owner: refusing is the safe side.
  return start === undefined || identity.processStart === "unknown" || start === identity.processStart;
}

function hostIdentity(): string {
  if (process.platform !== "linux") return hostname();
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${hostname()} ${boot} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return hostname();
  }
}

function processStart(pid: number): string | undefined {
  if (process.platform === "linux") return startTicks(pid);
  if (process.platform === "win32") return undefined;
  try {
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim() || undefined;
  } catch {
    return undefined;
  }
}

/** Clock ticks from boot to the start of the process: field 22 of `/proc/<pid>/stat`, see proc_pid_stat(5). */
function startTicks(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name in parentheses, and may hold anything, spaces and parentheses too.
    const afterName = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return afterName[19];
  } catch {
    return undefined;
  }
}
