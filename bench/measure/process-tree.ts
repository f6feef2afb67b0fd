import { readdirSync, readFileSync } from "node:fs";

/** Linux tells processes' CPU time in ticks of this length whatever the kernel's own clock is (`USER_HZ`, proc_pid_stat(5)). */
const TICK_MS = 10;
const SAMPLE_EVERY_MS = 50;

export interface ProcessMemory {
  readonly rssBytes: number;
  /** The most that the process ever had: what lies between two samples is not lost. */
  readonly peakBytes: number;
}

/** CPU time, user and system, of a process and all its threads (utime and stime, the 14th and 15th field). */
export function ownCpuMs(stat: string): number {
  return ticksAt(stat, 14, 15) * TICK_MS;
}

/**
 * CPU time, user and system, of all ended children of a process and of the children that those waited for (cutime and
 * cstime, the 16th and 17th field).
 */
export function endedChildrenCpuMs(stat: string): number {
  return ticksAt(stat, 16, 17) * TICK_MS;
}

function ticksAt(stat: string, ...fields: readonly number[]): number {
  // The second field is the program's name, which may hold spaces and parentheses; what is behind it begins with the third.
  const values = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields.reduce((sum, field) => sum + Number(values[field - 3]), 0);
}

/** Of `/proc/PID/status`; undefined for a process that is about to be gone and has no memory left. */
export function processMemory(status: string): ProcessMemory | undefined {
  const kibibytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]);
  const [rss, peak] = [kibibytes("VmRSS"), kibibytes("VmHWM")];
  return Number.isNaN(rss) || Number.isNaN(peak) ? undefined : { rssBytes: rss * 1024, peakBytes: peak * 1024 };
}

/** The most memory of a whole tree of processes at one time, from samples of it. */
export function peakMemory() {
  let peakBytes = 0;
  return {
    add(tree: readonly ProcessMemory[]): void {
      const together = tree.reduce((sum, process) => sum + process.rssBytes, 0);
      peakBytes = Math.max(peakBytes, together, ...tree.map((process) => process.peakBytes));
    },
    bytes: (): number => peakBytes,
  };
}

/** Watches a process and all its descendants until `stop`, which answers with their peak in bytes. */
export function watchMemory(rootPid: number): { readonly stop: () => number } {
  const peak = peakMemory();
  const sample = (): void => peak.add(processTree(rootPid).flatMap((pid) => memoryOf(pid) ?? []));
  const timer = setInterval(sample, SAMPLE_EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      return peak.bytes();
    },
  };
}

export function cpuOfProcessMs(pid: number): number {
  return ownCpuMs(readFileSync(`/proc/${pid}/stat`, "utf8"));
}

export function cpuOfEndedChildrenMs(): number {
  return endedChildrenCpuMs(readFileSync("/proc/self/stat", "utf8"));
}

/** A process that ends while it is looked at counts as one that has already ended. */
function processTree(rootPid: number): number[] {
  const pids = [rootPid];
  for (const pid of pids) pids.push(...childrenOf(pid));
  return pids;
}

function childrenOf(pid: number): number[] {
  const tasks = unlessGone(() => readdirSync(`/proc/${pid}/task`)) ?? [];
  return tasks.flatMap((task) => {
    const children = unlessGone(() => readFileSync(`/proc/${pid}/task/${task}/children`, "utf8")) ?? "";
    return children.split(" ").filter(Boolean).map(Number);
  });
}

function memoryOf(pid: number): ProcessMemory | undefined {
  const status = unlessGone(() => readFileSync(`/proc/${pid}/status`, "utf8"));
  return status === undefined ? undefined : processMemory(status);
}

function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH") return undefined;
    throw error;
  }
}
