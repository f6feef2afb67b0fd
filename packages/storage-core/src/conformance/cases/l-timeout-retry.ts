import type { StorageProvider } from "../../contract/provider.ts";
import { retry } from "../../layers/retry.ts";
import type { RetryOptions } from "../../layers/retry-policy.ts";
import { timeout } from "../../layers/timeout.ts";
import { withLayers } from "../../layers/with-layers.ts";
import type { CaseContext, ConformanceCase } from "../case.ts";
import { bytesEqual, equal, fail, notEqual, ok, rejects, rejectsWith, within } from "../check.ts";
import { concatenated, iterableOf, utf8 } from "../content.ts";
import { conformanceCase } from "../define.ts";
import type { FaultControl, FaultRule, SeenRequest } from "../faults.ts";
import { textOf } from "../objects.ts";
import { randomBytes } from "../random.ts";
import { requestsOf } from "../requests.ts";
import { isStorageError } from "../../errors/storage-error.ts";

/** Patience of the providers under test, and how much longer they may take to say so. */
const PATIENCE_MS = 400;
const BOUND_MS = 10_000;

const LARGE = 1024 * 1024;
const CUT_AT = 100_000;

/**
 * The layers that an application puts around a provider, over this one. They need a service that fails on demand, so
 * what is shown here is that the adapter's errors tell them what to do.
 */
