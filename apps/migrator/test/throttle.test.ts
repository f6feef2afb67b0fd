import { createServer, request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { cli, startCli } from "./cli.ts";
import { inventory, openWorld, seed, type World } from "./world.ts";

let world: World;

beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

/** A gateway before a server that answers 503 SlowDown to whatever comes beyond `most` requests at once. */
interface Gateway {
  readonly url: string;
  readonly answered: { good: number; refused: number; mostAtOnce: number };
  close(): Promise<void>;
}

/** How long the first puts wait for each other. */
const GATHERING_MS = 20_000;

/**
 * @param gathered - the first puts are answered when so many requests are there: a client that is slow because of its machine
 *   would else never have them all under way
 */
async function gateway(to: string, most: number, gathered: number): Promise<Gateway> {
  const answered = { good: 0, refused: 0, mostAtOnce: 0 };
  let busy = 0;
  const all = Promise.withResolvers<void>();
  const server: Server = createServer((incoming, outgoing) => {
    if (busy >= most) {
      answered.refused++;
      incoming.resume();
      outgoing.writeHead(503, { "content-type": "application/xml" });
      outgoing.end("<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>");
      return;
    }
    answered.mostAtOnce = Math.max(answered.mostAtOnce, ++busy);
    if (busy === gathered) all.resolve();
    const { method, headers } = incoming;
    const passed = httpRequest(new URL(incoming.url ?? "/", to), { method, headers }, (answer) => {
      // A service that is at work on a request: without this, none would ever meet another on a fast machine.
      const ready = [sleep(20)];
      if (method === "PUT") ready.push(Promise.race([all.promise, sleep(GATHERING_MS, undefined, { ref: false })]));
      void Promise.all(ready).then(() => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
      });
    });
    passed.on("error", () => outgoing.destroy());
    outgoing.on("close", () => {
      busy--;
      answered.good++;
    });
    incoming.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answered,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

it("S12 a target that bears six requests at once is found to bear six: few are refused, and no object fails", async () => {
  const objects = 400;
  await seed(world, objects);
  const front = await gateway(world.target.url, 6, 6);
  try {
    world.configure((config) => {
      const target = config.routes[0]?.target;
      if (target !== undefined) target["endpoint"] = front.url;
      config["copy"] = { concurrency: 32, maxAttempts: 10 };
    });
    const { code, summary, stderr } = await cli(["copy", "--plan", "-c", world.configFile, "--json"]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(summary["counts"]).toMatchObject({ copied: objects, failed: 0 });
    expect(front.answered.mostAtOnce).toBe(6);
    // Without a limit that adapts, 26 of each 32 are refused, and again after each pause.
    expect(front.answered.refused).toBeLessThan(objects / 2);
    expect(await inventory(world.route.target)).toEqual(await inventory(world.route.source));
  } finally {
    await front.close();
  }
}, 240_000);

it("a target that is well is given all the requests that are configured, from the first wave on", async () => {
  await seed(world, 120);
  const front = await gateway(world.target.url, 1_000, 24);
  try {
    world.configure((config) => {
      const target = config.routes[0]?.target;
      if (target !== undefined) target["endpoint"] = front.url;
      config["copy"] = { concurrency: 24 };
    });
    const { code, stderr } = await cli(["copy", "--plan", "-c", world.configFile, "--json"]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(front.answered.refused).toBe(0);
    expect(front.answered.mostAtOnce).toBeGreaterThan(12);
    expect(front.answered.mostAtOnce).toBeLessThanOrEqual(26);
  } finally {
    await front.close();
  }
}, 240_000);

it("a bandwidth limit holds for all processes together", async () => {
  await seed(world, 100);
  const planned = await cli(["plan", "-c", world.configFile]);
  expect(planned).toMatchObject({ code: 0 });
  const bytes = (100 * 99 * 7) / 2;
  const bytesPerSecond = 20_000;
  const start = performance.now();
  const args = ["copy", "-c", world.configFile, "--json", "--processes", "2", "--bandwidth", String(bytesPerSecond)];
  const { code, summary, stderr } = await cli(args);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(summary["counts"]).toMatchObject({ copied: 100, bytes });
  // A quarter of a second is free at the beginning, in each process.
  expect(performance.now() - start).toBeGreaterThan((bytes / bytesPerSecond - 0.5) * 1_000);
}, 240_000);

it("copying waits while the schedule pauses it, says so, and ends in order when it is interrupted", async () => {
  await seed(world, 5);
  world.configure((config) => {
    config["copy"] = { schedule: { windows: [{ from: "00:00", to: "00:00", pause: true }] } };
  });
  const running = startCli(["copy", "--plan", "-c", world.configFile, "--json"]);
  await new Promise<void>((resolve) => {
    running.child.stdout?.on("data", (text: Buffer) => {
      if (text.toString("utf8").includes('"schedule"')) resolve();
    });
  });
  running.child.kill("SIGINT");
  const { code, events } = await running.result;
  expect(code).toBe(130);
  expect(events).toContainEqual(expect.objectContaining({ type: "schedule", paused: true }));
  expect(world.count("target", "PutObject")).toBe(0);
}, 240_000);
