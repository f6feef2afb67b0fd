import { faultProxy } from "@bucketferry/local-servers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cli, startCli, type RunningCli } from "./cli.ts";
import { content, inventory, openWorld, seed, type World } from "./world.ts";

const OBJECTS = 30;
let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const args = (...command: string[]) => [...command, "--json", "--config", world.configFile];

/** Kills the command the hardest way when the predicate is true for the first time, before that answer is sent. */
async function killWhen(
  command: readonly string[],
  when: (side: string, operation: string | undefined) => boolean,
): Promise<void> {
  const running = startCli(command);
  world.onSeen = (side, { operation }) => {
    if (when(side, operation)) running.child.kill("SIGKILL");
  };
  const result = await running.result;
  world.onSeen = () => undefined;
  expect(result.signal).toBe("SIGKILL");
}

/** Resolves when the command has said so on its standard error. */
function says({ child }: RunningCli, text: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let said = "";
  child.stderr?.on("data", (bytes: Buffer) => {
    said += bytes.toString("utf8");
    if (said.includes(text)) resolve();
  });
  return promise;
}

/** Calls it the `n`th time. */
function nth(n: number, side: string, operation: string): (side: string, operation: string | undefined) => boolean {
  let count = 0;
  return (seenSide, seenOperation) => seenSide === side && seenOperation === operation && ++count === n;
}

const POINTS: readonly (readonly [string, number, "source" | "target", string])[] = [
  ["before the source was listed", 1, "source", "ListObjectsV2"],
  ["after the first object was read", 1, "source", "GetObject"],
  ["after the first object was put, and before its record", 1, "target", "PutObject"],
  ["in the middle of copying", 14, "target", "PutObject"],
  ["after the last object was put, and before its record", OBJECTS, "target", "PutObject"],
];

describe("L1 a run that is killed", () => {
  it.each(POINTS)(
    "%s (%d × %s %s) and run again reaches the same end, and copies nothing twice that was recorded",
    async (_, n, side, operation) => {
      const keys = await seed(world, OBJECTS);
      await killWhen(args("run", "--yes"), nth(n, side, operation));

      const recorded = new Set(
        (await cli(args("report", "--limit", "1000"))).events
          .filter((event) => event.type === "object" && event["state"] === "planned")
          .map((event) => event["key"]),
      );
      const doneBefore = keys.filter(
        (key) =>
          world.seen.target.some(
            (seen) =>
              seen.operation === "PutObject" && seen.status === 200 && decodeURIComponent(seen.path).endsWith(key),
          ) &&
          recorded.size > 0 &&
          !recorded.has(key),
      );
      world.seen.target.length = 0;

      const again = await cli(args("run", "--yes"));
      expect(again.code).toBe(0);
      const puts = world.seen.target.filter((seen) => seen.operation === "PutObject" && seen.status === 200);
      for (const key of doneBefore) {
        expect(puts.some((put) => decodeURIComponent(put.path).endsWith(key))).toBe(false);
      }
      expect(Object.keys(await inventory(world.route.target)).sort()).toEqual([...keys].sort());
      for (const [i, key] of keys.entries()) {
        expect(Buffer.from(await (await world.route.target.get(key)).bytes()).equals(content(i, i * 7))).toBe(true);
      }
      expect((await cli(args("status"))).summary).toMatchObject({
        counts: { verified: OBJECTS, planned: 0, copied: 0, failed: 0 },
      });
    },
  );

  it("again and again at places nobody chose still reaches the end, and puts no object more often than it was killed", async () => {
    const keys = await seed(world, OBJECTS);
    const places = [5, 3, 9, 2, 11, 4];
    let kills = 0;
    for (const place of places) {
      let seen = 0;
      const running = startCli(args("run", "--yes"));
      world.onSeen = () => {
        if (++seen === place) running.child.kill("SIGKILL");
      };
      const { signal } = await running.result;
      if (signal !== null) kills++;
    }
    world.onSeen = () => undefined;
    expect(kills).toBeGreaterThan(3);
    expect((await cli(args("run", "--yes"))).code).toBe(0);
    expect(Object.keys(await inventory(world.route.target)).sort()).toEqual([...keys].sort());
    // Created once each: If-None-Match refuses whatever would be a second copy.
    expect(world.count("target", "PutObject", 200)).toBe(OBJECTS);
  });

  it("S25 in the middle of a large body leaves nothing half written that anybody could see", async () => {
    const large = content(5, 30_000_000);
    await world.route.source.put("large.wav", large);
    await killWhen(args("run", "--yes"), nth(1, "source", "GetObject"));
    expect(await world.route.target.exists("large.wav")).toBe(false);
    expect((await cli(args("run", "--yes"))).code).toBe(0);
    expect(Buffer.from(await (await world.route.target.get("large.wav")).bytes()).equals(large)).toBe(true);
  });
});

