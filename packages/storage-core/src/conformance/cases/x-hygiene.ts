import type { ConformanceCase, Need, RunRecord } from "../case.ts";
import { activeResources, residentBytes } from "../active-resources.ts";
import { REQUEST_BUDGETS } from "../budgets.ts";
import { collect, equal, eventually, ok, pause, show } from "../check.ts";
import { conformanceCase } from "../define.ts";

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

/** A stream of a gigabyte may hold some parts in flight, and what the collector has not taken away yet. */
const MEMORY_BOUND = 384 * MIB;

/** So many that a leak of each stands out from what else comes and goes. */
const INSTANCES = 10;

function uncleaned(run: RunRecord, what: RunRecord["uncleaned"][number]["what"]): readonly string[] {
  return run.uncleaned.filter((leftover) => leftover.what === what).map(({ caseId, reason }) => `${caseId}: ${reason}`);
}

const HOLDS_A_GIGABYTE: Need = { name: "maxObjectBytes of 1 GiB", in: ({ maxObjectBytes }) => maxObjectBytes >= GIB };

/** They look at what the run left behind, so they come after all others. */
export const HYGIENE_CASES: readonly ConformanceCase[] = [
  conformanceCase({
    id: "X01",
    title: "no object is left under the prefix of the run",
    level: "core",
    async run(t) {
      equal(t.run.leakedKeys, [], "objects that could not be deleted after their case");
      equal(uncleaned(t.run, "objects"), [], "cases whose objects could not be removed");
      equal(
        await collect(t.provider.list({ prefix: t.run.prefix, signal: t.signal })),
        [],
        "objects under the run's prefix",
      );
    },
  }),

  conformanceCase({
    id: "X02",
    title: "no upload in parts is left open",
    level: "core",
    async run(t) {
      equal(t.run.leakedUploads, [], "uploads that a case left open");
      equal(uncleaned(t.run, "uploads"), [], "cases whose uploads could not be looked for");
      if (t.capabilities.multipart === false) return;
      const open = await collect(t.provider.multipart.list({ prefix: t.run.prefix, signal: t.signal }));
      equal(open, [], "open uploads under the run's prefix");
    },
  }),

  conformanceCase({
    id: "X03",
    title: "after close no socket, timer or open file of the provider is left, also when a body was never read",
    level: "core",
    async run(t) {
      const before = activeResources();
      if (before === undefined) return t.skip("the runtime does not tell which resources are open");
      const key = t.key("a.bin");
      await t.provider.put(key, new Uint8Array(MIB), { signal: t.signal });
      for (let made = 0; made < INSTANCES; made += 1) {
        const provider = await t.harness.createProvider();
        await (await provider.get(key, { signal: t.signal })).bytes();
        await (await provider.get(key, { signal: t.signal })).cancel();
        await provider.get(key, { signal: t.signal });
        await collect(provider.list({ prefix: t.prefix, signal: t.signal }));
        await provider.close();
      }
      // Whoever runs the suite has timers and sockets of its own that come and go; a leak is there once per instance.
      const check = (): void => {
        const more = (activeResources() ?? 0) - before;
        ok(
          more < INSTANCES / 2,
          `after ${INSTANCES} providers were closed, ${more} more resources are open than before`,
        );
      };
      await eventually(check, { signal: t.signal });
    },
  }),

  conformanceCase({
    id: "X04",
    title: "no rejection went unhandled during the run",
    level: "core",
    async run(t) {
      // A rejection is called unhandled when its turn of the event loop ends.
      await pause(0, t.signal);
      equal(t.run.unhandledRejections.map(show), [], "unhandled rejections");
    },
  }),

  conformanceCase({
    id: "X05",
    title: "a gigabyte streams in and out within bounded memory",
    level: "stress",
    needs: [HOLDS_A_GIGABYTE],
    timeoutMs: 600_000,
    async run(t) {
      const before = residentBytes();
      if (before === undefined) return t.skip("the runtime does not tell how much memory is used");
      const key = t.key("gigabyte.bin");
      const chunk = new Uint8Array(MIB).map((_, index) => index % 251);
      let most = before;
      const measure = (): void => {
        most = Math.max(most, residentBytes() ?? 0);
      };
      async function* gigabyte(): AsyncGenerator<Uint8Array> {
        for (let sent = 0; sent < GIB; sent += chunk.length) {
          measure();
          yield chunk;
        }
      }
      await t.provider.put(key, gigabyte(), { contentLength: GIB, signal: t.signal });
      let read = 0;
      for await (const piece of await t.provider.get(key, { signal: t.signal })) {
        // One byte of each piece is enough to see that the right ones come, in their order.
        ok(piece.length === 0 || piece[0] === chunk[read % MIB], `byte ${read} is not the one that was sent`);
        read += piece.length;
        measure();
      }
      equal(read, GIB, "bytes read");
      ok(
        most - before <= MEMORY_BOUND,
        `memory grew by ${Math.round((most - before) / MIB)} MiB while a gigabyte streamed`,
      );
    },
  }),

  conformanceCase({
    id: "X06",
    title: "no case took more requests than its recorded budget",
    level: "core",
    asks: ["requests"],
    async run(t) {
      const over = t.run.results.flatMap(({ id, outcome, requests = 0 }) => {
        const budget = REQUEST_BUDGETS[id];
        return outcome === "passed" && budget !== undefined && requests > budget
          ? [`${id}: ${requests} of ${budget}`]
          : [];
      });
      equal(over, [], "cases above their budget of requests");
    },
  }),
];
