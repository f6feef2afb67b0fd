import type { StorageProvider } from "../../contract/provider.ts";
import { PERSISTENCE_OF, type StorageErrorCode } from "../../errors/error-codes.ts";
import { isStorageError, StorageError, type StorageOperation } from "../../errors/storage-error.ts";
import type { CaseContext, ConformanceCase, Variant } from "../case.ts";
import { collect, equal, namesKey, ok, rejects, rejectsWith, show, within } from "../check.ts";
import { conformanceCase } from "../define.ts";
import { textOf } from "../objects.ts";
import { everyOperation } from "../operations.ts";
import { showsNoSecret } from "../secrets.ts";

/** What an answer without a readable body has to be called, by its status alone. More than one where services differ. */
const CODES_OF_STATUS: readonly {
  readonly status: number;
  readonly call: "get" | "put" | "list";
  readonly codes: readonly StorageErrorCode[];
  /** Undefined: either. */
  readonly retryable: boolean | undefined;
}[] = [
  { status: 400, call: "list", codes: ["InvalidArgument", "Unknown"], retryable: false },
  { status: 401, call: "list", codes: ["Unauthenticated"], retryable: false },
  { status: 403, call: "list", codes: ["PermissionDenied", "Unauthenticated"], retryable: false },
  { status: 404, call: "get", codes: ["NotFound", "BucketNotFound"], retryable: false },
  { status: 405, call: "put", codes: ["Unsupported", "InvalidArgument", "InvalidConfig", "Unknown"], retryable: false },
  { status: 409, call: "put", codes: ["Conflict", "AlreadyExists"], retryable: undefined },
  { status: 411, call: "put", codes: ["InvalidArgument", "Unsupported", "Unknown"], retryable: false },
  { status: 412, call: "put", codes: ["PreconditionFailed", "AlreadyExists"], retryable: false },
  { status: 413, call: "put", codes: ["TooLarge"], retryable: false },
  { status: 416, call: "get", codes: ["InvalidRange"], retryable: false },
  { status: 429, call: "get", codes: ["RateLimited"], retryable: true },
  { status: 500, call: "get", codes: ["Unavailable"], retryable: true },
  { status: 501, call: "put", codes: ["Unsupported"], retryable: false },
  { status: 502, call: "get", codes: ["Unavailable"], retryable: true },
  // S3 says SlowDown with a 503, so without a body it may be either.
  { status: 503, call: "get", codes: ["Unavailable", "RateLimited"], retryable: true },
  { status: 504, call: "get", codes: ["Unavailable", "Timeout"], retryable: true },
];

const HTML = "<!doctype html><html><head><title>Bad gateway</title></head><body><h1>502</h1></body></html>";

