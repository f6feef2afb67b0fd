import type { Harness, Variant } from "../../src/conformance/case.ts";
import type { Capabilities } from "../../src/contract/capabilities.ts";
import type { StorageProvider } from "../../src/contract/provider.ts";
import { StorageError, type StorageOperation } from "../../src/errors/storage-error.ts";
import { memory, memoryFetch, MemoryStore, type MemoryCall } from "../../src/memory/index.ts";

const BUCKET = "img";

export interface MemoryHarnessOptions {
  readonly name: string;
  /** What stands between the suite and memory. */
  readonly around?: (inner: StorageProvider) => StorageProvider;
  /** Abilities to take away. */
  readonly capabilities?: Partial<Capabilities>;
  /** Smallest part but the last, in bytes. */
  readonly minPartBytes?: number;
  /** The folder that `around` confines the provider to. */
  readonly folder?: string;
  readonly deviations?: Harness["deviations"];
  readonly without?: Harness["without"];
}

/** A harness over one store in memory, with every variant that memory can play. */
export function memoryHarness({
  name,
  around = (inner) => inner,
  capabilities,
  folder = "",
  minPartBytes = 64 * 1024,
  deviations,
  without,
}: MemoryHarnessOptions): Harness {
  const store = new MemoryStore();
  const provider = (onCall?: (call: MemoryCall) => void): StorageProvider =>
    around(
      memory({
        bucket: BUCKET,
        store,
        // S3's 5 MiB would only cost time here; the stress cases use them.
        minPartBytes,
        ...(capabilities === undefined ? {} : { capabilities }),
        ...(onCall === undefined ? {} : { onCall }),
      }),
    );
  return {
    name,
    createProvider: async () => provider(),
    createVariant: async (variant) => {
      if (variant === "missingBucket") return around(memory({ bucket: "no-such-bucket", store, bucketExists: false }));
      const trouble = TROUBLES[variant];
      return provider(({ operation }) => {
        const error = trouble(operation);
        if (error !== undefined) throw error;
      });
    },
    requests: () => store.requests,
    fetch: memoryFetch(store),
    without: { faults: "memory has no wire that could be disturbed", ...without },
    urls: urlsOf(folder),
    deviations,
    destroy: async () => {},
  };
}

const WRITES: ReadonlySet<StorageOperation> = new Set<StorageOperation>([
  "put",
  "delete",
  "deleteMany",
  "copy",
  "multipart.create",
  "multipart.uploadPart",
  "multipart.complete",
  "multipart.abort",
]);

/** What a service answers when this is wrong. */
const TROUBLES: Readonly<
  Record<Exclude<Variant, "missingBucket">, (operation: StorageOperation) => StorageError | undefined>
> = {
  wrongCredentials: () => new StorageError("Unauthenticated", "the credentials are not known", { status: 403 }),
  expiredCredentials: () => new StorageError("Unauthenticated", "the credentials have expired", { status: 400 }),
  forbidden: () => new StorageError("PermissionDenied", "the credentials may not do this", { status: 403 }),
  readOnly: (operation) =>
    WRITES.has(operation)
      ? new StorageError("PermissionDenied", "the credentials may not write", { status: 403 })
      : undefined,
  outage: () => new StorageError("Unavailable", "the service is down", { status: 503 }),
  wrongRegion: () =>
    new StorageError("InvalidConfig", "the bucket is somewhere else", {
      status: 301,
      hint: "Set region to the bucket's own.",
    }),
  skewedClock: () =>
    new StorageError("Unauthenticated", "the request is too old", {
      status: 403,
      hint: "Set the clock of this machine.",
    }),
};

/** Forms of URL that memory issues, for keys under this folder. */
function urlsOf(folder: string): Harness["urls"] {
  const path = encodeURIComponent(folder).replaceAll("%2F", "/");
  const base = `https://memory.invalid/${BUCKET}/${path}`;
  return {
    issued: [
      { url: `${base}a/b.png`, key: "a/b.png", kind: "public" },
      { url: `${base}a%20b%2Bc.png`, key: "a b+c.png", kind: "public" },
      { url: `${base}a.png?download=a.png`, key: "a.png", kind: "public" },
      { url: `${base}a.png?method=GET&expires=1700000000&token=c2lnbmVk`, key: "a.png", kind: "signed" },
    ],
    foreign: [
      `https://memory.example/${BUCKET}/${path}a.png`,
      `https://memory.invalid.example/${BUCKET}/${path}a.png`,
      `https://memory.invalid/img2/${path}a.png`,
      `https://memory.invalid/other/${path}a.png`,
      `ftp://memory.invalid/${BUCKET}/${path}a.png`,
      `memory.invalid/${BUCKET}/${path}a.png`,
      `https://memory.invalid:8443/${BUCKET}/${path}a.png`,
      `https://memory.invalid/${BUCKET}`,
      "https://memory.invalid/%zz/a.png",
      "",
      "not a url",
      ...(folder === "" ? [] : [`https://memory.invalid/${BUCKET}/a.png`, base]),
    ],
  };
}