export const TIMEOUT_AND_RETRY_CASES: readonly ConformanceCase[] = [
  conformanceCase({
    id: "L06",
    title: "a service that never answers is a Timeout, in bounded time",
    level: "stress",
    asks: ["faults"],
    async run(t) {
      const impatient = withLayers(t.provider, [timeout({ timeoutMs: PATIENCE_MS })]);
      const key = t.key("silent.txt");
      inject(t, { match: {}, times: Infinity, fault: { kind: "silence" } });
      const calls: Readonly<Record<string, () => Promise<unknown>>> = {
        head: () => impatient.head(key, { signal: t.signal }),
        get: () => impatient.get(key, { signal: t.signal }),
        put: () => impatient.put(key, "a", { signal: t.signal }),
        listPage: () => impatient.listPage({ prefix: t.prefix, signal: t.signal }),
      };
      for (const [name, call] of Object.entries(calls)) {
        const error = await rejectsWith("Timeout", () => within(BOUND_MS, call(), name), name);
        ok(error.retryable, `a Timeout of ${name} is called ${error.persistence}`);
      }
    },
  }),

  conformanceCase({
    id: "L07",
    title: "a body that stalls half way is a Timeout, in bounded time",
    level: "stress",
    asks: ["faults"],
    async run(t) {
      const impatient = withLayers(t.provider, [timeout({ idleMs: PATIENCE_MS, minBytesPerSecond: Infinity })]);
      const key = t.key("stalling.bin");
      await t.provider.put(key, randomBytes(t.random, LARGE), { signal: t.signal });
      const match = await contentRequest(t, key);
      inject(t, { match, times: Infinity, fault: { kind: "stall", afterBytes: CUT_AT } });
      const readings = {
        "bytes()": async () => (await impatient.get(key, { signal: t.signal })).bytes(),
        iterating: async () => readToTheEnd(await impatient.get(key, { signal: t.signal })),
      };
      for (const [name, read] of Object.entries(readings)) {
        const error = await rejectsWith("Timeout", () => within(BOUND_MS, read(), name), name);
        ok(error.retryable, `a Timeout while ${name} is called ${error.persistence}`);
      }
    },
  }),

  conformanceCase({
    id: "L08",
    title: "a call that is answered by 503 twice succeeds at the third attempt",
    level: "stress",
    asks: ["faults"],
    async run(t) {
      const key = t.key("busy.txt");
      await t.provider.put(key, "busy", { signal: t.signal });
      const match = await contentRequest(t, key);
      const { provider, pauses } = patient(t);
      const faults = inject(t, { match, times: 2, fault: { kind: "answer", status: 503 } });
      equal(await textOf(t, key, provider), "busy", "content");
      equal(pauses.length, 2, "pauses between the attempts");
      equal(seenOf(faults, match).length, 3, "requests for the content, with two that were answered by 503");
    },
  }),

  conformanceCase({
    id: "L09",
    title: "a 429 with Retry-After is waited for, and the error says how long when it gives up",
    level: "stress",
    asks: ["faults"],
    async run(t) {
      const key = t.key("throttled.txt");
      await t.provider.put(key, "slowly", { signal: t.signal });
      const match = await contentRequest(t, key);
      const inAnHour = new Date(Date.now() + 3_600_000).toUTCString();
      for (const [form, value, least, most] of [
        ["in seconds", "7", 7_000, 7_000],
        ["as a date", inAnHour, 3_500_000, 3_601_000],
      ] as const) {
        const fault = { kind: "answer", status: 429, headers: { "retry-after": value } } as const;
        const { provider, pauses } = patient(t, { maxRetryAfterMs: 4_000_000 });
        t.harness.faults?.clear();
        inject(t, { match, times: 1, fault });
        equal(await textOf(t, key, provider), "slowly", `content after a Retry-After ${form}`);
        const [pause = -1] = pauses;
        ok(pause >= least && pause <= most, `a Retry-After ${form} of ${value} was waited for ${pause} ms`);

        inject(t, { match, times: Infinity, fault });
        const error = await rejectsWith("RateLimited", () => provider.get(key, { signal: t.signal }), "get");
        equal(error.persistence, "exhausted", "persistence after the last attempt");
        const { retryAfterMs = -1 } = error;
        ok(retryAfterMs >= least && retryAfterMs <= most, `retryAfterMs of a Retry-After ${form} is ${retryAfterMs}`);
      }
    },
  }),

  conformanceCase({
    id: "L10",
    title: "a reset during put is retried with a body that can be sent again, and not with one that cannot",
    level: "stress",
    asks: ["faults"],
    async run(t) {
      const content = "sent in one piece or another";
      const reset = { kind: "reset", when: "duringRequest" } as const;
      const again = {
        "text.txt": content,
        "bytes.bin": utf8(content),
        "blob.bin": new Blob([content]),
        "factory.bin": () => iterableOf([utf8(content)]),
      };
      for (const [name, body] of Object.entries(again)) {
        const { provider, pauses } = patient(t);
        inject(t, { match: { path: name }, times: 1, fault: reset });
        await provider.put(t.key(name), body, { contentLength: content.length, signal: t.signal });
        equal(await textOf(t, t.key(name)), content, `content of ${name}`);
        equal(pauses.length, 1, `retries of ${name}`);
      }

      const { provider, pauses } = patient(t);
      inject(t, { match: { path: "stream.bin" }, times: 1, fault: reset });
      const once = iterableOf([utf8(content)]);
      const put = () => provider.put(t.key("stream.bin"), once, { contentLength: content.length, signal: t.signal });
      const error = await rejects(put, "put of a one-shot stream");
      ok(
        isStorageError(error) && error.persistence === "exhausted",
        `expected an exhausted StorageError, got ${String(error)}`,
      );
      equal(pauses.length, 0, "retries of a one-shot stream");
      ok(
        /stream|once/iu.test(error.hint ?? ""),
        `the hint does not say why it was not retried: ${error.hint ?? "none"}`,
      );
      equal(await t.provider.exists(t.key("stream.bin"), { signal: t.signal }), false, "exists after the failed put");
    },
  }),

  conformanceCase({
    id: "L11",
    title: "a get that is cut is resumed where it broke, and fails when the object changed meanwhile",
    level: "stress",
    needs: ["range.bounded"],
    asks: ["faults"],
    async run(t) {
      const key = t.key("cut.bin");
      const bytes = randomBytes(t.random, LARGE);
      await t.provider.put(key, bytes, { signal: t.signal });
      const match = await contentRequest(t, key);
      const cut: FaultRule = { match, times: 1, fault: { kind: "truncate", afterBytes: CUT_AT, end: "cut" } };
      const { provider } = patient(t);
      const faults = inject(t, cut);
      const whole = await readToTheEnd(await provider.get(key, { signal: t.signal }));
      bytesEqual(whole, bytes, "content of a get that was cut once");
      const resumed = seenOf(faults, match).at(-1);
      notEqual(resumed?.headers.range, undefined, "Range of the request that goes on");
      if (t.capabilities.conditionalGet.ifMatch) {
        notEqual(resumed?.headers["if-match"], undefined, "If-Match of that request");
      }

      inject(t, cut);
      const opened = await provider.get(key, { signal: t.signal });
      await t.provider.put(key, randomBytes(t.random, LARGE), { signal: t.signal });
      await rejectsWith("PreconditionFailed", readToTheEnd(opened), "reading on in an object that changed");
    },
  }),

  conformanceCase({
    id: "L12",
    title: "a resumed get whose answer is not the rest that was asked for fails, and gives no byte twice",
    level: "stress",
    needs: ["range.bounded"],
    asks: ["faults"],
    async run(t) {
      const key = t.key("cut.bin");
      const bytes = randomBytes(t.random, LARGE);
      await t.provider.put(key, bytes, { signal: t.signal });
      const match = await contentRequest(t, key);
      const wrongAnswers = {
        "200 instead of 206": { status: 200, headers: { "content-range": null } },
        "another Content-Range": { headers: { "content-range": `bytes 0-${LARGE - 1}/${LARGE}` } },
        "the Content-Range of another object": {
          headers: { "content-range": `bytes ${CUT_AT}-${LARGE}/${LARGE + 1}` },
        },
      };
      for (const [what, answer] of Object.entries(wrongAnswers)) {
        t.harness.faults?.clear();
        inject(t, { match, times: 1, fault: { kind: "truncate", afterBytes: CUT_AT, end: "cut" } });
        inject(t, { match, times: Infinity, fault: { kind: "rewrite", ...answer } });
        const { provider } = patient(t);
        const given: Uint8Array[] = [];
        const read = async (): Promise<void> => {
          for await (const chunk of await provider.get(key, { signal: t.signal })) given.push(chunk);
        };
        const error = await rejects(read, `reading on after ${what}`);
        ok(isStorageError(error), `${what}: expected a StorageError, got ${String(error)}`);
        const count = given.reduce((sum, { length }) => sum + length, 0);
        ok(count <= CUT_AT, `${what}: ${count} bytes were given, of which only ${CUT_AT} came from a right answer`);
      }
    },
  }),

  conformanceCase({
    id: "L13",
    title: "a create-only put whose answer was lost says AlreadyExists with `applied` unknown when it is tried again",
    level: "stress",
    needs: ["conditionalPut.create"],
    asks: ["faults"],
    async run(t) {
      const key = t.key("created.txt");
      const { provider, pauses } = patient(t);
      inject(t, {
        match: { method: "PUT", path: "created.txt" },
        times: 1,
        fault: { kind: "reset", when: "afterRequest" },
      });
      const put = () => provider.put(key, "mine", { ifNoneMatch: "*", signal: t.signal });
      const error = await rejectsWith("AlreadyExists", put, "put");
      equal(error.applied, "unknown", "applied of the error: nobody can tell whose object it is");
      equal(pauses.length, 1, "retries");
      equal(await textOf(t, key), "mine", "content of the object");
    },
  }),

  conformanceCase({
    id: "L14",
    title: "a delete that failed after it was done succeeds when it is tried again",
    level: "stress",
    asks: ["faults"],
    async run(t) {
      const fates = {
        "a 500": { kind: "rewrite", status: 500, body: "" },
        "no answer": { kind: "reset", when: "afterRequest" },
      } as const;
      for (const [what, fault] of Object.entries(fates)) {
        const key = t.key("deleted.txt");
        await t.provider.put(key, "x", { signal: t.signal });
        const { provider, pauses } = patient(t);
        inject(t, { match: { method: "DELETE" }, times: 1, fault });
        await provider.delete(key, { signal: t.signal });
        equal(pauses.length, 1, `retries after ${what}`);
        equal(await t.provider.exists(key, { signal: t.signal }), false, `exists after ${what} and a second attempt`);
      }
    },
  }),

  conformanceCase({
    id: "L15",
    title: "what cannot get better is not tried again",
    level: "core",
    asks: ["requests"],
    async run(t) {
      const missing = t.key("missing.txt");
      const calls = {
        get: (p: StorageProvider) => p.get(missing, { signal: t.signal }),
        head: (p: StorageProvider) => p.head(missing, { signal: t.signal }),
        copy: (p: StorageProvider) => p.copy(missing, t.key("copy.txt"), { signal: t.signal }),
      };
      const { provider, pauses } = patient(t);
      for (const [name, call] of Object.entries(calls)) {
        const alone = await requestsOf(t, () => rejectsWith("NotFound", () => call(t.provider), name));
        const layered = await requestsOf(t, () => rejectsWith("NotFound", () => call(provider), name));
        equal(layered, alone, `requests of ${name} with a retry around the provider, against those without`);
      }
      await rejectsWith("InvalidKey", () => provider.put("", "a", { signal: t.signal }), "put");
      equal(pauses, [], "pauses before another attempt");
    },
  }),
];