describe("L8 a run that is interrupted", () => {
  it("ends what is under way, records it, says that it can go on, and goes on", async () => {
    await seed(world, OBJECTS);
    await cli(args("plan"));
    const running = startCli(args("copy", "--concurrency", "2"));
    world.onSeen = (_, { operation }) => {
      if (operation === "PutObject" && world.count("target", "PutObject") === 5) running.child.kill("SIGINT");
    };
    const result = await running.result;
    expect(result.code).toBe(130);
    expect(result.summary).toMatchObject({ type: "summary", exitCode: 130, interrupted: true });
    const copied = Number((result.summary["counts"] as Record<string, unknown>)["copied"]);
    expect(copied).toBe(world.count("target", "PutObject", 200));
    expect(copied).toBeLessThan(OBJECTS);

    world.onSeen = () => undefined;
    expect((await cli(args("copy"))).code).toBe(0);
    expect(world.count("target", "PutObject", 200)).toBe(OBJECTS);
  });

  it("while it plans, leaves a plan that copying refuses to take for a whole one", async () => {
    await seed(world, 5);
    const slow = await faultProxy({ target: world.target.url });
    try {
      const heard = Promise.withResolvers<void>();
      slow.faults.inject({ match: { method: "GET" }, times: Infinity, fault: { kind: "hold", until: heard.promise } });
      world.configure((config) => {
        Object.assign(config.routes[0]?.target ?? {}, { endpoint: slow.url });
      });
      const running = startCli(args("plan"));
      // The target's listing answers once the signal has arrived.
      void says(running, "Interrupted").then(heard.resolve);
      world.onSeen = (side, { operation }) => {
        if (side === "source" && operation === "ListObjectsV2") running.child.kill("SIGTERM");
      };
      expect((await running.result).code).toBe(130);
      world.onSeen = () => undefined;
      expect((await cli(args("copy"))).summary).toMatchObject({
        exitCode: 4,
        error: { message: expect.stringContaining("plan was not finished") },
      });
    } finally {
      await slow.close();
    }
  });

  it("twice ends at once what is under way, and the next run does it again", async () => {
    await seed(world, OBJECTS);
    await cli(args("plan"));
    const running = startCli(args("copy", "--bandwidth", "10"));
    const told = says(running, "Interrupted");
    world.onSeen = (_, { operation }) => {
      if (operation !== "PutObject") return;
      // Once: a third signal is the system's to act on.
      world.onSeen = () => undefined;
      running.child.kill("SIGINT");
    };
    await told;
    running.child.kill("SIGINT");
    const result = await running.result;
    expect(result.code).toBe(130);
    expect(result.stderr).toMatch(/Interrupted: .*\n.*Interrupted again/);
    expect((await cli(args("copy"))).code).toBe(0);
    expect(world.count("target", "PutObject", 200)).toBe(OBJECTS);
  });
});

describe("L4 two migrators on one ledger", () => {
  it("the second is told who is at work, and does nothing", async () => {
    await seed(world, OBJECTS);
    await cli(args("plan"));
    let second: ReturnType<typeof cli> | undefined;
    const first = startCli(args("copy", "--bandwidth", "100"));
    world.onSeen = (_, { operation }) => {
      if (operation === "PutObject") second ??= cli(args("copy"));
    };
    const refused = await new Promise<Awaited<ReturnType<typeof cli>>>((resolve) => {
      const wait = setInterval(() => {
        if (second === undefined) return;
        clearInterval(wait);
        void second.then(resolve);
      }, 20);
    });
    expect(refused.code).toBe(4);
    expect(refused.summary).toMatchObject({
      error: { code: "LedgerHeld", message: expect.stringContaining(`process ${first.child.pid}`) },
    });
    first.child.kill("SIGKILL");
    await first.result;
  });
});
