import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

/** The service as it is deployed: a process of its own. */
export interface ServiceProcess {
  readonly url: string;
  readonly child: ChildProcess;
  /** Largest resident set so far, in bytes; Linux only (`proc_pid_status(5)`, VmHWM). */
  peakRssBytes(): number;
  rssBytes(): number;
  /** Everything that it has logged. */
  readonly logged: () => string;
  /** As an orchestrator ends it. @returns its exit code */
  stop(): Promise<number | null>;
  /** As a machine that fails ends it. */
  kill(): Promise<void>;
}

const PACKAGE = join(import.meta.dirname, "../..");
const DOCKERFILE = readFileSync(join(PACKAGE, "Dockerfile"), "utf8");
/** How it is started from its sources, and as the image does it. */
const PROGRAMS = {
  source: ["--conditions=@bucketferry/source", join(PACKAGE, "src/main.ts")],
  built: commandOfImage(),
};
/** What the image sets beside the settings. */
const IMAGE_MEMORY = Object.fromEntries(
  [...DOCKERFILE.matchAll(/\b(MALLOC_\w+)=(\S+)/g)].map(([, name = "", value = ""]) => [name, value]),
);

function commandOfImage(): string[] {
  const [, ...args] = JSON.parse(/^CMD (\[.*\])$/m.exec(DOCKERFILE)?.[1] ?? "[]") as string[];
  return args.map((arg) => (arg.startsWith("dist/") ? join(PACKAGE, arg) : arg));
}

/** Makes what the image runs; what has not changed is left as it is. */
export async function buildService(): Promise<void> {
  await promisify(execFile)("tsc", ["--build", PACKAGE]);
}

/** Starts the service on a free port, without a rate limit, and waits until it listens. */
export async function serviceProcess(
  environment: Readonly<Record<string, string>>,
  program: keyof typeof PROGRAMS = "source",
): Promise<ServiceProcess> {
  const { PATH } = process.env;
  const child = spawn(process.execPath, PROGRAMS[program], {
    env: { PATH, PORT: "0", RATE_LIMIT_PER_MINUTE: "0", ...(program === "built" ? IMAGE_MEMORY : {}), ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  let printed = "";
  const url = await new Promise<string>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`The service ended with ${code}: ${printed}`)));
    child.stderr.on("data", (bytes: Buffer) => {
      printed += bytes.toString();
    });
    child.stdout.on("data", (bytes: Buffer) => {
      printed += bytes.toString();
      const found = /"url":"([^"]+)"/.exec(printed)?.[1];
      if (found !== undefined) resolve(found);
    });
  });
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await exited;
    return child.exitCode;
  };
  return {
    url,
    child,
    peakRssBytes: () => statusBytes(child.pid, "VmHWM"),
    rssBytes: () => statusBytes(child.pid, "VmRSS"),
    logged: () => printed,
    stop: () => end("SIGTERM"),
    kill: async () => void (await end("SIGKILL")),
  };
}

function statusBytes(pid: number | undefined, name: string): number {
  const kibibytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  if (kibibytes === undefined) throw new Error(`/proc/${pid}/status has no ${name}.`);
  return Number(kibibytes) * 1024;
}