/** The provider with a retry around it that does not wait: its pauses are noted instead. */
function patient(
  t: CaseContext,
  options: RetryOptions = {},
): { readonly provider: StorageProvider; readonly pauses: readonly number[] } {
  const pauses: number[] = [];
  const sleep = async (ms: number): Promise<void> => void pauses.push(ms);
  return { provider: withLayers(t.provider, [retry({ maxAttempts: 4, ...options, sleep })]), pauses };
}

function inject(t: CaseContext, rule: FaultRule): FaultControl {
  const { faults } = t.harness;
  if (faults === undefined) fail("this case disturbs requests, so it has to ask for `faults`");
  faults.inject(rule);
  return faults;
}

/**
 * What tells the request that carries an object's bytes from others that a `get` may make for its description. A range
 * is asked for where the provider can, since only that request has the header.
 */
async function contentRequest(t: CaseContext, key: string): Promise<FaultRule["match"] & { readonly path: string }> {
  const range = t.capabilities.range.bounded ? { offset: 0, length: 1 } : undefined;
  t.harness.faults?.clear();
  await (await t.provider.get(key, { range, signal: t.signal })).bytes();
  const gets = t.harness.faults?.seen().filter(({ method }) => method === "GET") ?? [];
  const found = range === undefined ? gets.at(-1) : gets.find(({ headers }) => headers.range !== undefined);
  t.harness.faults?.clear();
  if (found === undefined) fail("the fault proxy saw no request for the content of an object");
  return { method: found.method, path: found.path };
}

function seenOf(
  faults: FaultControl,
  { method, path }: { readonly method?: string; readonly path: string },
): readonly SeenRequest[] {
  return faults.seen().filter((request) => request.method === method && request.path === path);
}

async function readToTheEnd(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return concatenated(chunks);
}
