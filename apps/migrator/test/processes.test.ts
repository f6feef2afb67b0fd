import { readFileSync, readdirSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from "vitest";
import { cli, startCli, type RunningCli } from "./cli.ts";
import { inventory, openWorld, seed, type World } from "./world.ts";

/** More than a shard for each process: one that starts late still finds work. */
const OBJECTS = 1000;
let world: World;

beforeAll(async () => {
  world = await openWorld();
  await seed(world, OBJECTS);
});
afterAll(() => world.close());

beforeEach(async () => {
  world.onSeen = () => undefined;
  world.configure((config) => {
    config.ledger = `sqlite:${crypto.randomUUID()}.db`;
  });
  const keys = Object.keys(await inventory(world.route.target));
  for await (const { error } of world.route.target.deleteMany(keys)) {
    if (error !== undefined) throw error;
  }
  const { code, stderr } = await cli(["plan", "-c", world.configFile]);
  if (code !== 0) throw new Error(`The plan failed: ${stderr}`);
  world.seen.source.length = 0;
  world.seen.target.length = 0;
});

/** A test that fails leaves no copier behind to write into the next one's target. */
function startCopy(): RunningCli {
  const running = startCli(copyArgs());
  onTestFinished(async () => {
    running.child.kill("SIGKILL");
    await running.result;
  });
  return running;
}

const copyArgs = (): string[] => ["copy", "-c", world.configFile, "--json", "--processes", "3"];

/** Resolves when the target has answered so many puts of objects. */
function puts(count: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let seen = 0;
  world.onSeen = (side, { operation }) => {
    if (side === "target" && operation === "PutObject" && ++seen === count) resolve();
  };
  return promise;
}

/** Processes whose parent is `pid`, from the fourth field of /proc/PID/stat (proc(5)). */
function childrenOf(pid: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "latin1");
        return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) === pid;
      } catch {
        return false;
      }
    })
    .map(Number);
}

function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // A zombie has ended; only its parent has not looked yet.
    return stat.slice(stat.lastIndexOf(")") + 2)[0] !== "Z";
  } catch {
    return false;
  }
}

async function expectComplete(): Promise<void> {
  expect(await inventory(world.route.target)).toEqual(await inventory(world.route.source));
}

it.skipIf(process.platform !== "linux")(
  "several processes copy every object once, with two requests each",
  async () => {
    const running = startCopy();
    await puts(20);
    expect(childrenOf(running.child.pid ?? 0).length).toBe(3);
    const { code, summary, stderr } = await running.result;
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(summary["counts"]).toMatchObject({ copied: OBJECTS, adopted: 0, failed: 0 });
    expect(world.count("source", "GetObject")).toBe(OBJECTS);
    expect(world.count("target", "PutObject")).toBe(OBJECTS);
    expect(world.count("source", "HeadObject") + world.count("target", "HeadObject")).toBe(0);
    await expectComplete();
  },
  240_000,
);

it.skipIf(process.platform !== "linux")(
  "L1 a process that is killed loses nothing: another one gets its objects",
  async () => {
    const running = startCopy();
    await puts(30);
    const [victim = 0] = childrenOf(running.child.pid ?? 0);
    process.kill(victim, "SIGKILL");
    const { code, summary, events, stderr } = await running.result;
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(summary["counts"]).toMatchObject({ failed: 0 });
    expect(events.filter((event) => event["code"] === "ChildEnded")).toHaveLength(1);
    await expectComplete();
    const status = await cli(["status", "-c", world.configFile, "--json"]);
    expect(status.events).toContainEqual(expect.objectContaining({ state: "copied", objects: OBJECTS }));
  },
  240_000,
);

it.skipIf(process.platform !== "linux")(
  "L1 processes whose parent is killed end by themselves, and the next run goes on",
  async () => {
    const running = startCopy();
    await puts(30);
    const children = childrenOf(running.child.pid ?? 0);
    expect(children).toHaveLength(3);
    running.child.kill("SIGKILL");
    await running.result;
    await expect.poll(() => children.filter(isAlive), { timeout: 20_000 }).toEqual([]);
    const again = await cli(copyArgs());
    expect(again).toMatchObject({ code: 0 });
    await expectComplete();
  },
  240_000,
);

it.skipIf(process.platform !== "linux")(
  "L8 an interruption goes through to all processes: what is under way is finished and recorded",
  async () => {
    const running = startCopy();
    await puts(30);
    const children = childrenOf(running.child.pid ?? 0);
    running.child.kill("SIGINT");
    // As a terminal does it.
    for (const child of children) process.kill(child, "SIGINT");
    const { code, summary } = await running.result;
    expect(code).toBe(130);
    const { copied } = summary["counts"] as { readonly copied: number };
    expect(copied).toBe(world.count("target", "PutObject", 200));
    expect(copied).toBeLessThan(OBJECTS);
    const again = await cli(copyArgs());
    expect(again).toMatchObject({ code: 0 });
    expect(again.summary["counts"]).toMatchObject({ copied: OBJECTS - copied, adopted: 0 });
    await expectComplete();
  },
  240_000,
);

it("the requests of all processes are logged at debug, each once", async () => {
  const { code, stderr } = await cli([...copyArgs(), "--log-level", "debug"]);
  expect(code).toBe(0);
  const requests = stderr.split("\n").filter((line) => / debug audio (source get|target put) .* ok \d+ ms$/.test(line));
  expect(requests).toHaveLength(2 * OBJECTS);
});
