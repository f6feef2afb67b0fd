import type { MultipartUpload } from "../../contract/provider.ts";
import { isStorageError } from "../../errors/storage-error.ts";
import type { CaseContext, ConformanceCase } from "../case.ts";
import { bytesEqual, collect, equal, fail, ok, rejects, rejectsWith, show } from "../check.ts";
import { concatenated, failingStream, iterableOf, utf8 } from "../content.ts";
import { conformanceCase } from "../define.ts";
import { description, descriptionOf } from "../described.ts";
import { textOf } from "../objects.ts";
import { openUploads, partBodies, partRules, sendParts } from "../parts.ts";
import { randomBytes } from "../random.ts";
import { absent, bytesOf, holds } from "../stored.ts";

/** Parts of 5 MiB over a slow line. */
const SLOW_UPLOAD_MS = 180_000;

export const MULTIPART_CASES: readonly ConformanceCase[] = [
  conformanceCase({
    id: "K01",
    title: "parts in order make one object, with the headers and metadata that the upload was begun with",
    level: "extended",
    needs: ["multipart"],
    timeoutMs: SLOW_UPLOAD_MS,
    async run(t) {
      const { multipart } = t.provider;
      const key = t.key("in-order.bin");
      const bodies = partBodies(t, 1);
      const stored = description(t.capabilities, "first");
      const upload = await multipart.create(key, { ...stored, signal: t.signal });
      equal(upload.key, key, "key of the upload");
      const parts = await sendParts(t, upload, bodies);
      equal(
        parts.map(({ partNumber, size }) => [partNumber, size]),
        bodies.map(({ length }, index) => [index + 1, length]),
        "parts",
      );
      await absent(t, key, "the object before complete");

      const result = await multipart.complete(upload, parts, { signal: t.signal });
      const whole = concatenated(bodies);
      await holds(t, key, whole, "the object of all parts");
      const info = await t.provider.head(key, { signal: t.signal });
      equal([result.key, result.size, result.etag], [key, whole.length, info.etag], "key, size and etag of the result");
      equal(descriptionOf(info, stored), stored, "headers and metadata");
      equal(await openUploads(t), [], "open uploads after complete");
    },
    refusal: refusesParts,
  }),

  conformanceCase({
    id: "K02",
    title: "parts sent out of order and at once are put together by their numbers",
    level: "extended",
    needs: ["multipart"],
    timeoutMs: SLOW_UPLOAD_MS,
    async run(t) {
      const { multipart } = t.provider;
      const key = t.key("out-of-order.bin");
      const bodies = partBodies(t, 2);
      const upload = await multipart.create(key, { signal: t.signal });
      const numbered = bodies.map((body, index) => ({ body, partNumber: index + 1 })).toReversed();
      const parts = await Promise.all(
        numbered.map(({ body, partNumber }) => multipart.uploadPart(upload, partNumber, body, { signal: t.signal })),
      );
      equal(
        parts.map(({ partNumber }) => partNumber),
        [3, 2, 1],
        "numbers, in the order in which they were sent",
      );
      await multipart.complete(upload, parts.toReversed(), { signal: t.signal });
      await holds(t, key, concatenated(bodies), "the object of all parts");
    },
    refusal: refusesParts,
  }),

  conformanceCase({
    id: "K03",
    title: "a part that is sent again replaces the earlier one",
    level: "extended",
    needs: ["multipart"],
    timeoutMs: SLOW_UPLOAD_MS,
    async run(t) {
      const { multipart } = t.provider;
      const key = t.key("again.bin");
      const [wrong, right, last] = [...partBodies(t, 2)];
      if (wrong === undefined || right === undefined || last === undefined) return;
      const upload = await multipart.create(key, { signal: t.signal });
      await multipart.uploadPart(upload, 1, wrong, { signal: t.signal });
      const second = await multipart.uploadPart(upload, 2, last, { signal: t.signal });
      const first = await multipart.uploadPart(upload, 1, right, { signal: t.signal });
      const listed = await multipart.listParts(upload, { signal: t.signal });
      equal(
        listed.map(({ partNumber, etag }) => [partNumber, etag]),
        [
          [1, first.etag],
          [2, second.etag],
        ],
        "parts listed",
      );
      await multipart.complete(upload, [first, second], { signal: t.signal });
      await holds(t, key, concatenated([right, last]), "the object of the later part 1");
    },
    refusal: refusesParts,
  }),

  conformanceCase({
    id: "K04",
    title: "part numbers may leave gaps",
    level: "extended",
    needs: ["multipart", "multipart.gaps"],
    timeoutMs: SLOW_UPLOAD_MS,
    async run(t) {
      const { multipart } = t.provider;
      const key = t.key("gaps.bin");
      const bodies = partBodies(t, 1);
      const upload = await multipart.create(key, { signal: t.signal });
      const parts = [];
      for (const [index, partNumber] of [2, 7].entries()) {
        parts.push(await multipart.uploadPart(upload, partNumber, bodies[index] ?? "", { signal: t.signal }));
      }
      await multipart.complete(upload, parts, { signal: t.signal });
      await holds(t, key, concatenated(bodies), "the object of parts 2 and 7");
    },
    async refusal(t) {
      const upload = { key: t.key("gaps.bin"), uploadId: "none" };
      const parts = [
        { partNumber: 2, etag: "a" },
        { partNumber: 7, etag: "b" },
      ];
      await rejectsWith(
        "Unsupported",
        () => t.provider.multipart.complete(upload, parts, { signal: t.signal }),
        "complete",
      );
    },
  }),

  conformanceCase({
    id: "K05",
    title: "complete with a part that was never sent, or with another etag, fails and leaves the object alone",
    level: "extended",
    needs: ["multipart"],
    timeoutMs: SLOW_UPLOAD_MS,
    async run(t) {
      const { multipart } = t.provider;
      const key = t.key("wrong-parts.bin");
      await t.provider.put(key, "old", { signal: t.signal });
      const upload = await multipart.create(key, { signal: t.signal });
      const [first, second] = await sendParts(t, upload, partBodies(t, 1));
      if (first === undefined || second === undefined) return;
      const otherETag = first.etag.replace(/[0-9a-f]/u, (digit) => (digit === "0" ? "1" : "0"));
      const attempts = {
        "a part that was never sent": [first, second, { partNumber: 3, etag: second.etag }],
        "a wrong etag": [{ partNumber: 1, etag: otherETag }, second],
      };
      for (const [what, parts] of Object.entries(attempts)) {
        const error = await rejects(
          () => multipart.complete(upload, parts, { signal: t.signal }),
          `complete with ${what}`,
        );
        ok(
          isStorageError(error) && !error.retryable,
          `complete with ${what}: no permanent StorageError: ${show(error)}`,
        );
        equal(await textOf(t, key), "old", `content after complete with ${what}`);
      }
      await multipart.abort(upload, { signal: t.signal });
    },
    refusal: refusesParts,
  }),

  conformanceCase({
    id: "K06",
    title: "a part below the smallest size fails at the latest at complete, unless it is the last",
    level: "extended",
    needs: ["multipart"],
    async run(t) {
      const { multipart } = t.provider;
      const key = t.key("small-parts.bin");
      const upload = await multipart.create(key, { signal: t.signal });
      const small = [utf8("small"), utf8("er")];
      const attempt = async () => multipart.complete(upload, await sendParts(t, upload, small), { signal: t.signal });
      if (partRules(t).minPartBytes <= 5) {
        await attempt();
        await holds(t, key, concatenated(small), "an object of small parts, where there is no smallest size");
        return;
      }
      await rejectsWith(["InvalidArgument", "TooLarge"], attempt, "complete of parts below the smallest size");
      await absent(t, key, "the object of parts that are too small");
      await multipart.abort(upload, { signal: t.signal });
    },
    refusal: refusesParts,
  }),

  conformanceCase({
    id: "K07",
    title: "complete with no part at all is an InvalidArgument and makes no object",
    level: "extended",
    needs: ["multipart"],
    async run(t) {
      const { multipart } = t.provider;
      const key = t.key("no-parts.bin");
      const upload = await multipart.create(key, { signal: t.signal });
      await rejectsWith(
        "InvalidArgument",
        () => multipart.complete(upload, [], { signal: t.signal }),
        "complete of nothing",
      );
      await absent(t, key, "the object of no parts");
      await multipart.abort(upload, { signal: t.signal });
    },
    refusal: refusesParts,
  }),

  conformanceCase({
    id: "K08",
    title: "another instance finds an upload and its parts, and finishes it",
    level: "extended",
    needs: ["multipart"],
    timeoutMs: SLOW_UPLOAD_MS,
    async run(t) {
      const key = t.key("resumed.bin");
      const bodies = partBodies(t, 1);
      const [begun, rest] = [bodies.slice(0, 1), bodies[1]];
      const sent = await sendParts(t, await t.provider.multipart.create(key, { signal: t.signal }), begun);

      const { multipart } = await t.createProvider();
      const [upload, ...others] = await collect(multipart.list({ prefix: t.prefix, signal: t.signal }));
      if (upload === undefined) fail("another instance does not find the open upload");
      equal([upload.key, others.length], [key, 0], "key of the open upload, and how many others there are");
      const found = await multipart.listParts(upload, { signal: t.signal });
      equal(
        // Not every service says how long a part is.
        found.map(({ partNumber, etag, size = sent[0]?.size }) => [partNumber, etag, size]),
        sent.map(({ partNumber, etag, size }) => [partNumber, etag, size]),
        "parts found",
      );
      const last = await multipart.uploadPart(upload, 2, rest ?? "", { signal: t.signal });
      await multipart.complete(upload, [...found, last], { signal: t.signal });
      await holds(t, key, concatenated(bodies), "the object of both instances' parts");
    },
    refusal: refusesParts,
  }),

  conformanceCase({
    id: "K09",
    title: "an aborted upload is gone with its parts, shows no object, and can be aborted again",
    level: "extended",
    needs: ["multipart"],
    async run(t) {
      const { multipart } = t.provider;
      const key = t.key("aborted.bin");
      const upload = await multipart.create(key, { signal: t.signal });
      const part = await multipart.uploadPart(upload, 1, "a part", { signal: t.signal });
      await multipart.abort(upload, { signal: t.signal });
      await rejectsWith("NotFound", () => multipart.listParts(upload, { signal: t.signal }), "listParts after abort");
      await rejectsWith(
        "NotFound",
        () => multipart.uploadPart(upload, 2, "b", { signal: t.signal }),
        "uploadPart after abort",
      );
      // Not every service remembers an upload long enough to say NotFound here; that it makes no object is what counts.
      await rejects(() => multipart.complete(upload, [part], { signal: t.signal }), "complete after abort");
      await absent(t, key, "the object of an aborted upload");
      equal(await openUploads(t), [], "open uploads after abort");
      await multipart.abort(upload, { signal: t.signal });
    },
    refusal: refusesParts,
  }),

  conformanceCase({
    id: "K10",
    title: "complete said twice succeeds again or is NotFound, and the object stays whole",
    level: "extended",
    needs: ["multipart"],
    async run(t) {
      const { multipart } = t.provider;
      const key = t.key("twice.bin");
      const upload = await multipart.create(key, { signal: t.signal });
      const parts = await sendParts(t, upload, [utf8("the only part")]);
      await multipart.complete(upload, parts, { signal: t.signal });
      const again = await multipart.complete(upload, parts, { signal: t.signal }).then(
        () => undefined,
        (error: unknown) => error,
      );
      ok(again === undefined || isStorageError(again, "NotFound"), `the second complete failed with ${show(again)}`);
      equal(await textOf(t, key), "the only part", "content after two completes");
    },
    refusal: refusesParts,
  }),

  conformanceCase({
    id: "K11",
    title: "of two uploads to one key, the one completed last is the object, whole",
    level: "extended",
    needs: ["multipart"],
    timeoutMs: SLOW_UPLOAD_MS,
    async run(t) {
      const { multipart } = t.provider;
      const key = t.key("contested.bin");
      const [bodiesA, bodiesB] = [partBodies(t, 1), partBodies(t, 1)];
      const a = await multipart.create(key, { signal: t.signal });
      const b = await multipart.create(key, { signal: t.signal });
      const partsA = await sendParts(t, a, bodiesA);
      const partsB = await sendParts(t, b, bodiesB);
      await multipart.complete(b, partsB, { signal: t.signal });
      bytesEqual(await bytesOf(t, key), concatenated(bodiesB), "the object after the first complete");
      await multipart.complete(a, partsA, { signal: t.signal });
      bytesEqual(await bytesOf(t, key), concatenated(bodiesA), "the object after the second complete");
    },
    refusal: refusesParts,
  }),

  conformanceCase({
    id: "K12",
    title: "complete with ifNoneMatch fails with AlreadyExists when the key appeared meanwhile",
    level: "extended",
    needs: ["multipart", "conditionalMultipart.create"],
    async run(t) {
      const { multipart } = t.provider;
      const [taken, free] = [t.key("taken.bin"), t.key("free.bin")];
      const condition = { ifNoneMatch: "*", signal: t.signal } as const;
      const upload = await multipart.create(taken, { signal: t.signal });
      const parts = await sendParts(t, upload, [utf8("in parts")]);
      await t.provider.put(taken, "meanwhile", { signal: t.signal });
      await rejectsWith("AlreadyExists", () => multipart.complete(upload, parts, condition), "complete of a taken key");
      equal(await textOf(t, taken), "meanwhile", "content of the taken key");
      await multipart.abort(upload, { signal: t.signal });

      const other = await multipart.create(free, { signal: t.signal });
      await multipart.complete(other, await sendParts(t, other, [utf8("in parts")]), condition);
      equal(await textOf(t, free), "in parts", "content of the free key");
    },
    async refusal(t) {
      const upload: MultipartUpload = { key: t.key("taken.bin"), uploadId: "none" };
      const parts = [{ partNumber: 1, etag: "a" }];
      const call = () => t.provider.multipart.complete(upload, parts, { ifNoneMatch: "*", signal: t.signal });
      await rejectsWith("Unsupported", call, "complete with ifNoneMatch");
    },
  }),

  conformanceCase({
    id: "K13",
    title: "no open upload remains after a put in parts, whether it succeeds, fails or is aborted",
    level: "core",
    needs: ["multipart"],
    timeoutMs: SLOW_UPLOAD_MS,
    async run(t) {
      const partSizeBytes = Math.max(partRules(t).minPartBytes, 64 * 1024);
      const bytes = randomBytes(t.random, 2 * partSizeBytes + 1000);
      const chunks = [bytes.subarray(0, partSizeBytes), bytes.subarray(partSizeBytes)];
      const put = (name: string, body: Parameters<typeof t.provider.put>[1], signal = t.signal) =>
        t.provider.put(t.key(name), body, { partSizeBytes, concurrency: 2, signal });

      await put("whole.bin", iterableOf(chunks));
      await holds(t, t.key("whole.bin"), bytes, "an object put from a stream of unknown length");
      equal(await openUploads(t), [], "open uploads after a put");

      await rejects(
        put("broken.bin", failingStream(chunks, new Error("the source broke"))),
        "put of a breaking stream",
      );
      equal(await openUploads(t), [], "open uploads after a put that failed");
      await absent(t, t.key("broken.bin"), "the object of a put that failed");

      const controller = new AbortController();
      async function* abortedAtTheEnd() {
        yield* chunks;
        controller.abort();
      }
      await rejectsWith("Aborted", put("aborted.bin", abortedAtTheEnd(), controller.signal), "put that is aborted");
      equal(await openUploads(t), [], "open uploads after a put that was aborted");
      await absent(t, t.key("aborted.bin"), "the object of a put that was aborted");
    },
    refusal: refusesParts,
  }),
];

async function refusesParts(t: CaseContext): Promise<void> {
  const { multipart } = t.provider;
  const upload: MultipartUpload = { key: t.key("a.bin"), uploadId: "none" };
  const { signal } = t;
  await rejectsWith("Unsupported", () => multipart.create(upload.key, { signal }), "multipart.create");
  await rejectsWith("Unsupported", () => multipart.uploadPart(upload, 1, "a", { signal }), "multipart.uploadPart");
  await rejectsWith("Unsupported", () => multipart.listParts(upload, { signal }), "multipart.listParts");
  await rejectsWith("Unsupported", () => multipart.complete(upload, [], { signal }), "multipart.complete");
  await rejectsWith("Unsupported", () => multipart.abort(upload, { signal }), "multipart.abort");
  await rejectsWith("Unsupported", () => collect(multipart.list({ prefix: t.prefix, signal })), "multipart.list");
}