export const ERROR_CASES: readonly ConformanceCase[] = [
  conformanceCase({
    id: "M01",
    title: "whatever goes in, no method throws at once, and every rejection is a StorageError",
    level: "core",
    async run(t) {
      const { provider, signal } = t;
      const key = t.key("a.txt");
      const wrong = undefined as never;
      const calls: Readonly<Record<string, () => Promise<unknown>>> = {
        "put without key": () => provider.put(wrong, "a", { signal }),
        "put without body": () => provider.put(key, wrong, { signal }),
        "put of a number": () => provider.put(key, 42 as never, { signal }),
        "put of a plain object": () => provider.put(key, {} as never, { signal }),
        "put with half a surrogate pair": () => provider.put(t.key("\ud800"), "a", { signal }),
        "get without key": () => provider.get(wrong, { signal }),
        "get of a missing key": () => provider.get(t.key("missing"), { signal }),
        "get with a range that is none": () => provider.get(key, { range: {} as never, signal }),
        "head of a number": () => provider.head(42 as never, { signal }),
        "exists of an empty key": () => provider.exists("", { signal }),
        "delete without key": () => provider.delete(wrong, { signal }),
        "copy without destination": () => provider.copy(key, wrong, { signal }),
        "list with a prefix that is no text": () => collect(provider.list({ prefix: 42 as never, signal })),
        "listPage with a cursor that is no text": () => provider.listPage({ cursor: 42 as never, signal }),
        "deleteMany without keys": () => collect(provider.deleteMany(wrong, { signal })),
        "deleteMany of a source that breaks": () => collect(provider.deleteMany(breakingKeys(key), { signal })),
        "presign without method": () => provider.presign({ key, expiresInSeconds: 60, signal } as never),
        "create without key": () => provider.multipart.create(wrong, { signal }),
        "listParts without upload": () => provider.multipart.listParts(wrong, { signal }),
        "complete without parts": () => provider.multipart.complete({ key, uploadId: "none" }, wrong, { signal }),
        "list of uploads with a prefix that is no text": () =>
          collect(provider.multipart.list({ prefix: 42 as never, signal })),
      };
      for (const [what, call] of Object.entries(calls)) {
        const error = await rejects(() => within(10_000, call(), what), what);
        ok(error instanceof StorageError, `${what}: expected a StorageError, got ${show(error)}`);
      }
    },
  }),

  conformanceCase({
    id: "M02",
    title: "a status without a readable body is named by the code table, with the status in the error",
    level: "core",
    needs: ["remote"],
    asks: ["faults"],
    async run(t) {
      const { faults } = t.harness;
      const key = t.key("status.txt");
      const { provider, signal } = t;
      await provider.put(key, "a", { signal });
      const calls = {
        get: async () => (await provider.get(key, { signal })).bytes(),
        put: () => provider.put(key, "b", { signal }),
        list: () => provider.listPage({ prefix: key, signal }),
      };
      for (const { status, call, codes, retryable } of CODES_OF_STATUS) {
        faults?.clear();
        faults?.inject({ match: {}, times: Infinity, fault: { kind: "answer", status } });
        const error = await rejectsWith(codes, calls[call], `${call} answered by an empty ${status}`);
        equal(error.status, status, `status of the ${error.code} error`);
        if (retryable !== undefined)
          equal(error.retryable, retryable, `retryable of ${error.code} by status ${status}`);
      }
      faults?.clear();
      equal(await textOf(t, key), "a", "content after puts that were all refused");
    },
  }),

  conformanceCase({
    id: "M03",
    title:
      "credentials that the service does not know are Unauthenticated; known ones without the right, PermissionDenied",
    level: "core",
    needs: ["credentials"],
    asks: ["variant:wrongCredentials", "variant:forbidden"],
    async run(t) {
      const key = t.key("guarded.txt");
      const { signal } = t;
      await t.provider.put(key, "guarded", { signal });
      const codes = { wrongCredentials: "Unauthenticated", forbidden: "PermissionDenied" } as const;
      for (const [variant, code] of Object.entries(codes) as [Variant, StorageErrorCode][]) {
        const stranger = await t.createVariant(variant);
        // Not head: its answer has no body, and S3's 403 does not tell the two apart without one.
        await rejectsWith(code, () => stranger.put(t.key("new.txt"), "x", { signal }), `put with ${variant}`);
        await rejectsWith(code, async () => (await stranger.get(key, { signal })).bytes(), `get with ${variant}`);
        await rejectsWith(code, () => stranger.listPage({ prefix: t.prefix, signal }), `listPage with ${variant}`);
      }
      equal(await t.provider.exists(t.key("new.txt"), { signal }), false, "exists of what strangers put");
    },
  }),

  conformanceCase({
    id: "M04",
    title: "expired credentials are Unauthenticated, and a provider with fresh ones works at once",
    level: "core",
    needs: ["credentials"],
    asks: ["variant:expiredCredentials"],
    async run(t) {
      const key = t.key("a.txt");
      const expired = await t.createVariant("expiredCredentials");
      const error = await rejectsWith("Unauthenticated", () => expired.put(key, "a", { signal: t.signal }), "put");
      ok(!error.retryable, "the same expired credentials will not do better next time");
      const fresh = await t.createProvider();
      await fresh.put(key, "a", { signal: t.signal });
      equal(await textOf(t, key), "a", "content put with fresh credentials");
    },
  }),

  conformanceCase({
    id: "M05",
    title: "a wrong region is InvalidConfig or Unavailable, with a hint about what to change",
    level: "core",
    needs: ["remote"],
    asks: ["variant:wrongRegion"],
    async run(t) {
      const elsewhere = await t.createVariant("wrongRegion");
      const call = () => elsewhere.listPage({ prefix: t.prefix, signal: t.signal });
      const error = await rejectsWith(["InvalidConfig", "Unavailable"], call, "listPage");
      ok(/region|endpoint/iu.test(error.hint ?? ""), `the hint does not speak of the region: ${show(error.hint)}`);
    },
  }),

  conformanceCase({
    id: "M06",
    title: "a clock that is off is either corrected or said to be the reason",
    level: "core",
    needs: ["credentials"],
    asks: ["variant:skewedClock"],
    async run(t) {
      const late = await t.createVariant("skewedClock");
      const outcome = await late.listPage({ prefix: t.prefix, signal: t.signal }).catch((error: unknown) => error);
      if (!(outcome instanceof Error)) return;
      ok(isStorageError(outcome), `expected a StorageError, got ${show(outcome)}`);
      ok(/clock/iu.test(outcome.hint ?? ""), `the hint does not speak of the clock: ${show(outcome.hint)}`);
    },
  }),

  conformanceCase({
    id: "M07",
    title: "a page of HTML or an empty body where an answer belongs is Unavailable or Unknown, and nothing crashes",
    level: "core",
    needs: ["remote"],
    asks: ["faults"],
    async run(t) {
      const { faults } = t.harness;
      const listing = () => t.provider.listPage({ prefix: t.prefix, signal: t.signal });
      const html = { "content-type": "text/html" };
      const answers = [
        { status: 502, headers: html, body: HTML },
        { status: 502 },
        { status: 200, headers: html, body: HTML },
        { status: 200, body: "" },
        { status: 200, headers: { "content-type": "application/xml" }, body: '<?xml version="1.0"?><List' },
        { status: 200, headers: { "content-type": "application/json" }, body: '{"obj' },
      ];
      for (const answer of answers) {
        faults?.clear();
        faults?.inject({ match: {}, times: Infinity, fault: { kind: "answer", ...answer } });
        await rejectsWith(
          ["Unavailable", "Unknown"],
          listing,
          `listPage answered by ${answer.status} ${show(answer.body)}`,
        );
      }
      faults?.clear();
      await listing();
    },
  }),

  conformanceCase({
    id: "M08",
    title: "an error goes into JSON with what a person needs, and without secrets, headers, bodies or causes",
    level: "core",
    async run(t) {
      const body = "what the body says is nobody's business";
      for (const error of await provokedErrors(t, body)) {
        const json = JSON.stringify(error);
        const { name, code, message, provider, operation } = JSON.parse(json) as Record<string, unknown>;
        equal(
          { name, code, message },
          { name: "StorageError", code: error.code, message: error.message },
          "name, code and message",
        );
        equal(
          { provider, operation },
          { provider: error.provider, operation: error.operation },
          "provider and operation",
        );
        const strange = Object.keys(JSON.parse(json) as object).filter((field) => !JSON_FIELDS.has(field));
        equal(strange, [], "fields that do not belong into the JSON of an error");
        showsNoSecret(error, [body]);
      }
    },
  }),

  conformanceCase({
    id: "M09",
    title: "an error names provider, operation and key, and the status where there was an answer",
    level: "core",
    async run(t) {
      const { provider, signal } = t;
      const missing = t.key("missing.txt");
      const calls: Partial<Record<StorageOperation, () => Promise<unknown>>> = {
        get: () => provider.get(missing, { signal }),
        head: () => provider.head(missing, { signal }),
        copy: () => provider.copy(missing, t.key("copy.txt"), { signal }),
      };
      for (const [operation, call] of Object.entries(calls)) {
        const error = await rejectsWith("NotFound", call, operation);
        equal([error.provider, error.operation], [provider.name, operation], "provider and operation of the error");
        namesKey(error, missing);
      }
      for (const operation of ["put", "exists", "delete"] as const) {
        const call: Promise<unknown> =
          operation === "put" ? provider.put("", "a", { signal }) : provider[operation]("", { signal });
        const error = await rejectsWith("InvalidKey", call, operation);
        equal([error.provider, error.operation], [provider.name, operation], "provider and operation of the error");
      }
      const { faults } = t.harness;
      if (faults === undefined) return;
      faults.inject({ match: {}, times: Infinity, fault: { kind: "answer", status: 500 } });
      const error = await rejectsWith("Unavailable", () => provider.get(missing, { signal }), "get answered by 500");
      equal(
        [error.status, error.operation, error.key],
        [500, "get", missing],
        "status, operation and key of the error",
      );
    },
  }),

  conformanceCase({
    id: "M10",
    title: "what cannot get better is not called retryable, and an outage is never called permanent",
    level: "core",
    async run(t) {
      for (const error of await provokedErrors(t, "body")) {
        equal(error.persistence, PERSISTENCE_OF[error.code], `persistence of ${error.code}`);
        equal(error.retryable, error.persistence === "temporary", `retryable of ${error.code}`);
        ok(!error.retryable, `${error.code} is called retryable`);
      }
      if (t.harness.createVariant === undefined || t.harness.without["variant:outage"] !== undefined) return;
      const down = await t.createVariant("outage");
      for (const { name, call } of everyOperation(t).filter((one) =>
        ["get", "head", "listPage", "copy"].includes(one.name),
      )) {
        const error = await rejectsWith(
          ["Unavailable", "Timeout", "RateLimited"],
          () => call(down, { signal: t.signal }),
          name,
        );
        // Exhausted: a layer has tried again already, and given up.
        ok(
          error.persistence !== "permanent",
          `${error.code} of ${name} during an outage is called ${error.persistence}`,
        );
      }
    },
  }),
];

