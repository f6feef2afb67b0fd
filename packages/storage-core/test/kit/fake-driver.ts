import type { BodySource, DriverBody } from "../../src/contract/body.ts";
import type { Capabilities } from "../../src/contract/capabilities.ts";
import type { DriverGetResult, StorageDriver, Verdict } from "../../src/contract/driver.ts";
import type { ObjectInfo } from "../../src/contract/provider.ts";
import { noMultipart } from "../../src/kit/no-multipart.ts";
import { memoryCapabilities } from "../../src/memory/memory-capabilities.ts";

export const CAPABILITIES: Capabilities = memoryCapabilities({ minPartBytes: 1, versions: true });

/** What a driver of a real service throws, and how it is named. */
export class ServiceError extends Error {
  readonly verdict: Verdict | undefined;

  constructor(verdict?: Verdict) {
    super("<Error>secret-token</Error>");
    this.verdict = verdict;
  }
}

export const INFO: ObjectInfo = {
  key: "a",
  size: 10,
  etag: "e1",
  lastModified: new Date(0),
  metadata: {},
};

export interface FakeDriver extends StorageDriver {
  /** Every call that reached the driver, with its arguments. */
  readonly calls: readonly (readonly [string, ...unknown[]])[];
}

/** A driver that answers what a test says, and remembers what it was asked. */
export function fakeDriver(
  answers: Partial<Omit<StorageDriver, "capabilities">> & { readonly capabilities?: Partial<Capabilities> } = {},
): FakeDriver {
  const calls: [string, ...unknown[]][] = [];
  const recorded = <Arguments extends unknown[], Result>(name: string, run: (...given: Arguments) => Result) => {
    return (...given: Arguments): Result => {
      calls.push([name, ...given]);
      return run(...given);
    };
  };
  return {
    calls,
    name: "fake",
    bucket: "bucket",
    urlHosts: ["fake.invalid"],
    multipart: answers.multipart ?? noMultipart,
    capabilities: { ...CAPABILITIES, ...answers.capabilities },
    put: recorded(
      "put",
      answers.put ?? (async (key, body) => ({ key, size: (await drained(body)).length, etag: "e" })),
    ),
    get: recorded("get", answers.get ?? (async () => opened([new Uint8Array(10)]))),
    head: recorded("head", answers.head ?? (async (key) => ({ ...INFO, key }))),
    delete: recorded("delete", answers.delete ?? (async () => undefined)),
    deleteBatch: recorded("deleteBatch", answers.deleteBatch ?? (async (keys) => keys.map((key) => ({ key })))),
    copy: recorded("copy", answers.copy ?? (async (_from, to) => ({ key: to, size: 0, etag: "e" }))),
    listPage: recorded("listPage", answers.listPage ?? (async () => ({ entries: [] }))),
    presign: recorded(
      "presign",
      answers.presign ??
        (async ({ method }) => ({ method, url: "https://fake.invalid/", headers: {}, expiresAt: new Date(0) })),
    ),
    publicUrl: recorded("publicUrl", answers.publicUrl ?? ((key) => `https://fake.invalid/${key}`)),
    parseUrl: recorded("parseUrl", answers.parseUrl ?? (() => undefined)),
    check: recorded("check", answers.check ?? (async () => ({ ok: true, findings: [] }))),
    ensureBucket: recorded("ensureBucket", answers.ensureBucket ?? (async () => ({ existed: true, steps: [] }))),
    close: recorded("close", answers.close ?? (async () => undefined)),
    classify: (error) => (error instanceof ServiceError ? error.verdict : undefined),
  };
}

/** All bytes of a body, read as a driver reads them. */
export async function drained(body: BodySource): Promise<number[]> {
  if (body.kind === "bytes") return [...body.bytes];
  const bytes: number[] = [];
  for await (const chunk of body.open()) bytes.push(...chunk);
  return bytes;
}

/** An open object of these chunks; what it was asked to do is in `log`. */
export function opened(
  chunks: readonly (Uint8Array | Error | Promise<Uint8Array>)[],
  { length = 10, log = [], bytes }: { length?: number; log?: string[]; bytes?: () => Promise<Uint8Array> } = {},
): DriverGetResult {
  const body: DriverBody = {
    async *[Symbol.asyncIterator]() {
      for (const chunk of chunks) {
        if (chunk instanceof Error) throw chunk;
        yield await chunk;
      }
    },
    async cancel() {
      log.push("cancel");
    },
    ...(bytes === undefined ? {} : { bytes }),
  };
  return { info: { ...INFO, size: length }, range: { offset: 0, length }, body };
}
