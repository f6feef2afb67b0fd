import type { ConformanceCase } from "../case.ts";
import { collect, equal, eventually, ok, rejectsWith, within } from "../check.ts";
import { utf8 } from "../content.ts";
import { conformanceCase } from "../define.ts";
import { listenedSignal } from "../listened-signal.ts";
import { numbered, seed, textOf } from "../objects.ts";
import { everyOperation } from "../operations.ts";
import { openUploads } from "../parts.ts";
import { randomBytes } from "../random.ts";
import { sendsNothing } from "../sends-nothing.ts";
import { absent, bytesOf } from "../stored.ts";

/** How soon an aborted call has to settle, also over a slow line. */
const SOON_MS = 5_000;

export const ABORT_CASES: readonly ConformanceCase[] = [
  conformanceCase({
    id: "L01",
    title: "with a signal that is aborted already, every operation is Aborted and sends no request",
    level: "core",
    async run(t) {
      const signal = AbortSignal.abort(new Error("not any more"));
      for (const { name, call } of everyOperation(t)) {
        await sendsNothing(t, () =>
          rejectsWith("Aborted", () => within(SOON_MS, call(t.provider, { signal }), name), name),
        );
      }
    },
  }),

  conformanceCase({
    id: "L02",
    title: "an abort during put rejects soon, leaves the old object whole and no part behind",
    level: "core",
    async run(t) {
      const [replaced, created] = [t.key("replaced.bin"), t.key("created.bin")];
      await t.provider.put(replaced, "old", { signal: t.signal });
      for (const key of [replaced, created]) {
        const controller = new AbortController();
        // The source falls silent for good, so a put that waits for it would never come back.
        async function* abortedThenSilent() {
          yield utf8("the first bytes");
          controller.abort();
          await new Promise<never>((_, reject) => t.signal.addEventListener("abort", () => reject(new Error("over"))));
        }
        const put = t.provider.put(key, abortedThenSilent(), { signal: controller.signal });
        await rejectsWith("Aborted", () => within(SOON_MS, put, "an aborted put"), "put");
      }
      equal(await textOf(t, replaced), "old", "content after an aborted put");
      await absent(t, created, "the object of an aborted put");
      if (t.capabilities.multipart !== false) equal(await openUploads(t), [], "open uploads after an aborted put");
    },
  }),

  conformanceCase({
    id: "L03",
    title: "an abort while a body is read ends it with Aborted, and the next get works",
    level: "core",
    async run(t) {
      const key = t.key("large.bin");
      const bytes = randomBytes(t.random, 2 * 1024 * 1024);
      await t.provider.put(key, bytes, { signal: t.signal });

      const before = new AbortController();
      const unread = await t.provider.get(key, { signal: before.signal });
      before.abort();
      await rejectsWith("Aborted", () => within(SOON_MS, unread.bytes(), "bytes() after an abort"), "bytes()");

      const during = new AbortController();
      const opened = await t.provider.get(key, { signal: during.signal });
      let read = 0;
      const readOn = async (): Promise<void> => {
        for await (const chunk of opened) {
          read += chunk.length;
          during.abort();
        }
      };
      // A body that came as one chunk is at its end when it is aborted; then there is nothing left to refuse.
      const end = await within(
        SOON_MS,
        readOn().catch((error: unknown) => error),
        "reading on after an abort",
      );
      if (read < bytes.length) await rejectsWith("Aborted", () => Promise.reject(end), "reading on after an abort");

      equal((await bytesOf(t, key)).length, bytes.length, "bytes of a get after the aborted ones");
    },
  }),

  conformanceCase({
    id: "L04",
    title: "an abort ends the loop over list and deleteMany with Aborted, also while the source of keys is silent",
    level: "core",
    async run(t) {
      await seed(t, numbered(t, 20));
      const listing = new AbortController();
      const seen: unknown[] = [];
      const walk = async (): Promise<void> => {
        for await (const entry of t.provider.list({ prefix: t.prefix, signal: listing.signal })) {
          seen.push(entry);
          listing.abort();
        }
      };
      await rejectsWith("Aborted", () => within(SOON_MS, walk(), "list after an abort"), "list");
      equal(seen.length, 1, "entries seen of a listing that was aborted at the first");

      const deleting = new AbortController();
      async function* silent(): AsyncGenerator<string> {
        deleting.abort();
        yield await new Promise<never>((_, reject) =>
          t.signal.addEventListener("abort", () => reject(new Error("over"))),
        );
      }
      const waiting = collect(t.provider.deleteMany(silent(), { signal: deleting.signal }));
      await rejectsWith("Aborted", () => within(SOON_MS, waiting, "deleteMany after an abort"), "deleteMany");
      ok(await t.provider.exists(t.key("n0000"), { signal: t.signal }), "an object that nobody deleted is gone");
    },
  }),

  conformanceCase({
    id: "L05",
    title: "nobody listens to a signal any more when its call is done, however many calls it serves",
    level: "core",
    async run(t) {
      const { signal, listening } = listenedSignal();
      const key = t.key("a.txt");
      for (let round = 0; round < 25; round += 1) {
        await t.provider.put(key, "a", { signal });
        await (await t.provider.get(key, { signal })).bytes();
        await t.provider.head(key, { signal });
        await collect(t.provider.list({ prefix: t.prefix, signal }));
        await rejectsWith("NotFound", () => t.provider.get(t.key("missing"), { signal }));
      }
      await collect(t.provider.deleteMany([key], { signal }));
      await t.provider.put(key, "b", { signal });
      await (await t.provider.get(key, { signal })).cancel();
      await eventually(
        () => equal(listening(), 0, "listeners left on the signal of more than a hundred finished calls"),
        {
          signal: t.signal,
        },
      );
    },
  }),
];