/** The fields of `StorageError.toJSON`. */
const JSON_FIELDS: ReadonlySet<string> = new Set(
  "name code message persistence provider operation key status requestId retryAfterMs applied hint".split(" "),
);

/** One error of every sort that needs no broken surroundings; all of them are the caller's own fault, or final. */
async function provokedErrors(t: CaseContext, body: string): Promise<readonly StorageError[]> {
  const { signal } = t;
  const provider: StorageProvider = t.provider;
  const key = t.key("provoked.txt");
  await provider.put(key, body, { signal });
  const { length } = body;
  return [
    await rejectsWith("NotFound", () => provider.get(t.key("missing"), { signal })),
    await rejectsWith("InvalidKey", () => provider.put("", body, { signal })),
    await rejectsWith("InvalidArgument", () => provider.listPage({ limit: 0, signal })),
    await rejectsWith("Aborted", () => provider.put(key, body, { signal: AbortSignal.abort() })),
    await rejectsWith(t.capabilities.range.bounded ? "InvalidRange" : "Unsupported", () =>
      provider.get(key, { range: { offset: length + 1 }, signal }),
    ),
  ];
}

async function* breakingKeys(key: string): AsyncGenerator<string> {
  await Promise.resolve();
  yield key;
  throw new TypeError("the source of the keys broke");
}
